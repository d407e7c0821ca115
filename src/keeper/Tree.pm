# Who descends from whom, as /proc shows it, and how nothing of it is left: all are stopped until no new one is found, and then killed.
# Of a subreaper it is enough to look at its own children again and again, for whoever loses a parent becomes one.
package Tree;
use strict;

my $shows_children = -e "/proc/$$/task/$$/children";

# State, parent, group, session, start time and how many threads it has; nothing where there is no such process.
sub look_at {
    my ($pid) = @_;
    open my $file, '<:raw', "/proc/$pid/stat" or return;
    sysread $file, my $text, 4096 or return;
    # "pid (name) state ppid …", and the name may hold anything.
    my @fields = split ' ', substr $text, rindex($text, ')') + 2;
    return @fields[0, 1, 2, 3, 19, 17];
}

sub pids { opendir my $folder, '/proc' or return; return grep { /^\d+$/ } readdir $folder }

sub children {
    my ($pid) = @_;
    opendir my $tasks, "/proc/$pid/task" or return;
    my @children;
    for my $task (readdir $tasks) {
        next if $task =~ /^\./ || !open my $file, '<:raw', "/proc/$pid/task/$task/children";
        local $/;
        push @children, split ' ', <$file> // '';
    }
    return @children;
}

# All below a process, zombies too.
sub below {
    my @roots = @_;
    my (@found, $of);
    if (!$shows_children) {
        for my $pid (pids()) {
            my (undef, $parent) = look_at($pid) or next;
            push @{ $of->{$parent} }, $pid;
        }
    }
    my %seen;
    while (@roots) {
        my $pid = shift @roots;
        my @new = grep { !$seen{$_}++ } $of ? @{ $of->{$pid} // [] } : children($pid);
        push @found, @new;
        push @roots, @new;
    }
    return @found;
}

# Whose first thread has ended is shown as a zombie, and lives as long as another one does.
sub is_alive {
    my ($state, $threads) = (look_at($_[0]))[0, 5];
    return defined $state && ($state !~ /[ZX]/ || $threads > 1);
}

# Stops what is below until nothing new is found. What ends meanwhile is reaped, or a chain of forks would leave more zombies to look at
# than one look takes time.
sub freeze {
    my ($root, $reap) = @_;
    my %stopped;
    for (1 .. 20) {
        my @new = grep { !$stopped{$_} } below($root);
        last if !@new;
        for my $pid (@new) { $stopped{$pid} = 1; kill 'STOP', $pid }
        $reap->();
    }
    return keys %stopped;
}

# One pass: whom it killed. `$reap` reaps what has ended.
sub kill_below {
    my ($root, $reap) = @_;
    my @alive = grep { is_alive($_) } freeze($root, $reap);
    kill 'KILL', $_ for @alive;
    return @alive;
}

# Until this process, a subreaper, has no child any more; all are killed and reaped. Gives up after so many seconds: the kernel may hold
# one in a call, and one that is another user's by now is not ours to kill.
sub kill_all {
    my ($seconds) = @_;
    for my $round (0 .. $seconds * 500) {
        # Its children first: a warden that is stopped reaps nothing. Those that fork faster than that are stopped.
        if ($round % 50 == 5) { kill_below($$, \&reap_some) }
        else { kill 'KILL', own_children() }
        return if !reap_some();
        select undef, undef, undef, 0.002;
    }
}

# Whether any child is left. Not all at once: a chain of forks may end faster than it can be reaped.
sub reap_some {
    my $reaped = 1;
    for (1 .. 1000) { last if ($reaped = waitpid -1, 1) <= 0 }
    return $reaped >= 0;
}

# Where the kernel does not list them, everybody is asked for a parent.
sub own_children { return $shows_children ? children($$) : grep { ((look_at($_))[1] // 0) == $$ } pids() }

1;
