#include "helper/stop.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace l3sync {

void Stop(int exit_status, const std::string& message) {
  std::fprintf(stderr, "l3sync-open: %s\n", message.c_str());
  std::exit(exit_status);
}

void StopWithErrno(const std::string& what) {
  const int error = errno;
  Stop(error == EPERM || error == EACCES ? kExitNoPermission : kExitFailure,
       what + ": " + std::strerror(error));
}

void Warn(const std::string& message) {
  std::fprintf(stderr, "l3sync-open: warning: %s\n", message.c_str());
}

}  // namespace l3sync
