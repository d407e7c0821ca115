#!/usr/bin/env perl
# What the tests of the client in Perl run: `program.pl WHAT ARGUMENTS…`, each printing what it saw.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Fcntl qw(:seek);
use Forkline qw(queue pipe_end lock flush);
use JSON::PP;
use Time::HiRes qw(time);

$| = 1;
binmode STDOUT, ':utf8';
my $json = JSON::PP->new->canonical->allow_nonref;
my ($what, @arguments) = @ARGV;

my %programs = (
  # Puts [name, 0], [name, 1], … in order.
  count => sub {
    my ($to, $name, $count) = @_;
    my $queue = queue($to);
    $queue->put([$name, $_]) for 0 .. $count - 1;
  },

  # Prints how many came of each name, and where one came before an earlier one of its name.
  collect => sub {
    my ($from, $ahead) = @_;
    my (%next, @wrong);
    queue($from)->each(sub {
      my ($name, $number) = @{ $_[0] };
      push @wrong, "$name $number" if $number != ($next{$name} // 0);
      $next{$name} = $number + 1;
    }, ahead => $ahead // 1);
    show({ came => \%next, wrong => \@wrong });
  },

  # Carries on what comes, with as much of it lying here as `ahead` says.
  carry => sub {
    my ($from, $to, $ahead) = @_;
    my $out = queue($to);
    queue($from)->each(sub { $out->put($_[0]) }, ahead => $ahead // 1);
  },

  # Splits numbers as feedback.ts does, into the queue that they come from.
  grow => sub {
    my ($from, $leaves) = @_;
    my $queue = queue($from);
    $queue->each(sub {
      my ($number) = @_;
      if ($number == 0) { queue($leaves)->put(0) }
      else { $queue->put($number - 1) for 1, 2 }
    });
  },

  # The same in processes that it forks.
  pool => sub {
    my ($from, $leaves, $count) = @_;
    for (1 .. $count) {
      next if fork;
      grow($from, $leaves);
      exit 0;
    }
    1 while wait > 0;
  },

  # Values of every kind, there and back.
  echo => sub {
    my ($from, $to) = @_;
    my $out = queue($to);
    queue($from)->each(sub { $out->put($_[0]) });
  },

  waits => sub {
    my ($name) = @_;
    my $queue = queue($name);
    my @said = map { $_ ? 'room' : 'full' } (
      $queue->put(1, nowait => 1), $queue->put(2, timeout => 5), $queue->put(3, nowait => 1), $queue->put(3, timeout => 0.05),
    );
    my $stat = $queue->stat;
    my @came = map { $queue->take(nowait => 1) } 1 .. 2;
    my $none = $queue->take(nowait => 1);
    my $late = $queue->take(timeout => 0.05);
    $came[1]->give_back;
    my $again = $queue->take(timeout => 5);
    $came[0]->done;
    my $unfinished = $queue->stat->{unfinished};
    $again->done;
    $queue->join;
    show({ said => \@said, stat => $stat, came => [map { $_->value } @came], none => $none, late => $late,
      again => [$again->value, $again->{attempt}], unfinished => $unfinished, end => $queue->stat });
  },

  orders => sub {
    my ($stack, $urgent, $train) = map { queue($_) } qw(stack urgent train);
    $stack->put($_) for 1 .. 3;
    $urgent->put($$_[0], priority => $$_[1]) for ['b', 2], ['a', 2], ['first', -1.5], ['last', 'inf'];
    $urgent->put('zero');
    $train->put('middle');
    $train->put('left', left => 1);
    $train->put('right');
    flush();
    show([
      [map { $stack->get } 1 .. 3],
      [map { $urgent->get } 1 .. 5],
      [$train->get(right => 1), $train->get, $train->get(right => 1)],
    ]);
  },

  overflow => sub {
    my ($strict, $newest, $oldest) = map { queue($_) } qw(strict newest oldest);
    my %said;
    for my $queue ($strict, $newest, $oldest) {
      my $name = $queue->{channel}{overflow};
      $said{$name}{put} = [map { $queue->put($_) } 1 .. 4];
      flush();
      $said{$name}{stat} = $queue->stat;
      $said{$name}{got} = [map { $queue->get(nowait => 1) } 1 .. 3];
    }
    show(\%said);
  },

  judged => sub {
    my $dishes = queue('dishes');
    my @said;
    for my $dish ({ dish => 'soup' }, { dish => 7 }, { dish => 'tea' }) {
      my $put = eval { $dishes->put($dish) };
      push @said, $put || { map { $_ => $@->{$_} } qw(code path reason) };
    }
    show(\@said);
  },

  victim => sub {
    my ($from) = @_;
    my $taken = queue($from)->take;
    flush();
    kill KILL => $$;
  },

  attempts_then_die => sub {
    my ($from) = @_;
    show(queue($from)->take->{attempt});
    flush();
    kill KILL => $$;
  },

  leave_silently => sub {
    my ($to) = @_;
    queue($to)->put(1);
    require POSIX;
    POSIX::_exit(0);
  },

  letters => sub {
    my ($from) = @_;
    queue($from)->each(sub {
      my ($value, $taken) = @_;
      show({ value => $value, attempts => $taken->{attempts}, reason => $taken->{reason}, queue => $taken->{dead} });
    });
  },

  # Adds to the number in a file, which only who has the lock may do.
  add => sub {
    my ($name, $file, $times) = @_;
    my ($last, $wrong) = (0, 0);
    for (1 .. $times) {
      lock($name)->with(sub {
        my ($grant) = @_;
        $wrong++ if $grant->{fence} <= $last;
        $last = $grant->{fence};
        open my $handle, '+<', $file or die $!;
        my $number = <$handle>;
        seek $handle, 0, SEEK_SET;
        print $handle $number + 1, "\n";
        close $handle;
      });
    }
    print "$wrong\n";
  },

  locks => sub {
    my %said;
    my $seats = lock('seats');
    my @grants = map { $seats->acquire(nowait => 1) } 1 .. 2;
    $said{seats} = [scalar @grants, scalar $seats->acquire(nowait => 1), scalar $seats->acquire(timeout => 0.05)];
    $seats->release($_) for reverse @grants;
    my $page = lock('page');
    my @readers = map { $page->acquire(read => 1) } 1 .. 2;
    $said{page} = [scalar @readers, scalar $page->acquire(nowait => 1)];
    $page->release($_) for @readers;
    $page->release($page->acquire);
    my $diary = lock('diary');
    my @times = map { $diary->acquire->{fence} } 1 .. 3;
    $said{diary} = $times[0] == $times[2] ? 'the same' : 'others';
    $diary->release for 1 .. 3;
    my $gate = lock('gate');
    $gate->acquire;
    @{ $gate->{channel}{held} } = ();
    $gate->release;
    $said{gate} = eval { $gate->release; 1 } ? 'released' : $@->{code};
    my $ledger = lock('ledger');
    $said{ledger} = eval { $ledger->release({ fence => 99, times => 1 }); 1 } ? 'released' : $@->{code};
    show(\%said);
  },

  # Only a readers-writer lock is taken to read: that breaks the protocol. It is stopped for that, and still says why.
  misuse => sub {
    my ($name) = @_;
    local $SIG{TERM} = 'IGNORE';
    eval { lock($name)->acquire(read => 1) };
    print $@;
  },

  die_holding => sub { my ($name) = @_; lock($name)->acquire; flush(); kill KILL => $$ },
  next_owner => sub {
    my ($name) = @_;
    lock($name)->with(sub { show($_[0]{abandoned}) });
  },

  # Sends back what it receives, with a word more.
  answer => sub {
    my ($name) = @_;
    my $line = pipe_end($name);
    $line->each(sub { $line->put($_[0]) });
    show($line->ended);
  },

  ask => sub {
    my ($name, @sizes) = @_;
    my $line = pipe_end($name);
    for my $size (@sizes) {
      my $message = 'x' x $size;
      $line->put($message);
      my $back = $line->get;
      print $back eq $message ? "the same $size\n" : "another\n";
    }
    $line->close;
  },

  circle => sub {
    my ($first, $second, $ready, $go) = @_;
    lock($first)->acquire;
    queue($ready)->put(1);
    queue($go)->get;
    lock($second)->acquire;
  },

  starter => sub {
    queue('ready')->get for 1 .. 2;
    queue($_)->put(1) for qw(go1 go2);
  },

  until_end => sub {
    my ($from) = @_;
    my $queue = queue($from);
    my $count = 0;
    my $sound = eval { $queue->each(sub { $count++ }); 1 };
    show([$count, $sound ? $queue->ended : $@]);
  },

  until_broken => sub {
    my ($to) = @_;
    my $queue = queue($to);
    eval { while (1) { $queue->put(1) } };
    print $@;
  },
);

sub grow { $programs{grow}->(@_) }
sub show { print $json->encode($_[0]), "\n" }

($programs{$what} or die "no program `$what`\n")->(@arguments);
