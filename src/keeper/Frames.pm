# What keeper and runner, and keeper and warden, say to each other: a frame is its length (32 bits, little end first), and then fields,
# each with its length before it in the same way. Fields are bytes.
package Frames;
use strict;

sub encode { my $body = pack '(V/a*)*', @_; return pack('V', length $body) . $body }

# Takes all whole frames off the front of a buffer, each as a list of its fields.
sub take {
    my ($buffer) = @_;
    my @frames;
    my $at = 0;
    while (length($$buffer) - $at >= 4) {
        my $length = unpack 'V', substr $$buffer, $at, 4;
        last if length($$buffer) - $at - 4 < $length;
        push @frames, [unpack '(V/a*)*', substr $$buffer, $at + 4, $length];
        $at += 4 + $length;
    }
    substr $$buffer, 0, $at, '';
    return @frames;
}

1;
