# A client in Perl, written from docs/protocol.md alone, to hold that page to what it says: queues, pipes and locks, with one
# thread, and without direct lanes. Needs nothing but what perl itself brings.
package Forkline;
use strict;
use warnings;
use Exporter 'import';
use Forkline::Lock;
use Forkline::Queue;
use Forkline::Session;

our @EXPORT_OK = qw(queue pipe_end lock flush goodbye run);
my $session;

sub queue { return Forkline::Queue->new(session(), 'queue', @_) }
sub pipe_end { return Forkline::Queue->new(session(), 'pipe', @_) }
sub lock { return Forkline::Lock->new(session(), @_) }
sub run { return session()->{run} }

# Returns once the broker has worked through everything said so far.
sub flush { return session()->flush }

# A process that was forked is a session of its own.
sub session {
  if ($session && $session->{pid} != $$) { $session->forget; $session = Forkline::Session->new(child => 1) }
  return $session ||= Forkline::Session->new;
}

# Only who has said this, and read the answer, knows that what it put has arrived.
sub goodbye {
  $session->goodbye if $session && $session->{pid} == $$;
  undef $session;
}

# A program that died says nothing: what it held is not done.
my $sound = 1;
$SIG{__DIE__} = sub { $sound = 0 if !defined $^S || !$^S };
END { goodbye() if $sound && $? == 0 }

1;
