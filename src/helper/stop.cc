#include "helper/stop.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace l3sync {
namespace {

void WriteLine(const std::string& text) {
  // If nobody reads it there is nobody to tell.
  static_cast<void>(std::fprintf(stderr, "l3sync-open: %s\n", text.c_str()));
}

}  // namespace

void Stop(int exit_status, const std::string& message) {
  WriteLine(message);
  std::exit(exit_status);
}

void StopWithErrno(const std::string& what) {
  const int error = errno;
  Stop(error == EPERM || error == EACCES ? kExitNoPermission : kExitFailure,
       what + ": " + std::strerror(error));
}

void Warn(const std::string& message) { WriteLine("warning: " + message); }

}  // namespace l3sync
