// sandbox: what the worker and the applier take from themselves before they look at the first byte
// that somebody else wrote. Depends on nothing of ours.
#pragma once

#include <vector>

namespace l3sync {

// What is still to be possible. Everything that both processes need always is: to receive, to wait,
// to have memory that can't be run, to tell the time, to close, to end.
struct SandboxRules {
  std::vector<int> write_fds;  // write(2): a log, an eventfd
  std::vector<int> send_fds;   // sendto(2)
  bool starts_threads = false;
};

// Standard input and output become /dev/null: before the sandbox, which allows no more. Returns 0
// or a positive errno.
int DetachStandardStreams();

// For the whole process, for ever; before it starts threads. A system call that is not allowed ends
// the process (SECCOMP_RET_KILL_PROCESS). No file can be reached (Landlock, where the kernel has
// it), no descriptor be opened. Returns 0 or a positive errno: then the process must end.
int EnterSandbox(const SandboxRules& rules);

}  // namespace l3sync
