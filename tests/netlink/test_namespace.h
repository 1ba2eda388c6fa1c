#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "netlink/mnl_port.h"

namespace l3sync {

// A network namespace of its own for the calling process, with the real kernel's rtnetlink and no
// privilege needed.
class TestNamespace {
 public:
  // Enters a new one; lo is down. On failure error() says why, which is a reason to skip.
  TestNamespace();
  const std::string& error() const { return error_; }

  // Each returns a positive errno or 0.
  int AddVethPair(const char* name, const char* peer);
  int SetUp(int32_t ifindex, bool is_up);

 private:
  int Ask(ByteSpan request);

  std::string error_;
  std::unique_ptr<MnlPort> port_;
};

int32_t IndexOf(const char* name);

}  // namespace l3sync
