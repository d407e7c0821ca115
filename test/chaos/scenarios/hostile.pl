#!/usr/bin/perl
# A program that does all it can not to be found again: `hostile.pl REGISTRY WAYS`. Each letter of WAYS is one way to get away, taken
# in this order; without any it stays where it was started. Each process of it says in the registry that it is there, so that
# nobody has to find it to know whether it still is.
#
#   d  forks, and its leader exits       s  leads a session of its own        c  closes all its files
#   e  empties its environment           i  ignores what can be ignored       n  takes another name
#   h  forks on and on, each parent exiting (200 times)      b  forks a crowd of thirty
#   t  stops itself                      k  kills its parent                  o  keeps stdout open, and writes to it for ever
use strict;
use POSIX ();

my ($registry, $ways) = @ARGV;
my %way = map { $_ => 1 } split //, $ways // '';
# What empties its environment goes on from here.
my $again = $way{E};

if (!$again) {
    enter();
    leave() if $way{d};
    POSIX::setsid() if $way{s};
    leave() if $way{d};
    if ($way{e}) {
        my @rest = ($^X, $0, $registry, join '', 'E', grep { !/[dse]/ } sort keys %way);
        %ENV = ();
        exec @rest;
    }
}
if ($way{i}) { $SIG{$_} = 'IGNORE' for qw(HUP INT QUIT TERM USR1 USR2 ALRM PIPE TSTP TTIN TTOU) }
$0 = '[kworker/0:1]' if $way{n};
if ($way{c}) { POSIX::close($_) for 0 .. 63 }
if ($way{h}) { for (1 .. 200) { leave(); select undef, undef, undef, 0.002 } }
if ($way{b}) { for (1 .. 30) { my $pid = fork // last; if (!$pid) { enter(); last } } }
enter();
kill 'KILL', getppid() if $way{k} && getppid() > 1;
kill 'STOP', $$ if $way{t};
if ($way{o}) { $| = 1; while (1) { print "still here\n" or last; select undef, undef, undef, 0.05 } }
sleep 600;

# The child goes on, the parent ends.
sub leave {
    my $pid = fork // return;
    POSIX::_exit(0) if $pid;
    enter();
}

sub enter {
    open my $stat, '<', "/proc/$$/stat" or return;
    my ($after) = <$stat> =~ /^.*\) (.*)$/;
    open my $file, '>>', $registry or return;
    syswrite $file, "$$ " . (split / /, $after)[19] . "\n";
}
