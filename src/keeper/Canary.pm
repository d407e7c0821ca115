# A process that does all it can to get away: it forks twice, leads a session of its own, empties its environment, closes its files and
# ignores SIGTERM. A way of containment is used only after it has been seen to catch one, in a fork of the keeper that is thrown away.
package Canary;
use strict;

my $most_turns = 400;
# Why it could not be forked, if it could not.
my $forkless = 0;

# `$parent`: the cgroup of the run, where there is one. Answers the exit code of the throwaway: 0 where both were caught, what a process left behind, and what a run did;
# above 64 it is the error by which it could not be forked.
sub judge {
    my ($parent) = @_;
    my @said;
    local $Loop::sink = sub { push @said, [@_] };
    # As a warden keeps one, and then as a cgroup does.
    my $verdict = caught(\@said);
    if ($parent && $verdict == 0) {
        $Processes::cgroup = (Cgroup::make('canary', $parent))[0] // return 1;
        $verdict = caught(\@said);
        Tree::kill_all(2);
        $Processes::cgroup->remove;
    }
    Tree::kill_all(2);
    return $forkless ? 64 + $forkless : $verdict;
}

sub caught {
    my ($said) = @_;
    return 2 if !caught_with_its_leader($said);
    return caught_with_the_run($said) ? 0 : 3;
}

sub caught_with_its_leader {
    my ($said) = @_;
    my $bird = release(1, $said) // return 0;
    Processes::empty($Processes::processes{1} // return 0);
    wait_for($said, 'emptied') or return 0;
    return !Tree::is_alive($bird);
}

sub caught_with_the_run {
    my ($said) = @_;
    my $bird = release(2, $said) // return 0;
    main::kill_the_run(2);
    return !Tree::is_alive($bird);
}

# Its pid, once its leader has ended and it is known that something is left.
sub release {
    my ($number, $said) = @_;
    @$said = ();
    pipe my $hear, my $tell or return;
    Processes::start({ number => $number, tries => 0, become => sub { fly($_[0], $tell) } });
    close $tell;
    my $told = wait_for($said, 'exited', 'failed') or return;
    $forkless = $told->[3] if $told->[0] eq 'failed' && $told->[2] eq 'fork';
    return if $told->[0] eq 'failed';
    sysread $hear, my $bird, 20;
    $forkless = -$bird if ($bird || 0) < 0;
    return $told->[3] || ($bird || 0) <= 0 ? undef : $bird + 0;
}

sub wait_for {
    my ($said, @words) = @_;
    for (1 .. $most_turns) {
        my ($found) = grep { my $frame = $_; grep { $frame->[0] eq $_ } @words } @$said;
        return $found if $found;
        Processes::serve(0.01);
    }
    return;
}

sub fly {
    my ($order, $tell) = @_;
    Linux::setsid();
    if ($order->{place}) { Cgroup::enter($order->{place}) or return }
    my $pid = fork // return syswrite $tell, -($! + 0);
    if ($pid) { waitpid $pid, 0; Linux::exit_now(0) }
    Linux::setsid();
    $pid = fork // return syswrite $tell, -($! + 0);
    Linux::exit_now(0) if $pid;
    $SIG{TERM} = 'IGNORE';
    Linux::unblock_all();
    syswrite $tell, $$;
    Linux::close_fd($_) for 0 .. 63;
    Linux::execute($_, ['sleep', '600'], []) for '/bin/sleep', '/usr/bin/sleep';
    sleep 600;
}

1;
