# Each process has a warden: a fork of the keeper that is a subreaper itself and keeps that process alone, so that whatever the process leaves
# running becomes the warden's child and nobody else's. One that has done its work waits for the next. Where there are cgroups a warden is in
# one of its own, and so is what it starts, without having to move there each time.
package Wardens;
use strict;

# Number of a process → its warden.
our %of;
my @idle;
my %all;

my $most_idle = 16;
# Of many that are to be started at once, the first have often ended before the last could be: their wardens are free for these.
my $most_starting = 8;
my $starting = 0;
# Each: a number, the order to start it, and what it was told since.
my @waiting;
# How often the first of these was tried in vain.
my $tries = 0;
my $most_tries = 20;
my $between_tries = 0.05;

sub forget { (%of, %all, @idle, @waiting) = (); $starting = $tries = 0 }

sub is_warden { return exists $all{ $_[0] } }

sub any { return scalar %all }

# A program may stop its parent, which then would look after nothing any more. Whether it was a warden, and is there.
sub wake { my ($pid) = @_; return $all{$pid} && kill 'CONT', $pid }

sub assign { push @waiting, [@_]; start_those_that_wait() if @waiting == 1 }

sub start_those_that_wait {
    while (@waiting && $starting < $most_starting) {
        my ($number, @orders) = @{ $waiting[0] };
        if (my $warden = pop @idle // hire()) {
            @$warden{qw(number started exited done under_way)} = ($number, 0, 0, 0, 0);
            $of{$number} = $warden;
            $starting++;
            pass_on($warden, @$_) for @orders;
        } else {
            # The system lacks something that others may soon give back.
            return if $tries < $most_tries;
            Loop::say_frame('failed', $number, 'fork', $! + 0);
        }
        $tries = 0;
        shift @waiting;
    }
}

# After how many seconds it is to be tried again; undefined where that waits for something else.
sub patience { return @waiting && $starting < $most_starting ? $between_tries : undef }

sub try_again {
    return if !defined patience();
    $tries++;
    start_those_that_wait();
    Loop::flush();
}

# Whether anybody keeps that one, or would have.
sub tell {
    my ($number, @order) = @_;
    if (my $warden = $of{$number}) { return pass_on($warden, @order) }
    my $at = 0;
    $at++ while $at < @waiting && $waiting[$at][0] != $number;
    return 0 if $at == @waiting;
    return push @{ $waiting[$at] }, [@order] if $order[0] ne 'cancel';
    splice @waiting, $at, 1;
    $tries = 0 if $at == 0;
    Loop::say_frame('failed', $number, 'cancel', 0);
    return 1;
}

# That one is on its way, or will never be.
sub started {
    my ($warden) = @_;
    return if $warden->{under_way}++;
    $starting--;
    start_those_that_wait();
}

sub pass_on { my ($warden, @frame) = @_; syswrite $warden->{socket}, Frames::encode(@frame) }

sub hire {
    socketpair my $ours, my $theirs, 1, 1, 0 or return;
    my $place = $Processes::cgroup && ($Processes::cgroup->place // return);
    my $pid = fork;
    if (!defined $pid) {
        $Processes::cgroup->give_back($place) if $place;
        return;
    }
    if ($pid == 0) {
        close $ours;
        main::serve_as_warden($theirs, $place);
    }
    my $warden = { pid => $pid, socket => $ours, heard => '' };
    $all{$pid} = $warden;
    Loop::watch(fileno $ours, sub { hear($warden) });
    return $warden;
}

sub hear {
    my ($warden) = @_;
    my $count = sysread $warden->{socket}, $warden->{heard}, 1 << 16, length $warden->{heard};
    return if !defined $count && $! == Linux::EINTR();
    return lost($warden) if !$count;
    for my $frame (Frames::take(\$warden->{heard})) {
        my ($word) = @$frame;
        if ($word eq 'idle') { dismiss($warden); started($warden); next }
        # It may wait for one that has yet to be started.
        if ($word eq 'opening') { started($warden); next }
        $warden->{$word} = 1;
        $warden->{done} = 1 if $word =~ /^(?:failed|emptied)$/ || $word eq 'exited' && $frame->[3];
        Loop::say_frame(@$frame);
        started($warden) if $word eq 'exited' || $word eq 'failed';
    }
    # Whoever has not ended by now will run for a while.
    started($warden) if $warden->{started};
}

sub dismiss {
    my ($warden) = @_;
    delete $of{ delete $warden->{number} };
    return push @idle, $warden if @idle < $most_idle;
    leave($warden);
}

sub leave {
    my ($warden) = @_;
    Loop::unwatch(fileno $warden->{socket});
    delete $all{ $warden->{pid} };
    close $warden->{socket};
}

# Somebody killed it. What it kept is the keeper's now: neither another warden's nor anybody's that is to live.
sub lost {
    my ($warden) = @_;
    leave($warden);
    @idle = grep { $_ != $warden } @idle;
    my $number = delete $warden->{number} // return;
    delete $of{$number};
    kill_strays();
    started($warden);
    return if $warden->{done};
    return Loop::say_frame('failed', $number, 'warden', 0) if !$warden->{started};
    return Loop::say_frame('emptied', $number) if $warden->{exited};
    Loop::say_frame('exited', $number, 9, 1);
}

# The warden too. Nobody is gone who can still be reaped: what he leaves comes after him.
sub kill_strays {
    for my $pass (1 .. 1000) {
        my @strays = grep { !$all{$_} && !$Processes::others{$_} } Tree::own_children();
        return if !@strays;
        kill 'KILL', $_ for @strays;
        select undef, undef, undef, 0.002;
        Processes::reap();
    }
}

1;
