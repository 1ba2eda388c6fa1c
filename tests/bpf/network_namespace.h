#pragma once

#include <functional>
#include <string>
#include <vector>

namespace l3sync {

enum class Privilege {
  kAny,            // real root if there is, a user namespace of the test's own otherwise
  kRealRoot,       // uid 0 of the first user namespace
  kUserNamespace,  // uid 0 of a user namespace of its own; needs no privilege on most systems
};

// Runs `body` in a child process with a network namespace of its own, on one CPU only (so that
// frames keep their order), and fails the test if an expectation of the body does. Skips the test,
// with the reason, where the namespace can't be had: call it last. What the body sets up is gone
// with the child.
void RunInNetworkNamespace(Privilege privilege, const std::function<void()>& body);

// Runs a shell command and expects it to succeed.
void Shell(const std::string& command);

// Brings the interfaces up, and waits until they pass frames: a veth drops what it is given before
// the kernel's link watch has seen its carrier (linkwatch_do_dev()).
void BringUp(const std::vector<std::string>& interfaces);

// if_nametoindex(), expected to succeed.
int IfIndex(const std::string& name);

}  // namespace l3sync
