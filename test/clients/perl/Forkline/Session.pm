# One connection: frames in and out, and the one loop in which the program waits for whatever it waits for.
package Forkline::Session;
use strict;
use warnings;
use Errno qw(EAGAIN ECONNREFUSED EINTR EWOULDBLOCK);
use IO::Socket::UNIX;
use JSON::PP;
use Socket qw(SOCK_STREAM);
use Time::HiRes qw(sleep time);

my $json = JSON::PP->new->utf8->canonical->allow_nonref;

my %CLIENT = (
  HELLO => 1, GOODBYE => 2, PUT => 3, WANT => 4, UNWANT => 5, GET => 6, UNGET => 7, TAKEN => 8, DONE => 9, GIVE_BACK => 10,
  CLOSE => 11, GIVE_ROOM => 12, JOIN => 13, STAT => 14, FLUSH => 15, ACQUIRE => 16, RELEASE => 17, CANCEL => 18,
  PUT_PRIORITY => 19, OFFER => 20, SHUT => 21, STUCK => 22,
);
my %BROKER = (
  2 => \&on_goodbye, 64 => \&on_welcome, 65 => \&on_error, 66 => \&on_room, 67 => \&on_deliver, 68 => \&on_redeliver,
  69 => \&on_end, 70 => \&on_broken, 71 => \&on_granted, 72 => \&on_reply, 73 => \&on_refused, 74 => \&on_withdrawn,
  75 => \&on_recall, 76 => \&on_dead, 77 => \&on_ask,
);

sub new {
  my ($class, %hello) = @_;
  my $self = bless { pid => $$, in => '', out => '', answers => {}, next_request => 1, channels => {}, names => {} }, $class;
  $self->{socket} = dial($ENV{FORKLINE_SOCKET} // die "not in a run that has channels\n");
  my %body = (protocol => 1, instance => $ENV{FORKLINE_PROCESS}, token => $ENV{FORKLINE_TOKEN}, pid => $$ + 0, sdk => 'perl 0.1.0');
  $body{child} = JSON::PP::true if $hello{child};
  $self->say(HELLO => 0, 0, $json->encode(\%body));
  $self->wait_for(sub { $self->{welcome} });
  return $self;
}

# The broker may be busy with so many others that it cannot be reached at once.
sub dial {
  my ($path) = @_;
  my $until = time + 5;
  for (my $pause = 0.005; ; $pause *= 2) {
    my $socket = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $path);
    if ($socket) { $socket->blocking(0); return $socket }
    die "the run is gone: $!\n" unless ($! == EAGAIN || $! == ECONNREFUSED) && time < $until;
    sleep $pause;
  }
}

# Whose socket a forked process has: it must not speak on it, nor close it for the other.
sub forget { my ($self) = @_; close $self->{socket}; $self->{gone} = 1 }

sub say {
  my ($self, $type, $flags, $channel, $body) = @_;
  die "the session is over\n" if $self->{gone};
  $body //= '';
  $self->{out} .= pack('NCCn', 4 + length $body, $CLIENT{$type}, $flags, $channel) . $body;
  $self->turn(0) if length $self->{out} > 65536;
}

sub request {
  my ($self) = @_;
  my $request = $self->{next_request};
  $self->{next_request} = $request == 0xffffffff ? 1 : $request + 1;
  return $request;
}

# Says something that carries a request and waits for its answer.
sub ask {
  my ($self, $type, $channel, %how) = @_;
  my $request = $self->request;
  $self->say($type, $how{flags} // 0, $channel, ($how{before} // '') . pack('N', $request) . ($how{after} // ''));
  $self->wait_for(sub { $self->{answers}{$request} });
  my $answer = delete $self->{answers}{$request};
  die $answer->{error} if $answer->{error};
  return $answer;
}

sub flush { my ($self) = @_; $self->ask(FLUSH => 0); return }

sub goodbye {
  my ($self) = @_;
  return if $self->{gone};
  $self->say(GOODBYE => 0, 0);
  $self->wait_for(sub { $self->{goodbye} });
  close $self->{socket};
  $self->{gone} = 1;
}

# Reads and writes until `met` is true; false when the time is over before.
sub wait_for {
  my ($self, $met, $seconds) = @_;
  my $until = defined $seconds ? time + $seconds : undef;
  while (1) {
    return 1 if $met->();
    my $left = defined $until ? $until - time : undef;
    if (defined $left && $left <= 0) {
      $self->turn(0);
      return $met->() ? 1 : 0;
    }
    # The program has gone on with all that came, and waits again: by now it is known whether anything else could wake it.
    if (defined(my $asked = delete $self->{asked})) {
      my $stuck = !defined $until && !grep { ref $SIG{$_} } grep { !/^__/ } keys %SIG;
      $self->say(STUCK => $stuck ? 1 : 0, 0, pack 'N', $asked);
    }
    $self->turn($left);
  }
}

# One look at the socket, at most so many seconds long: writes what it takes, reads what there is.
sub turn {
  my ($self, $seconds) = @_;
  my $bits = '';
  vec($bits, fileno $self->{socket}, 1) = 1;
  my $found = select(my $read = $bits, my $write = length $self->{out} ? $bits : undef, undef, $seconds);
  return if $found <= 0;
  if (defined $write && vec($write, fileno $self->{socket}, 1)) {
    local $SIG{PIPE} = 'IGNORE';
    my $count = syswrite $self->{socket}, $self->{out};
    if (defined $count) { substr($self->{out}, 0, $count, '') }
    # What was said last may stand in what there is to read.
    elsif (!passing()) { $self->{unwritten} = "$!" }
  }
  return unless vec($read, fileno $self->{socket}, 1);
  my $count = sysread $self->{socket}, $self->{in}, 1 << 20, length $self->{in};
  if (!defined $count) { return if passing(); $self->{gone} = 1; die "the run is gone: $!\n" }
  if ($count == 0) { $self->{gone} = 1; die "the run is gone\n" }
  $self->read_frames;
}

sub passing { return $! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR }

sub read_frames {
  my ($self) = @_;
  my $at = 0;
  while (length($self->{in}) - $at >= 8) {
    my ($length, $type, $flags, $channel) = unpack "\@$at NCCn", $self->{in};
    last if length($self->{in}) - $at < 4 + $length;
    my $body = substr $self->{in}, $at + 8, $length - 4;
    $at += 4 + $length;
    # What this client does not know it need not know.
    my $handler = $BROKER{$type} or next;
    $handler->($self, $flags, $channel, $body);
  }
  substr $self->{in}, 0, $at, '';
}

sub items_of {
  my ($body) = @_;
  return unpack 'N/(N/a*)', $body;
}

sub channel { my ($self, $id) = @_; return $self->{channels}{$id} || {} }

sub on_goodbye { $_[0]{goodbye} = 1 }

sub on_welcome {
  my ($self, undef, undef, $body) = @_;
  my $welcome = $json->decode($body);
  $self->{run} = $welcome->{run};
  for my $told (@{ $welcome->{channels} }) {
    $self->{names}{ $told->{name} } = $self->{channels}{ $told->{id} } =
      { %$told, room => 0, room_bytes => 0, inbox => [], next_tag => 0, accepts => 0, waiting_locks => {} };
  }
  $self->{welcome} = 1;
}

sub on_error {
  my ($self, undef, undef, $body) = @_;
  my $error = $json->decode($body);
  my $thrown = bless { %$error }, 'Forkline::Error';
  if (defined $error->{request}) { $self->{answers}{ $error->{request} } = { error => $thrown }; return }
  $self->{gone} = 1;
  die $thrown;
}

sub on_room {
  my ($self, undef, $id, $body) = @_;
  my $channel = $self->channel($id);
  my ($count, $bytes) = unpack 'NN', $body;
  $channel->{room} += $count;
  $channel->{room_bytes} += $bytes;
}

sub on_deliver {
  my ($self, undef, $id, $body, $attempt) = @_;
  my $channel = $self->channel($id);
  my $dead = delete $channel->{dead};
  for my $bytes (items_of($body)) {
    push @{ $channel->{inbox} }, { bytes => $bytes, tag => $channel->{next_tag}++, attempt => $attempt // 1, dead => $dead };
    $channel->{accepts}--;
  }
}

sub on_redeliver {
  my ($self, $flags, $id, $body) = @_;
  $self->on_deliver($flags, $id, substr($body, 4), unpack 'N', $body);
}

sub on_dead { my ($self, undef, $id, $body) = @_; $self->channel($id)->{dead} = $json->decode($body) }
sub on_end { my ($self, $flags, $id) = @_; $self->channel($id)->{ended} = $flags & 1 ? 'broke' : 'ended' }

sub on_broken {
  my ($self, undef, $id) = @_;
  my $channel = $self->channel($id);
  @$channel{qw(broken room room_bytes)} = (1, 0, 0);
}

sub on_granted {
  my ($self, $flags, $id, $body) = @_;
  my ($request, $fence) = unpack 'NQ>', $body;
  $self->{answers}{$request} = { fence => $fence, abandoned => $flags & 1 };
}

sub on_reply {
  my ($self, undef, $id, $body) = @_;
  my ($request, $text) = unpack 'Na*', $body;
  $self->{answers}{$request} = { json => length $text ? $json->decode($text) : undef };
}

sub on_refused {
  my ($self, $flags, $id, $body) = @_;
  if (length $body) { $self->{answers}{ unpack 'N', $body } = { refused => 1 }; return }
  $self->channel($id)->{refused} = $flags & 1 ? 'ever' : 'now';
}

sub on_withdrawn {
  my ($self, $flags, $id) = @_;
  my $channel = $self->channel($id);
  if ($flags & 1) { $channel->{put_withdrawn} = 1; return }
  @$channel{qw(get_withdrawn accepts)} = (1, 0);
}

# Somebody else could use what lies here.
sub on_recall {
  my ($self, $flags, $id) = @_;
  my $channel = $self->channel($id);
  if ($flags & 1) { $channel->{give_room} = 1 } else { $channel->{give_back} = 1 }
}

sub on_ask { my ($self, undef, undef, $body) = @_; $self->{asked} = unpack 'N', $body }

package Forkline::Error;
use overload '""' => sub { "$_[0]{code}: $_[0]{message}\n" }, fallback => 1;

1;
