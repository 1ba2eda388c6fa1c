#include "learn/learner.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "learn/probe_station.h"

namespace l3sync {
namespace {

// Sent by us, on the slave of the guest that is asked.
bool IsOwnProbe(const ParsedFrame& frame) {
  const auto* arp = std::get_if<ArpMessage>(&frame.message);
  return arp != nullptr ? arp->sender_mac == kProbeMac : frame.source == kProbeSource;
}

}  // namespace

Learner::Learner(LearnerOptions options, Output* output)
    : parent_ifindex_(options.parent_ifindex),
      book_(std::move(options.policy), output, options.dry_run, options.max_bindings),
      dhcp4_(&book_),
      conflicts_(&book_, output),
      forgeries_(&book_, output),
      nd_(&book_, &conflicts_),
      dhcp6_(&book_, &nd_),
      announcer_(&book_, options.announce && !options.dry_run),
      held_(&book_.bindings(), output) {}

void Learner::ObserveFrame(int32_t ifindex, FrameSide side, const ParsedFrame& frame,
                           ByteSpan bytes, MonotonicTime now) {
  // Rules C2, F2, F20: guests are told apart by the slave that they send on, and by nothing else;
  // servers and routers are heard on the parent only. What the filter checked is checked again.
  const auto* dhcp4 = std::get_if<Dhcp4Message>(&frame.message);
  const auto* dhcp6 = std::get_if<Dhcp6Message>(&frame.message);
  const auto* nd = std::get_if<NdMessage>(&frame.message);
  const auto* arp = std::get_if<ArpMessage>(&frame.message);
  if (ifindex == parent_ifindex_) {
    const bool from_network = side == FrameSide::kReceived && !frame.source_mac.is_group() &&
                              frame.source_mac != frame.destination_mac;
    if (!from_network) return book_.Ignore(IgnoreReason::kWrongSide);
    if (forgeries_.ObserveNetwork(parent_ifindex_, frame, shared_mac_, now)) return;
    if (dhcp4 != nullptr) dhcp4_.ObserveServer(frame, *dhcp4, bytes, now);
    if (dhcp6 != nullptr) dhcp6_.ObserveServer(frame, *dhcp6, bytes, now);
    if (nd != nullptr) nd_.ObserveNetwork(frame, *nd, shared_mac_, now);
    if (arp != nullptr) conflicts_.ObserveArp(*arp, shared_mac_, now);
  } else {
    if (!book_.slaves().contains(ifindex)) return book_.Ignore(IgnoreReason::kUnknownInterface);
    if (side != FrameSide::kSent) return book_.Ignore(IgnoreReason::kWrongSide);
    // Before what is told by addresses that a guest can use too.
    if (forgeries_.ObserveGuest(ifindex, frame, now)) return;
    if (IsOwnProbe(frame)) return book_.Ignore(IgnoreReason::kOwnProbe);
    book_.Heard(ifindex, frame.source, now);
    if (nd != nullptr && nd->type == NdType::kNeighbourAdvertisement) {
      book_.Heard(ifindex, nd->target, now);
    }
    if (dhcp4 != nullptr) dhcp4_.ObserveClient(ifindex, frame, *dhcp4, now);
    if (dhcp6 != nullptr) dhcp6_.ObserveClient(ifindex, frame, *dhcp6, now);
    if (nd != nullptr) nd_.ObserveGuest(ifindex, frame, *nd, now);
    // Of no guest's ARP is an address learned (rule N6).
    if (arp != nullptr) book_.Ignore(IgnoreReason::kArpWithoutConflict);
  }
  Finish(now);
  // After the address and the delivery: the guest waits, the held copy does not matter to it.
  if (ifindex == parent_ifindex_ && (dhcp4 != nullptr || dhcp6 != nullptr)) {
    held_.ReplySeen(frame.destination);
  }
}

void Learner::ObserveDisguised(int32_t ifindex, const ParsedFrame& frame, MonotonicTime now) {
  if (book_.slaves().contains(ifindex)) forgeries_.ObserveGuest(ifindex, frame, now);
}

void Learner::Finish(MonotonicTime now) {
  book_.EndContests(/*is_caught_up=*/false, now);
  dhcp6_.DeliverEarly(now);
  // Each turn sends at most one waiting offer of an address on its way, and the next one waits for
  // an answer of the kernel.
  do {
    book_.installer().Flush(now);
    const auto settled = book_.installer().TakeSettled();
    if (settled.empty()) break;
    for (const IpAddress& address : settled) dhcp4_.ReplySettled(address, now);
  } while (true);
  for (const auto& [ifindex, address] : book_.installer().TakeEstablished()) {
    announcer_.Announce(ifindex, address, now);
  }
  announcer_.Advance(now);
}

// ---- The kernel
// ----------------------------------------------------------------------------------------------------

void Learner::ObserveAddress(const AddressRecord& record, MonotonicTime now) {
  if (book_.slaves().contains(record.ifindex)) {
    book_.installer().ObserveAddress(record, now);
  } else if (record.deleted) {
    book_.HostLost(record.ifindex, record.address, now);
  } else {
    book_.HostGained(record.ifindex, {record.address, record.prefix_length});
  }
  Finish(now);
}

void Learner::ObserveRoute(const RouteRecord& record, MonotonicTime now) {
  if (record.type == RTN_LOCAL) {
    if (book_.slaves().contains(record.ifindex)) {
      book_.installer().ObserveLocalRoute(record.ifindex, record.destination.address);
    }
    return;
  }
  if (record.type != RTN_UNICAST) return;
  if (record.gateway.has_value()) {
    book_.policy().AddNextHop(record.gateway);
  } else if (record.ifindex == parent_ifindex_) {
    nd_.ObserveKernelPrefix(record.destination, now);
  }
}

void Learner::ObserveNeighbour(const NeighbourRecord& record) {
  const bool certain = (record.state & (NUD_REACHABLE | NUD_PERMANENT)) != 0;
  if (record.ifindex != parent_ifindex_ || !certain || record.mac == shared_mac_) return;
  book_.policy().AddNeighbour(record.address);
}

void Learner::ObserveDumpMark(const DumpMark& mark, MonotonicTime now) {
  const bool full = mark.ifindex == 0;
  if (mark.kind == DumpMark::Kind::kBegin) {
    in_full_dump_ = in_full_dump_ || full;
    if (full) book_.policy().BeginDump();
    return book_.installer().BeginDump(mark.ifindex);
  }
  const bool complete = mark.kind == DumpMark::Kind::kEnd;
  if (full) {
    in_full_dump_ = false;
    book_.policy().EndDump(complete);
  }
  book_.installer().EndDump(mark.ifindex, complete, now);
  if (complete) {
    if (full) book_.RecheckPolicy(now);
    std::vector<int32_t> read;
    for (const auto& [ifindex, slave] : book_.slaves()) {
      if (slave.is_new && (full || ifindex == mark.ifindex)) read.push_back(ifindex);
    }
    std::sort(read.begin(), read.end());  // the same decisions on each run
    for (const int32_t ifindex : read) book_.slaves()[ifindex].is_new = false;
    for (const int32_t ifindex : read) book_.WantConfigured(ifindex, now);
    for (const int32_t ifindex : read) Adopt(ifindex, now);
    // Guesses come when all that is known was taken over.
    for (const int32_t ifindex : read) nd_.CombineWithPrefixes(ifindex, now);
    if (!full) nd_.LookEnded(mark.ifindex, mark.command_id, now);
  }
  Finish(now);
}

// What an earlier run has put on this slave is taken over with the lifetime that the kernel still
// gives it (rule K6).
void Learner::Adopt(int32_t ifindex, MonotonicTime now) {
  for (const auto& [address, deadline, protocol] : book_.installer().OwnAddressesOf(ifindex)) {
    book_.installer().Changed(address);
    // A binding that was learned meanwhile, or is configured, knows better; what is forbidden now
    // is taken away.
    if (book_.bindings().Find(address) != nullptr) {
      book_.installer().Confirm(ifindex, address, now);
      continue;
    }
    if (book_.CheckRules(ifindex, address, false) != Reason::kNone) continue;
    Binding binding;
    binding.address = address;
    binding.ifindex = ifindex;
    // IPv4 is leased always.
    const bool leased = address.is_v4() || protocol == kLease6Protocol;
    binding.origin = leased ? Origin::kAdoptedLease : Origin::kAdopted;
    binding.valid_until =
        address.is_v6() && address.is_link_local() ? MonotonicTime::Never() : deadline;
    binding.preferred_until = binding.valid_until;
    book_.Want(std::move(binding), now);
    book_.installer().Confirm(ifindex, address, now);
  }
}

void Learner::ObserveHeld(const HeldReply& reply, MonotonicTime now) { held_.Observe(reply, now); }

void Learner::ObserveResult(const CommandResult& result, MonotonicTime now) {
  if (!book_.contests().ObserveResult(result, now)) book_.installer().ObserveResult(result, now);
  Finish(now);
}

// ---- Links
// ---------------------------------------------------------------------------------------------------------

void Learner::SetSharedMac(const MacAddress& mac) {
  shared_mac_ = mac;
  book_.policy().SetSharedMac(mac);
}

void Learner::SlaveAppeared(int32_t ifindex, bool is_up, MonotonicTime now) {
  book_.policy().RemoveHostInterface(ifindex);  // if it was in another mode before
  SlaveState& slave = book_.slaves()[ifindex];
  slave = {is_up, /*is_new=*/true, now};
  // A full dump that is under way will read its addresses.
  if (!in_full_dump_) book_.installer().Look(ifindex);
  Finish(now);
}

void Learner::SlaveGone(int32_t ifindex, Reason reason, MonotonicTime now) {
  if (book_.slaves().erase(ifindex) == 0) return;
  book_.installer().SlaveGone(ifindex);
  dhcp4_.ForgetSlave(ifindex);
  dhcp6_.ForgetSlave(ifindex);
  nd_.ForgetSlave(ifindex);
  forgeries_.ForgetSlave(ifindex);
  book_.ForgetSlave(ifindex, reason);
  Finish(now);
}

void Learner::SlaveNamed(int32_t ifindex, std::string_view name, MonotonicTime now) {
  book_.SlaveNamed(ifindex, name, now);
  Finish(now);
}

void Learner::SlaveChanged(int32_t ifindex, bool is_up, MonotonicTime now) {
  const auto it = book_.slaves().find(ifindex);
  if (it == book_.slaves().end()) return;
  if (it->second.is_up != is_up) {
    it->second.is_up = is_up;
    it->second.last_change = now;
    if (is_up) {
      book_.installer().SlaveWentUp(ifindex, now);
    } else {
      book_.installer().SlaveWentDown(ifindex, now);
    }
  }
  Finish(now);
}

void Learner::HostInterfaceGone(int32_t ifindex, MonotonicTime now) {
  book_.HostInterfaceGone(ifindex, now);
  Finish(now);
}

// ---- Time
// ----------------------------------------------------------------------------------------------------------

void Learner::Advance(MonotonicTime now) {
  for (const IpAddress& address : book_.bindings().Expired(now)) {
    const Binding* binding = book_.bindings().Find(address);
    book_.Unwant(address, binding->origin == Origin::kDhcp4Offer ? Reason::kOfferNotTaken
                                                                 : Reason::kExpired);
  }
  dhcp4_.Advance(now);
  dhcp6_.Advance(now);
  nd_.Advance(now);
  forgeries_.Advance(now);
  book_.Advance(now);
  book_.installer().Advance(now);
  held_.Advance(now);
  Finish(now);
}

void Learner::FramesLost(MonotonicTime now) {
  book_.contests().FramesLost();
  Finish(now);
}

void Learner::CaughtUp(MonotonicTime now) {
  book_.EndContests(/*is_caught_up=*/true, now);
  Finish(now);
}

void Learner::Resumed(absl::Duration slept, MonotonicTime now) {
  book_.installer().Resumed(slept);
  Advance(now);  // what ended meanwhile goes, before anything is put again
}

MonotonicTime Learner::NextDeadline() const {
  return std::min({book_.bindings().NextExpiry(), book_.installer().NextDeadline(),
                   book_.NextDeadline(), nd_.NextDeadline(), forgeries_.NextDeadline(),
                   announcer_.NextDeadline(), held_.NextDeadline()});
}

}  // namespace l3sync
