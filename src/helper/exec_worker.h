#pragma once

#include <string>
#include <vector>

namespace l3sync {

// A socket, and the name that the worker knows it by.
struct HandedOver {
  int fd;
  std::string name;
};

// Opens descriptors 0 to 2 where the caller left them closed, so that no socket takes their place.
void OpenStandardStreams();

// Sets a variable that `command` of ExecWorker() finds in its environment.
void SetVariable(const char* name, const std::string& value);

// Becomes `command`, found in PATH, with `sockets` from descriptor 3 on as sd_listen_fds(3)
// describes it, standard input, output and error, and no other descriptor. `worker` is for the
// message only. Takes over the sockets.
[[noreturn]] void ExecWorker(const std::vector<HandedOver>& sockets,
                             const std::vector<std::string>& command, const std::string& worker);

}  // namespace l3sync
