# The system calls that Perl has no word for, by their numbers. Nothing of Perl's own library is loaded: POSIX.pm alone would take
# longer than a short run. `$Linux::known` is false where the numbers of this machine are not in the table.
package Linux;
use strict;

# ELF machine → numbers. All but x86-64 share one list.
my @names = qw(read write close openat dup3 setsid setpgid sigprocmask prctl execve signalfd exit mknodat fcntl ioctl
    memfd_create pwrite);
my @newer = (63, 64, 57, 56, 24, 157, 154, 135, 167, 221, 74, 94, 33, 25, 29, 279, 68);
my %numbers = (
    62  => [0, 1, 3, 257, 292, 112, 109, 14, 157, 59, 289, 231, 259, 72, 16, 319, 18],    # x86-64
    183 => \@newer,                                                             # arm64
    243 => \@newer,                                                             # riscv64
    258 => \@newer,                                                             # loongarch64
);

our $known = 0;
my %call;

sub look {
    open my $self, '<:raw', '/proc/self/exe' or return;
    sysread $self, my $header, 20 or return;
    my ($class, $machine) = unpack 'x4 C x13 v', $header;
    my $found = $class == 2 ? $numbers{$machine} : undef;
    return if !$found;
    @call{@names} = @$found;
    $known = 1;
}
look();

sub AT_FDCWD   () { -100 }
sub O_WRONLY   () { 01 }
sub O_RDWR     () { 02 }
sub O_CREAT    () { 0100 }
sub O_TRUNC    () { 01000 }
sub O_APPEND   () { 02000 }
sub O_NONBLOCK () { 04000 }
sub O_CLOEXEC  () { 02000000 }
sub O_NOCTTY   () { 0400 }
sub EINTR      () { 4 }
sub EAGAIN     () { 11 }

# Each answers -1 (with `$!`) where it fails.
sub write_fd { my ($fd, $text) = @_; syscall $call{write}, $fd, $text, length $text }
sub close_fd { syscall $call{close}, $_[0] }
sub open_fd  { my ($path, $flags) = @_; syscall $call{openat}, AT_FDCWD, $path, $flags | O_CLOEXEC, 0666 }
sub dup_onto { syscall $call{dup3}, $_[0], $_[1], 0 }
sub setsid   { syscall $call{setsid} }
sub lead_group { syscall $call{setpgid}, 0, 0 }
sub exit_now { syscall $call{exit}, $_[0] }

# A file without a name that holds these bytes, open at its beginning.
sub file_of {
    my ($bytes) = @_;
    my ($name, $at) = ('stdin', 0);
    my $fd = syscall $call{memfd_create}, $name, 1;
    while ($fd >= 0 && $at < length $bytes) {
        my $written = syscall $call{pwrite}, $fd, substr($bytes, $at), length($bytes) - $at, $at;
        if ($written >= 0) { $at += $written }
        elsif ($! != EINTR) { return -1 }
    }
    return $fd;
}

sub make_fifo { my ($path) = @_; syscall $call{mknodat}, AT_FDCWD, $path, 010600, 0 }

# The text of a small file, and into one. What a child does on its way to its program has to be done with little: each page of memory that
# it touches is copied first.
sub read_file {
    my ($path) = @_;
    my $fd = open_fd($path, 0);
    return '' if $fd < 0;
    my $text = "\0" x 1024;
    my $length = syscall $call{read}, $fd, $text, 1024;
    close_fd($fd);
    return $length < 0 ? '' : substr $text, 0, $length;
}

sub write_file {
    my ($path, $text) = @_;
    my $fd = open_fd($path, O_WRONLY);
    return 0 if $fd < 0;
    my $written = write_fd($fd, $text);
    close_fd($fd);
    return $written > 0;
}

# Whatever a process leaves running becomes a child of the next of its ancestors that has said this.
sub become_subreaper { syscall($call{prctl}, 36, 1, 0, 0, 0) == 0 }

# SIGKILL when its parent is no more.
sub die_with_parent { syscall $call{prctl}, 1, 9, 0, 0, 0 }

sub block_sigchld { my $set = pack 'Q', 1 << 16; syscall $call{sigprocmask}, 0, $set, 0, 8 }
sub unblock_all   { my $set = pack 'Q', 0;       syscall $call{sigprocmask}, 2, $set, 0, 8 }

# Readable when a child has ended, where SIGCHLD is blocked.
sub child_signals { my $set = pack 'Q', 1 << 16; syscall $call{signalfd}, -1, $set, 8, O_NONBLOCK | O_CLOEXEC }

sub wait_in_reads { my ($fd) = @_; syscall $call{fcntl}, $fd, 4, syscall($call{fcntl}, $fd, 3, 0) & ~O_NONBLOCK }

# The group of that number has the terminal.
sub give_terminal {
    my ($fd, $group) = @_;
    # Who does it from the background would be stopped.
    local $SIG{TTOU} = 'IGNORE';
    my $number = pack 'i', $group;
    return syscall $call{ioctl}, $fd, 0x5410, $number;
}

# To that group, or back to the group of this process, from the background too. With `$modes`, these are set again.
sub pass_terminal {
    my ($group, $modes) = @_;
    local $SIG{TTOU} = 'IGNORE';
    my $fd = open_fd('/dev/tty', O_RDWR | O_NOCTTY);
    return if $fd < 0;
    give_terminal($fd, $group);
    syscall $call{ioctl}, $fd, 0x5403, $modes if defined $modes;
    close_fd($fd);
}

# How the terminal reads and echoes; undefined where there is none.
sub terminal_modes {
    my $fd = open_fd('/dev/tty', O_RDWR | O_NOCTTY);
    return undef if $fd < 0;
    my $modes = "\0" x 256;
    my $failed = syscall $call{ioctl}, $fd, 0x5401, $modes;
    close_fd($fd);
    return $failed ? undef : $modes;
}

# Comes back only where it fails. Any bytes, no shell.
sub execute {
    my ($path, $argv, $env) = @_;
    my $arguments = pack 'p*', @$argv, undef;
    my $environment = pack 'p*', @$env, undef;
    return syscall $call{execve}, $path, $arguments, $environment;
}

1;
