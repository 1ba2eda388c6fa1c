// helper: l3sync-open, the only part of l3sync that runs with privilege. It opens and locks the
// sockets, drops the privilege and execs. It reads nothing that came from the network, opens no
// path that it was given, keeps no state.
//
// On any error, in any of its functions: stop. Nothing is tried again and nothing goes on half
// done: one line says what failed and what helps, and the process ends before it has run anything.
#pragma once

#include <string>

namespace l3sync {

inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 64;         // EX_USAGE of sysexits.h
inline constexpr int kExitNoPermission = 77;  // EX_NOPERM

// Writes "l3sync-open: " and `message` as one line to standard error, and ends the process.
[[noreturn]] void Stop(int exit_status, const std::string& message);

// The same for a system call that failed: `what`, and what errno says. No permission if errno says
// so.
[[noreturn]] void StopWithErrno(const std::string& what);

// Writes a line that begins with "l3sync-open: warning: ".
void Warn(const std::string& message);

}  // namespace l3sync
