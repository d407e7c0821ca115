# The cgroups (version 2) of a run: one for the whole of it, below the one that this runs in, and in that one for each process, used again
# when it is empty. Whoever was put into one, and all that it starts, is in there until it ends, whatever else it does.
package Cgroup;
use strict;

# The folder of the cgroup that this process is in; nothing where none is mounted.
sub own {
    my ($at) = map { /^0::(.*)$/ ? $1 : () } lines('/proc/self/cgroup');
    return if !defined $at;
    for (lines('/proc/self/mountinfo')) {
        my ($root, $mounted) = / - cgroup2 / ? (split / /)[3, 4] : next;
        # Where only a part of the hierarchy is mounted here, this process must be in that part.
        my $inside = $root eq '/' ? $at : index("$at/", "$root/") == 0 ? substr($at, length $root) : next;
        return $inside eq '/' ? $mounted : $mounted . $inside;
    }
    return;
}

# The cgroup of a run, or why there is none.
sub make {
    my ($name, $parent) = @_;
    $parent //= own() // return (undef, 'no cgroup of version 2 is mounted');
    my $path = "$parent/$name";
    mkdir $path or return (undef, "no cgroup can be made in $parent: $!");
    my $self = bless { path => $path, made => 0, free => [] };
    return $self if -e "$path/cgroup.kill";
    $self->remove;
    return (undef, 'the kernel cannot kill a cgroup (Linux 5.14 can)');
}

sub path { return $_[0]{path} }

# A place for one process.
sub place {
    my ($self) = @_;
    my $free = pop @{ $self->{free} };
    return $free if $free;
    my $path = "$self->{path}/" . ++$self->{made};
    mkdir $path or return;
    return $path;
}

# This process, and all that it starts from now on.
sub enter { my ($place) = @_; return Linux::write_file("$place/cgroup.procs", '0') }

sub is_empty { my ($place) = @_; return index(Linux::read_file("$place/cgroup.events"), 'populated 0') >= 0 }

sub members { my ($place) = @_; return map { chomp; $_ + 0 } lines("$place/cgroup.procs") }

sub kill_members { my ($path) = @_; return Linux::write_file("$path/cgroup.kill", '1') }

# For the next one. It is empty.
sub give_back { my ($self, $place) = @_; push @{ $self->{free} }, $place }

# With all that is below; all in it are dead, but the kernel may take the last one out of it a little later.
sub remove {
    my ($self) = @_;
    for (1 .. 100) {
        return 1 if !-d $self->{path} || remove_folder($self->{path});
        select undef, undef, undef, 0.002;
    }
    return 0;
}

sub remove_folder {
    my ($path) = @_;
    opendir my $folder, $path or return;
    for my $name (readdir $folder) { remove_folder("$path/$name") if $name !~ /^\.\.?$/ && -d "$path/$name" }
    return rmdir $path;
}

sub lines { my ($path) = @_; open my $file, '<', $path or return; return <$file> }

1;
