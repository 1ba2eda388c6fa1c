#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"

#include "learn/kernel_record.h"
#include "netlink/rtnl_port.h"

namespace l3sync {

// A slave of our parent that lives in another network namespace, by its name there.
struct ForeignSlave {
  int32_t netnsid = 0;  // ours for that namespace (`ip netns list-id`)
  InterfaceName name{};
};

// Looks through the namespaces that this one has an id for, which it gets when a link is moved to
// another one (dev_change_net_namespace()) or by `ip netns`. What can't be looked at (no
// CAP_NET_ADMIN there, or an old kernel) is left out: this is for naming what is not served,
// nothing depends on it.
//
// Blocks, each request for `patience` at most: for the start only. `port` is a request port
// (MnlPort::OpenRequestPort) that nothing else uses meanwhile.
std::vector<ForeignSlave> FindSlavesInOtherNamespaces(RtnlPort* port, int32_t parent_ifindex,
                                                      absl::Duration patience);

}  // namespace l3sync
