#!/usr/bin/perl
# The keeper of a run: a small process beside the runner that starts what the pipeline declares, reaps it, and leaves nothing of it
# behind, however the runner ends. Each process is under a warden, and each warden in a cgroup where there are such. PROTOCOL.md says what the keeper is told and
# what it answers.
use strict;
$^W = 1;

my ($home) = $0 =~ m{^(.*)/} ? $1 : '.';
require "$home/$_.pm" for qw(Linux Frames Loop Tree Cgroup Program Processes Wardens Canary);

# The folder is the run's own, and goes with it. What is allowed is `cgroup`, or only `subreaper`.
my ($run, $folder, $allowed) = @ARGV;
# Pid → start time, of what must not outlive the runner.
my %guarded;
my $heard = '';

prepare();
try_out($allowed);
while (1) { Processes::serve(Wardens::patience()) or Wardens::try_again() }

# ── beginning ──

sub prepare {
    close_inherited();
    $SIG{$_} = sub { } for @Program::unheard;
    # Perl ignores it by itself.
    $SIG{FPE} = 'DEFAULT';
    ($Loop::outlet, $Loop::on_gone) = (*STDOUT, \&end_alone);
    unfit('it does not know the system calls of this machine') if !$Linux::known;
    unfit('it cannot become a subreaper') if !Linux::become_subreaper();
    open $Processes::starts, '>>:raw', "$folder/starts" or unfit("no file can be made in $folder: $!");
    Processes::begin();
    Loop::watch(fileno STDIN, sub { hear(*STDIN) });
}

sub close_inherited {
    opendir my $open, '/proc/self/fd' or return;
    Linux::close_fd($_) for grep { $_ > 2 } map { $_ + 0 } grep { /^\d+$/ } readdir $open;
}

# Nothing of the run was started.
sub unfit { Loop::say_frame('unfit', $_[0]); Loop::flush(); exit 0 }

# A throwaway fork proves a way of containment before it is used.
sub try_out {
    my ($tier, @lost) = @_;
    if ($tier eq 'cgroup') {
        ($Processes::cgroup, my $why) = Cgroup::make("forkline-$run");
        return try_out('subreaper', @lost, "cgroup: $why") if !$Processes::cgroup;
        note('cgroup', $Processes::cgroup->path);
    }
    my $pid = fork // unfit("no canary could be forked: $!");
    if ($pid == 0) {
        my $cgroup = $Processes::cgroup && $Processes::cgroup->path;
        forget();
        Linux::exit_now(Canary::judge($cgroup));
    }
    $Processes::others{$pid} = sub {
        my ($status) = @_;
        return Loop::say_frame('ready', $tier, $Processes::cgroup ? $Processes::cgroup->path : '', @lost) if $status == 0;
        my $error = local $! = ($status >> 8) - 64;
        push @lost, "$tier: " . ($error > 0 ? "no canary could be forked: $!" : "the canary got away ($status)");
        $Processes::cgroup->remove if $Processes::cgroup;
        undef $Processes::cgroup;
        return $tier eq 'cgroup' ? try_out('subreaper', @lost) : unfit(join '; ', @lost);
    };
}

# For a sweep after a crash.
sub note {
    my ($what, $text) = @_;
    open my $file, '>:raw', "$folder/$what" or return;
    syswrite $file, "$text\n";
}

# A fork has nothing to do with what the keeper keeps.
sub forget {
    Linux::become_subreaper();
    Loop::forget();
    Wardens::forget();
    Processes::forget();
    undef $Processes::cgroup;
    %guarded = ();
    $heard = '';
}

sub serve_as_warden {
    my ($socket, $place) = @_;
    # It, and so all that it will start.
    Linux::exit_now(1) if $place && !Cgroup::enter($place);
    forget();
    ($Loop::outlet, $Loop::on_gone) = ($socket, \&end_as_warden);
    open STDIN, '<', '/dev/null';
    Loop::watch(fileno $socket, sub { hear($socket) });
    Processes::serve() while 1;
}

# ── what it is told ──

sub hear {
    my ($inlet) = @_;
    my $count = sysread $inlet, $heard, 1 << 20, length $heard;
    return if !defined $count && $! == Linux::EINTR();
    return $Loop::on_gone->() if !$count;
    obey(@$_) for Frames::take(\$heard);
}

sub obey {
    my ($word, @rest) = @_;
    if    ($word eq 'spawn') { spawn(@rest) }
    elsif ($word eq 'fifos') { make_fifos(@rest) }
    elsif ($word eq 'guard') { $guarded{ $rest[0] } = (Tree::look_at($rest[0]))[4] }
    elsif ($word eq 'end')   { end() }
    elsif (Wardens::tell($rest[0], @_)) { }
    elsif ($word eq 'cancel') { Processes::cancel($rest[0]) }
    elsif ($word eq 'took' || $word eq 'untaken') { Processes::took(@rest) }
    elsif (my $process = $Processes::processes{ $rest[0] }) {
        if    ($word eq 'signal') { Processes::signal($process, $rest[1] + 0, $rest[2]) }
        elsif ($word eq 'empty')  { Processes::empty($process) }
        elsif ($word eq 'foreground') { Processes::foreground($process) }
    }
}

sub spawn {
    my ($number) = @_;
    my $is_warden = $Loop::outlet ne *STDOUT;
    return $is_warden ? Processes::start(Processes::order_of(@_)) : Wardens::assign($number, ['spawn', @_]);
}

sub make_fifos {
    my $error = 0;
    for (@_) { $error ||= $! + 0 if Linux::make_fifo($_) < 0 }
    Loop::say_frame('fifos', $error);
}

# ── the end ──

# Whatever is left is killed.
sub end {
    my @killed = grep { !Wardens::is_warden($_) && Tree::is_alive($_) } Tree::below($$);
    kill_the_run(5);
    Loop::say_frame('ended', @killed);
    Loop::flush();
    exit 0;
}

# The runner is gone, and nobody else takes anything away.
sub end_alone {
    for my $pid (keys %guarded) {
        my $started = (Tree::look_at($pid))[4];
        kill 'KILL', $pid if defined $started && $started eq $guarded{$pid};
    }
    kill_the_run(30);
    remove($folder);
    exit 0;
}

sub end_as_warden { Tree::kill_all(30); Linux::exit_now(0) }

# A cgroup is killed at a stroke, by the kernel; what has left it descends from here all the same.
sub kill_the_run {
    my ($seconds) = @_;
    my $cgroup = $Processes::cgroup;
    Cgroup::kill_members($cgroup->path) if $cgroup;
    Tree::kill_all($seconds);
    $cgroup->remove if $cgroup;
}

sub remove {
    my ($path) = @_;
    if (-d $path && !-l $path && opendir my $inside, $path) {
        for my $name (readdir $inside) { remove("$path/$name") if $name !~ /^\.\.?$/ }
        return rmdir $path;
    }
    return unlink $path;
}
