# The process that a warden starts, signals, reaps, and empties: it, and all that is below it. The keeper reaps by it, too, and the canary
# is let loose in a cgroup by it.
package Processes;
use strict;

# The run's; undefined for a warden.
our $cgroup;
# The record of starts.
our $starts;
# Number → what is known of it; the pid of a leader that is not reaped yet → the same.
our (%processes, %of_pid);
# Of these, those whose leader has ended, and which are not empty.
my %lingering;
# Number → the reading ends of its pipes, for the runner.
my %untaken;
# Orders to be tried again.
my @put_off;
# Whether this process has no child at all.
my $childless = 0;
my $signals;
# A chain of forks may end faster than it can be reaped, and others have to be heard in between.
my $most_reaped = 1000;
my $more_to_reap = 0;
# By pid: told the status of a child that is no process of the run's.
our %others;

my $most_tries = 20;
my $between_tries = 0.05;
my $between_passes = 0.002;
my $between_looks = 0.01;
my $most_passes = 2500;

sub begin {
    Linux::block_sigchld();
    open $signals, '<&=', Linux::child_signals() or die "no signals can be waited for: $!";
    Loop::watch(fileno $signals, \&reap);
}

# In a fork.
sub forget { (%processes, %of_pid, %lingering, %untaken, %others, @put_off) = (); $childless = $more_to_reap = 0; Loop::watch(fileno $signals, \&reap) }

# One turn of the loop, and what is due after it.
sub serve {
    my ($seconds) = @_;
    my @killing = grep { $_->{killing} } values %lingering;
    my $read = Loop::turn(
        $more_to_reap ? 0 : @killing ? $between_passes : %lingering ? $between_looks : @put_off ? $between_tries : $seconds);
    reap() if $more_to_reap;
    if (!$read && @put_off) { start($_) for splice @put_off }
    kill_once($_) for @killing;
    # The kernel takes the last one out of its cgroup a little after it was reaped.
    settle($_) for values %lingering;
    Loop::flush();
    return $read;
}

sub order_of {
    my ($number, $name, $cwd, $terminal, $stdin, $stdout, $stderr, $count, @words) = @_;
    my @argv = splice @words, 0, $count;
    return {
        number => $number, name => $name, cwd => $cwd, terminal => $terminal, streams => [$stdin, $stdout, $stderr],
        argv => \@argv, env => \@words, tries => 0, become => \&Program::become,
    };
}

sub start {
    my ($order) = @_;
    if ($cgroup) { $order->{place} //= $cgroup->place // return put_off($order, 'cgroup') }
    my $modes = $order->{terminal} ? Linux::terminal_modes() : undef;
    pipe my $complaints, my $complain or return put_off($order, 'pipe');
    my $pipes = $order->{pipes} = {};
    for my $target (grep { ($order->{streams}[$_] // '') eq '*' } 1, 2) {
        pipe my $read, my $write or return put_off($order, 'pipe');
        $pipes->{$target} = { read => $read, write => $write };
    }
    my $parent = $$;
    my $pid = fork // return put_off($order, 'fork');
    if ($pid == 0) {
        $order->{become}->($order, $parent, fileno $starts, fileno STDOUT, $complain);
        Linux::exit_now(127);
    }
    my $process = {
        number => $order->{number}, pid => $pid, place => $order->{place}, terminal => $order->{terminal},
        modes => $modes, complaints => $complaints, reads => { map { $_ => $pipes->{$_}{read} } keys %$pipes },
    };
    delete $order->{pipes};
    $processes{ $process->{number} } = $of_pid{$pid} = $process;
    $childless = 0;
    Loop::watch(fileno $complaints, sub { launched($process) });
    Loop::say_frame('opening', $order->{number}) if Program::may_wait($order);
}

# The system lacks something that others may soon give back.
sub put_off {
    my ($order, $step) = @_;
    my $error = $! + 0;
    return push @put_off, $order if $order->{tries}++ < $most_tries;
    never_start($order, $step, $error);
}

sub never_start {
    my ($order, $step, $error) = @_;
    Loop::say_frame('failed', $order->{number}, $step, $error);
    released($order);
}

# It executes by now, or has said why it cannot.
sub launched {
    my ($process) = @_;
    my $complaints = delete $process->{complaints};
    Loop::unwatch(fileno $complaints);
    sysread $complaints, my $complaint, 100;
    if ($complaint eq '') {
        my $reads = delete $process->{reads};
        $untaken{ $process->{number} } = $reads if %$reads;
        my @ends = map { $reads->{$_} ? fileno $reads->{$_} : '' } 1, 2;
        return Loop::say_frame('started', $process->{number}, $process->{pid}, $$, @ends);
    }
    $process->{failed} = 1;
    Loop::say_frame('failed', $process->{number}, split / /, $complaint);
}

sub reap {
    sysread $signals, my $_what, 128 * 16;
    my ($pid, $count) = (0, 0);
    # WNOHANG; and WUNTRACED, where there are wardens.
    my $flags = Wardens::any() ? 3 : 1;
    while ($count++ < $most_reaped && ($pid = waitpid -1, $flags) > 0) { Wardens::wake($pid) or ended($pid, $?) }
    $more_to_reap = $pid > 0;
    $childless = $pid < 0;
    settle($_) for values %lingering;
}

sub ended {
    my ($pid, $status) = @_;
    if (my $told = delete $others{$pid}) { return $told->($status) }
    my $process = delete $of_pid{$pid} or return;
    launched($process) if $process->{complaints};
    $process->{status} = $status;
    $lingering{ $process->{number} } = $process;
    Linux::pass_terminal(getpgrp, $process->{modes}) if $process->{terminal};
}

sub is_empty { my ($process) = @_; return $process->{place} ? Cgroup::is_empty($process->{place}) : $childless }

sub members { my ($process) = @_; return $process->{place} ? Cgroup::members($process->{place}) : Tree::below($$) }

# Its leader has ended: says so, and later that nothing of it is left.
sub settle {
    my ($process) = @_;
    my $number = $process->{number};
    my $empty = is_empty($process);
    if ($process->{failed}) { $process->{killing} //= {} if !$empty }
    elsif (!$process->{told}++) { Loop::say_frame('exited', $number, $process->{status}, $empty ? 1 : 0) }
    elsif ($empty) { Loop::say_frame('emptied', $number, keys %{ $process->{killing} // {} }) }
    finish($process) if $empty;
}

sub finish {
    my ($process) = @_;
    delete $lingering{ $process->{number} };
    delete $processes{ $process->{number} };
    released($process);
}

sub released {
    my ($it) = @_;
    $cgroup->give_back($it->{place}) if $it->{place};
    Loop::say_frame('idle', $it->{number}) if !$cgroup && !$untaken{ $it->{number} };
}

# The runner has one, or cannot open it. Whose process has ended by then has only waited for that.
sub took {
    my ($number, $stream) = @_;
    my $reads = $untaken{$number} or return;
    delete $reads->{$stream};
    return if %$reads;
    delete $untaken{$number};
    Loop::say_frame('idle', $number) if !$cgroup && !$processes{$number};
}

# To its group, or to all of its tree. Nobody gets it twice, and nobody whose number has gone to a stranger.
sub signal {
    my ($process, $signal, $scope) = @_;
    my $leads = exists $of_pid{ $process->{pid} };
    kill $signal, -$process->{pid} if $leads;
    return if $scope ne 'tree';
    for my $pid (members($process)) {
        my ($state, undef, $group) = Tree::look_at($pid);
        kill $signal, $pid if defined $state && !($leads && $group == $process->{pid});
    }
}

# It has the terminal, and lost it while it was stopped.
sub foreground {
    my ($process) = @_;
    return if !exists $of_pid{ $process->{pid} };
    Linux::pass_terminal($process->{pid});
    kill 'CONT', -$process->{pid};
}

# Before it is the program.
sub cancel {
    my ($number) = @_;
    never_start($_, 'cancel', 0) for grep { $_->{number} == $number } @put_off;
    @put_off = grep { $_->{number} != $number } @put_off;
    my $process = $processes{$number} or return;
    kill 'KILL', $process->{pid} if $process->{complaints};
}

sub empty { my ($process) = @_; $process->{killing} //= {}; kill_once($process) }

# One pass of several, until it is empty.
sub kill_once {
    my ($process) = @_;
    my $killing = $process->{killing};
    $killing->{$_} = 1 for grep { Tree::is_alive($_) } members($process);
    if ($process->{place}) { Cgroup::kill_members($process->{place}) }
    # Of a chain of forks these are others again.
    else { $killing->{$_} = 1 for Tree::kill_below($$, \&reap) }
    # The kernel holds one, or it is another user's by now: the run must not wait for it for ever.
    return if ++$process->{passes} < $most_passes;
    Loop::say_frame('emptied', $process->{number}, keys %{ $process->{killing} });
    delete $lingering{ $process->{number} };
    delete $processes{ $process->{number} };
}

1;
