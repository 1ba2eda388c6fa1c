// applier: the process that holds CAP_NET_ADMIN and does what the worker asks, as far as it may be
// asked. The worker is taken for hostile: whatever it says is checked against what the kernel says.
// Nothing here sees a byte that a guest wrote, but the payload of a reply, which is passed on
// unread.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "apply/apply_request.h"
#include "learn/kernel_record.h"
#include "learn/policy.h"
#include "netlink/record_sink.h"
#include "wire/ip_address.h"

namespace l3sync {

struct ApplyRules {
  int32_t parent_ifindex = 0;
  std::vector<IpPrefix> deny;
  // These may be a guest's although they are a next hop: it is one (`--bind`).
  std::vector<IpAddress> configured;
  bool announce = false;
};

// What may be asked for, by the kernel's tables as dumps and notifications tell them. Bounded by
// those tables.
class ApplyGuard : public RecordSink {
 public:
  explicit ApplyGuard(ApplyRules rules);

  // Takes everything, at once.
  bool Push(const KernelRecord& record) override;
  // A whole dump was seen: before, nothing can be judged.
  bool is_ready() const { return is_ready_; }
  // What is known may be wrong until the next dump.
  bool needs_dump() const { return needs_dump_; }

  // 0, or a positive errno: ENODEV no slave of the parent, EPERM never to be done, EADDRNOTAVAIL
  // and ESRCH (of a route) nothing there. `address` is that of the request.
  int Check(const ApplyRequest& request, const IpAddress& address) const;
  // The kernel did it. Its notification may come later.
  void NoteDone(const ApplyRequest& request, const IpAddress& address);

 private:
  // On one slave: whether it is ours, by tag and length.
  using Addresses = absl::flat_hash_map<IpAddress, bool>;

  void ObserveLink(const LinkRecord& link);
  void ObserveAddress(const AddressRecord& record);
  void ObserveMark(const DumpMark& mark);
  int CheckPut(const ApplyRequest& request, const IpAddress& address) const;
  bool MayHave(const IpAddress& address) const;

  const ApplyRules rules_;
  Policy policy_;  // the host's addresses and its next hops
  absl::flat_hash_map<int32_t, Addresses> slaves_, dumped_;
  bool in_dump_ = false;
  bool is_ready_ = false;
  bool needs_dump_ = true;
};

}  // namespace l3sync
