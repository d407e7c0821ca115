# Who descends from whom, as /proc shows it, and how nothing of it is left: all are stopped until no new one is found, and then killed.
# Of a subreaper it is enough to look at its own children again and again, for whoever loses a parent becomes one.
package Tree;
use strict;

my $shows_children = -e "/proc/$$/task/$$/children";

# State, parent, group, session and start time; nothing where there is no such process.
sub look_at {
    my ($pid) = @_;
    open my $file, '<:raw', "/proc/$pid/stat" or return;
    sysread $file, my $text, 4096 or return;
    # "pid (name) state ppid …", and the name may hold anything.
    my @fields = split ' ', substr $text, rindex($text, ')') + 2;
    return @fields[0, 1, 2, 3, 19];
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

sub is_alive { my ($state) = look_at($_[0]); return defined $state && $state !~ /[ZX]/ }

# Stops what is below until nothing new is found, but for those that are spared.
sub freeze {
    my ($root, %spared) = @_;
    my %stopped;
    for (1 .. 20) {
        my @new = grep { !$stopped{$_} && !$spared{$_} } below($root);
        last if !@new;
        for my $pid (@new) { $stopped{$pid} = 1; kill 'STOP', $pid }
    }
    return keys %stopped;
}

# One pass: whom it killed.
sub kill_below {
    my ($root) = @_;
    my @alive = grep { is_alive($_) } freeze($root);
    kill 'KILL', $_ for @alive;
    return @alive;
}

# Until this process, a subreaper, has no child any more; all are killed and reaped. Gives up after so many seconds: the kernel may hold
# one in a call, and one that is another user's by now is not ours to kill. Answers whom it killed, by pid.
sub kill_all {
    my ($seconds) = @_;
    my %killed;
    for my $round (0 .. $seconds * 500) {
        my $reaped;
        while (($reaped = waitpid -1, 1) > 0) { }
        return keys %killed if $reaped < 0;
        my @now = $round % 50 == 0 ? kill_below($$) : grep { is_alive($_) } own_children();
        for my $pid (@now) { $killed{$pid} = 1; kill 'KILL', $pid }
        select undef, undef, undef, 0.002;
    }
    return keys %killed;
}

# At least its own children.
sub own_children { return $shows_children ? children($$) : below($$) }

1;
