# The forked child on its way to being the program: leads a session of its own, enters its cgroup, writes down that it starts, lays its
# streams, and executes, with exactly these bytes and without a shell. Where a step fails it says which and why, and is gone.
package Program;
use strict;

# What a keeper must not hear. It catches them and does nothing: what is caught, other than what is ignored, is as it was in whatever is
# executed.
our @unheard = qw(INT TERM HUP QUIT TSTP TTIN TTOU PIPE USR1 USR2 ALRM);

my %flags = (
    '<' => 0,
    '>' => Linux::O_WRONLY | Linux::O_CREAT | Linux::O_TRUNC,
    '+' => Linux::O_WRONLY | Linux::O_CREAT | Linux::O_APPEND,
    # A pipe that is there.
    '|' => Linux::O_WRONLY,
    '=' => Linux::O_RDWR,
);

# Never comes back. `$parent` forked it; `$starts` is the record of starts; `$lifeline` can be read once the runner is no more.
sub become {
    my ($order, $parent, $starts, $lifeline, $complaints) = @_;
    my $fail = sub {
        my ($step, $number) = @_;
        syswrite $complaints, "$step $number";
        Linux::exit_now(127);
    };
    my ($cwd, $terminal, $place) = @$order{qw(cwd terminal place)};
    my @fds;
    if ($terminal) { Linux::lead_group() } else { Linux::setsid() }
    Linux::die_with_parent();
    Linux::exit_now(127) if getppid() != $parent;
    if ($place) { Cgroup::enter($place) or $fail->('cgroup', $! + 0) }
    chdir $cwd or $fail->('cwd', $! + 0);
    for my $target (0 .. 2) {
        my ($how, $path) = ($order->{streams}[$target] || '</dev/null') =~ /^(.)(.*)$/s;
        if ($how eq '*') { push @fds, fileno $order->{pipes}{$target}{write}; next }
        if ($how eq ':') {
            push @fds, Linux::file_of($path);
            $fail->($target, $! + 0) if $fds[-1] < 0;
            next;
        }
        # One end of a pipe must not wait for the other; what is read or written afterwards may.
        my $is_pipe = $how eq '|' || $path =~ m{^/proc/\d+/fd/};
        my $fd = Linux::open_fd($path, $flags{$how} | Linux::O_NOCTTY | ($is_pipe ? Linux::O_NONBLOCK : 0));
        $fail->($target, $! + 0) if $fd < 0;
        Linux::wait_in_reads($fd) if $is_pipe;
        push @fds, $fd;
    }
    Linux::give_terminal($fds[0], $$) if $terminal;
    # One write, of what /proc says of it: its pid, and when it was started.
    Linux::write_fd($starts, Linux::read_file("/proc/$$/stat")) > 0 or $fail->('record', $! + 0);
    Linux::unblock_all();
    # From here on nothing can start that nobody knows of; and nothing does for a runner that is gone.
    Linux::exit_now(127) if is_readable($lifeline) || getppid() != $parent;
    Linux::dup_onto($fds[$_], $_) for 0 .. 2;
    $fail->('exec', execute(@$order{qw(argv env)}));
}

# Whether to open its streams may take until somebody else opens the other end.
sub may_wait {
    my ($order) = @_;
    # Of what the runner has open nobody waits for the other end.
    return scalar grep { !m{^(?:[*|:]|./dev/null\z|./proc/|\z)}s } @{ $order->{streams} // [] };
}

sub is_readable {
    my ($fd) = @_;
    vec(my $ready = '', $fd, 1) = 1;
    return select($ready, undef, undef, 0) > 0;
}

# Looks for the program as a shell does. Answers the number of the error.
sub execute {
    my ($argv, $env) = @_;
    my $name = $argv->[0];
    return 2 if $name eq '';
    if (index($name, '/') >= 0) {
        Linux::execute($name, $argv, $env);
        return $! + 0;
    }
    my ($path) = map { /^PATH=(.*)$/s ? $1 : () } @$env;
    my $error = 2;
    for my $folder (split /:/, $path // '/usr/local/bin:/usr/bin:/bin', -1) {
        my $file = ($folder eq '' ? '.' : $folder) . "/$name";
        # To ask first costs less than to try in vain.
        if (!-e $file) { $error = 13 if $! == 13; next }
        Linux::execute($file, $argv, $env);
        my $number = $! + 0;
        # ENOENT, ENOTDIR: on to the next; EACCES: remembered.
        if ($number == 13) { $error = 13 }
        elsif ($number != 2 && $number != 20) { return $number }
    }
    return $error;
}

1;
