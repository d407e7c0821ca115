# A lock of any kind. Where it is reentrant it is counted here, and asked for once.
package Forkline::Lock;
use strict;
use warnings;

sub new {
  my ($class, $session, $name) = @_;
  my $channel = $session->{names}{$name};
  die "not granted: lock `$name`\n" unless $channel && $channel->{kind} eq 'lock';
  $channel->{held} //= [];
  return bless { session => $session, channel => $channel, id => $channel->{id} }, $class;
}

# Settings: timeout, nowait, read. The grant (`fence`, `abandoned`), or nothing where it was not granted in time.
sub acquire {
  my ($self, %how) = @_;
  my ($session, $channel) = @$self{qw(session channel)};
  if ($channel->{reentrant} && @{ $channel->{held} }) {
    $channel->{held}[0]{times}++;
    return $channel->{held}[0];
  }
  my $request = $session->request;
  my $answer = sub { $session->{answers}{$request} };
  $session->say(ACQUIRE => ($how{nowait} ? 1 : 0) | ($how{read} ? 2 : 0), $self->{id}, pack 'N', $request);
  if (!$session->wait_for($answer, $how{timeout})) {
    $session->say(CANCEL => 0, $self->{id}, pack 'N', $request);
    $session->wait_for($answer);
  }
  my $answered = delete $session->{answers}{$request};
  die $answered->{error} if $answered->{error};
  return unless defined $answered->{fence};
  my $grant = { fence => $answered->{fence}, abandoned => $answered->{abandoned}, times => 1 };
  push @{ $channel->{held} }, $grant;
  return $grant;
}

# Without a grant, what is held longest.
sub release {
  my ($self, $grant) = @_;
  my ($session, $channel) = @$self{qw(session channel)};
  $grant //= $channel->{held}[0];
  return if $grant && --$grant->{times} > 0;
  my $fence = $grant ? $grant->{fence} : 0;
  $session->ask(RELEASE => $self->{id}, before => pack 'Q>', $fence);
  @{ $channel->{held} } = grep { $_->{fence} != $fence } @{ $channel->{held} };
}

sub with {
  my ($self, $work, %how) = @_;
  my $grant = $self->acquire(%how) or return;
  my $ok = eval { $work->($grant); 1 };
  my $error = $@;
  $self->release($grant);
  die $error unless $ok;
  return 1;
}

1;
