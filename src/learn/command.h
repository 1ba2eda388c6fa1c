#pragma once

#include <cstdint>
#include <type_traits>

#include "learn/kernel_record.h"
#include "wire/ip_address.h"

namespace l3sync {

enum class CommandKind : uint8_t {
  // RTM_NEWADDR of address/32 or /128 on ifindex with the lifetimes, then RTM_DELROUTE of the
  // `local` route that came
  // with it. `replace` false: NLM_F_EXCL. The result is that of RTM_NEWADDR, after both were
  // answered.
  kPutAddress,
  kRemoveAddress,     // RTM_DELADDR of address/32 or /128 on ifindex
  kRemoveLocalRoute,  // RTM_DELROUTE only; no such route is success
  kDeliverReply,      // the reply's frame as it came follows; the guest on ifindex gets it
  kProbe,             // asks the guest on ifindex about address (rule D6); sent as a reply is
  kDumpAll,  // links, addresses, routes, neighbours: answered by DumpMarks, then a CommandResult
  kDumpAddresses,  // of ifindex only: answered by DumpMarks, then a CommandResult
  kReadLink,       // one link: answered by a LinkRecord, then a CommandResult
  // The verdict on a HeldReply, named by held_id: the host's stack gets it, or nobody does. No
  // CommandResult, no id.
  kReleaseHeld,
  kDropHeld,
  kAnnounce,  // says on ifindex who has address (rule D8)
};

// What the engine asks the netlink thread to do. Trivially copyable: crosses a ring.
struct Command {
  CommandKind kind{};
  bool replace = false;
  int32_t ifindex = 0;
  uint32_t held_id = 0;
  uint64_t id = 0;  // never 0; comes back in the CommandResult
  IpAddress address;
  uint32_t valid_sec = 0;
  uint32_t preferred_sec = 0;
  uint8_t protocol = kAddressProtocol;  // IFA_PROTO
};
static_assert(std::is_trivially_copyable_v<Command>);

}  // namespace l3sync
