# A queue, or an end of a pipe, as a program has it. What is put needs room; what is taken is held until it is done.
package Forkline::Queue;
use strict;
use warnings;
use Encode qw(decode_utf8 encode_utf8);
use JSON::PP;

my $json = JSON::PP->new->utf8->canonical->allow_nonref;

sub new {
  my ($class, $session, $kind, $name) = @_;
  my $channel = $session->{names}{$name};
  die "not granted: $kind `$name`\n" unless $channel && $channel->{kind} eq $kind;
  die "Python's pickles are not for Perl\n" if $channel->{encoding} eq 'pickle';
  return bless { session => $session, channel => $channel, id => $channel->{id} }, $class;
}

# Settings: timeout (seconds), nowait, priority, left. False where there was no room in time.
sub put {
  my ($self, $item, %how) = @_;
  my ($session, $channel) = @$self{qw(session channel)};
  die "not granted: to put to `$channel->{name}`\n" unless $channel->{puts};
  die "closed: this process puts no more to `$channel->{name}`\n" if $channel->{closed};
  my $bytes = $self->encode($item);
  $self->find_room(length $bytes, %how) or return 0;
  $channel->{room}--;
  $channel->{room_bytes} -= length $bytes;
  my $items = pack 'NN/a*', 1, $bytes;
  my $flags = $how{left} ? 1 : 0;
  if ($channel->{judged}) {
    my $offered = eval { $session->ask(OFFER => $self->{id}, flags => $flags, after => pack('d>', $how{priority} // 0) . $items) };
    die $@ unless $offered;
    return 1;
  }
  if (defined $how{priority}) { $session->say(PUT_PRIORITY => $flags, $self->{id}, pack('d>', $how{priority}) . $items) }
  else { $session->say(PUT => $flags, $self->{id}, $items) }
  $session->flush if $channel->{confirm};
  $session->turn(0);
  $self->give_room if $channel->{give_room} || $channel->{overflow} eq 'fail';
  return 1;
}

sub find_room {
  my ($self, $size, %how) = @_;
  my ($session, $channel) = @$self{qw(session channel)};
  my $enough = sub { $channel->{room} >= 1 && $channel->{room_bytes} >= $size };
  die "broken: nobody takes from `$channel->{name}`\n" if $channel->{broken};
  return 1 if $enough->();
  my $try = $how{nowait} ? 1 : 0;
  delete $channel->{refused};
  $session->say(WANT => $try, $self->{id}, pack 'NN', 1, $size);
  my $answered = $session->wait_for(sub { $channel->{broken} || $channel->{refused} || $enough->() }, $how{timeout});
  if (!$answered) {
    delete $channel->{put_withdrawn};
    $session->say(UNWANT => 0, $self->{id});
    $session->wait_for(sub { $channel->{put_withdrawn} });
  }
  die "broken: nobody takes from `$channel->{name}`\n" if $channel->{broken};
  return 1 if $enough->();
  die "closed: `$channel->{name}`\n" if ($channel->{refused} // '') eq 'ever';
  $self->give_room;
  return 0;
}

sub give_room {
  my ($self) = @_;
  my $channel = $self->{channel};
  delete $channel->{give_room};
  return unless $channel->{room} || $channel->{room_bytes};
  $self->{session}->say(GIVE_ROOM => 0, $self->{id}, pack 'NN', @$channel{qw(room room_bytes)});
  @$channel{qw(room room_bytes)} = (0, 0);
}

# Settings: timeout, nowait, right, ahead (how many to ask for at once). Undefined where there was none in time, or at the end:
# `ended` says which.
sub take {
  my ($self, %how) = @_;
  my ($session, $channel) = @$self{qw(session channel)};
  die "not granted: to get from `$channel->{name}`\n" unless $channel->{gets};
  $session->turn(0);
  $self->give_back_inbox if delete $channel->{give_back};
  if (!@{ $channel->{inbox} } && !$channel->{ended}) {
    my $wish = $how{ahead} // 1;
    my $more = $wish > $channel->{accepts} ? $wish - $channel->{accepts} : 0;
    $channel->{accepts} += $more;
    $session->say(GET => 1 | ($how{right} ? 2 : 0), $self->{id}, pack 'N', $more);
    my $come = sub { @{ $channel->{inbox} } || $channel->{ended} };
    if ($how{nowait} || !$session->wait_for($come, $how{timeout})) { $self->withdraw }
  }
  my $item = shift @{ $channel->{inbox} };
  if (!$item) { die "aborted: a producer of `$channel->{name}` failed\n" if $self->ended eq 'broke'; return }
  $session->say(TAKEN => 0, $self->{id}, pack 'N', 1);
  my $dead = $item->{dead} || {};
  return Forkline::Taken->new(queue => $self, value => $self->decode($item->{bytes}), tag => $item->{tag},
    attempt => $item->{attempt}, reason => $dead->{reason}, attempts => $dead->{attempts}, dead => $dead->{queue});
}

sub withdraw {
  my ($self) = @_;
  my $channel = $self->{channel};
  delete $channel->{get_withdrawn};
  $self->{session}->say(UNGET => 0, $self->{id});
  $self->{session}->wait_for(sub { $channel->{get_withdrawn} });
}

# All of it, for to give back one says TAKEN for those before it.
sub give_back_inbox {
  my ($self) = @_;
  $self->withdraw;
  my $inbox = $self->{channel}{inbox};
  $self->mark(GIVE_BACK => $inbox->[0]{tag}, scalar @$inbox) if @$inbox;
  @$inbox = ();
}

# The value alone; it is done at once.
sub get {
  my ($self, %how) = @_;
  my $taken = $self->take(%how) or return;
  $taken->done;
  return $taken->value;
}

# Until the end; each item is done when `work` has returned.
sub each {
  my ($self, $work, %how) = @_;
  while (my $taken = $self->take(%how)) {
    $work->($taken->value, $taken);
    $taken->done;
  }
}

sub ended { return $_[0]{channel}{ended} // '' }

sub mark {
  my ($self, $type, $tag, $count) = @_;
  $self->{session}->say($type => 0, $self->{id}, pack('nN', $tag >> 32, $tag & 0xffffffff) . pack 'N', $count);
}

sub join { my ($self) = @_; $self->{session}->ask(JOIN => $self->{id}); return }
sub stat { my ($self) = @_; return $self->{session}->ask(STAT => $self->{id})->{json} }
sub flush { return $_[0]{session}->flush }

# This process puts no more; of a pipe, receives no more either.
sub close {
  my ($self) = @_;
  my $channel = $self->{channel};
  return if $channel->{closed}++;
  $self->{session}->say(CLOSE => 0, $self->{id}) if $channel->{puts};
  if ($channel->{kind} eq 'pipe' && $channel->{gets}) { $self->{session}->say(SHUT => 0, $self->{id}); $channel->{gets} = 0 }
  $self->{session}->turn(0);
}

sub encode {
  my ($self, $item) = @_;
  my $encoding = $self->{channel}{encoding};
  return $encoding eq 'json' ? $json->encode($item) : $encoding eq 'text' ? encode_utf8($item) : $item;
}

sub decode {
  my ($self, $bytes) = @_;
  my $encoding = $self->{channel}{encoding};
  return $encoding eq 'json' ? $json->decode($bytes) : $encoding eq 'text' ? decode_utf8($bytes) : $bytes;
}

# An item and what one may say about it.
package Forkline::Taken;
sub new { my ($class, %of) = @_; return bless {%of}, $class }
sub value { return $_[0]{value} }

sub done {
  my ($self) = @_;
  return if $self->{over}++;
  # There it was done when it was taken.
  return if $self->{queue}{channel}{delivery} eq 'at-most-once';
  $self->{queue}->mark(DONE => $self->{tag}, 1);
}

sub give_back {
  my ($self) = @_;
  $self->{over}++ or $self->{queue}->mark(GIVE_BACK => $self->{tag}, 1);
}

1;
