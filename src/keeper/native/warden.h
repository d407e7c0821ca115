// A warden: a fork of the keeper that is a subreaper itself and keeps one process after the other.
#pragma once

// In the fork, with its socket to the keeper and, where there are such, the path of its cgroup. Never comes back.
_Noreturn void warden_serve(int socket, const char *place);
