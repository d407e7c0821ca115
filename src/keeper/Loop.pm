# The loop of a keeper or warden: waits until a descriptor can be read, and hands on what is to be said. Nobody wakes up for nothing.
package Loop;
use strict;

my ($watched, @handlers) = ('');
my $said = '';
# Where frames go, and who is told when nobody takes them any more.
our ($outlet, $on_gone);
# Takes frames in place of the outlet.
our $sink;

sub forget { ($watched, @handlers) = (''); $said = '' }

sub watch { my ($fd, $handler) = @_; vec($watched, $fd, 1) = 1; $handlers[$fd] = $handler }

sub unwatch { my ($fd) = @_; vec($watched, $fd, 1) = 0; undef $handlers[$fd] }

# Answers whether anything could be read within so many seconds; without them it waits for as long as it takes.
sub turn {
    my ($seconds) = @_;
    my $ready = $watched;
    return 0 if select($ready, undef, undef, $seconds) < 1;
    my $bits = unpack 'b*', $ready;
    while ($bits =~ /1/g) {
        my $handler = $handlers[pos($bits) - 1];
        $handler->() if $handler;
    }
    return 1;
}

sub say_frame { if ($sink) { $sink->(@_) } else { $said .= Frames::encode(@_) } }

sub flush {
    while ($said ne '') {
        my $written = syswrite $outlet, $said;
        if (defined $written) { substr $said, 0, $written, '' }
        elsif ($! != Linux::EINTR()) { $on_gone->() }
    }
}

1;
