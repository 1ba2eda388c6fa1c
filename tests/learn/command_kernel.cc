#include "command_kernel.h"

#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>

#include "learn/probe_station.h"
#include "messages.h"
#include "wire/delivery.h"
#include "wire/neighbour_frames.h"

namespace l3sync::testing {
namespace {

MonotonicTime EndOf(MonotonicTime now, uint32_t valid_sec) {
  return valid_sec == kInfiniteLifetimeSec ? MonotonicTime::Never()
                                           : now + absl::Seconds(valid_sec);
}

}  // namespace

const CommandKernel::Address* CommandKernel::Find(const IpAddress& address) const {
  const auto it = addresses_.find(address);
  return it == addresses_.end() ? nullptr : &it->second;
}

AddressRecord CommandKernel::RecordOf(const IpAddress& address, MonotonicTime now) const {
  const Address& entry = addresses_.at(address);
  AddressRecord record;
  record.ifindex = entry.ifindex;
  record.address = address;
  record.prefix_length = entry.prefix_length;
  record.protocol = entry.protocol;
  record.valid_sec = entry.valid_until.is_never()
                         ? kInfiniteLifetimeSec
                         : static_cast<uint32_t>(absl::ToInt64Seconds(entry.valid_until - now));
  record.preferred_sec = entry.preferred_sec;
  return record;
}

void CommandKernel::Notify(const AddressRecord& record) {
  if (lose_notifications > 0) {
    --lose_notifications;
    return;
  }
  records.emplace_back(record);
}

// ---- What others do to it
// ------------------------------------------------------------------------------------------

void CommandKernel::RemoveLink(int32_t ifindex) {
  links_.erase(ifindex);
  std::erase_if(addresses_, [&](const auto& entry) { return entry.second.ifindex == ifindex; });
}

void CommandKernel::SetUp(int32_t ifindex, bool is_up) {
  links_[ifindex] = is_up;
  if (is_up) {
    for (auto& [address, entry] : addresses_) {
      if (entry.ifindex == ifindex) entry.local_route = true;
    }
    return;
  }
  std::vector<IpAddress> flushed;
  for (const auto& [address, entry] : addresses_) {
    if (entry.ifindex == ifindex && address.is_v6()) flushed.push_back(address);
  }
  for (const IpAddress& address : flushed) Delete(address, MonotonicTime());
}

void CommandKernel::PutForeign(int32_t ifindex, const IpPrefix& address) {
  addresses_[address.address] = {
      ifindex, address.length, 0, MonotonicTime::Never(), kInfiniteLifetimeSec, true};
  Notify(RecordOf(address.address, MonotonicTime()));
}

void CommandKernel::PutOwn(int32_t ifindex, const IpAddress& address, uint32_t valid_sec,
                           MonotonicTime now, uint8_t protocol) {
  const auto length = static_cast<uint8_t>(address.bit_length());
  addresses_[address] = {ifindex, length, protocol, EndOf(now, valid_sec), valid_sec, false};
}

void CommandKernel::Delete(const IpAddress& address, MonotonicTime now) {
  AddressRecord record = RecordOf(address, now);
  record.deleted = true;
  addresses_.erase(address);
  Notify(record);
}

void CommandKernel::Expire(MonotonicTime now) {
  std::vector<IpAddress> expired;
  for (const auto& [address, entry] : addresses_) {
    if (entry.valid_until <= now) expired.push_back(address);
  }
  for (const IpAddress& address : expired) Delete(address, now);
}

MonotonicTime CommandKernel::NextExpiry() const {
  MonotonicTime next = MonotonicTime::Never();
  for (const auto& [address, entry] : addresses_) next = std::min(next, entry.valid_until);
  return next;
}

void CommandKernel::Sleep(absl::Duration time) {
  for (auto& [address, entry] : addresses_) entry.valid_until = entry.valid_until + time;
}

// ---- Commands
// ------------------------------------------------------------------------------------------------------

void CommandKernel::Execute(const Command& command, ByteSpan frame, MonotonicTime now) {
  executed_.push_back(command);
  // The nfqueue's, which answers nothing.
  if (command.kind == CommandKind::kDropHeld || command.kind == CommandKind::kReleaseHeld) return;
  const size_t first = records.size();
  int error = 0;
  if (const auto refused = refused_.find(command.kind); refused != refused_.end()) {
    error = refused->second;
    if (command.kind == CommandKind::kDumpAddresses) {
      records.emplace_back(DumpMark{DumpMark::Kind::kBegin, command.ifindex, command.id});
      records.emplace_back(DumpMark{DumpMark::Kind::kFailed, command.ifindex, command.id});
    }
  } else if (command.kind == CommandKind::kPutAddress) {
    error = Put(command, now);
  } else if (command.kind == CommandKind::kRemoveAddress) {
    error = Remove(command, now);
  } else if (command.kind == CommandKind::kRemoveLocalRoute) {
    if (const auto it = addresses_.find(command.address); it != addresses_.end()) {
      it->second.local_route = false;
    }
  } else if (command.kind == CommandKind::kDeliverReply) {
    error = Deliver(command, frame);
  } else if (command.kind == CommandKind::kAnnounce) {
    error = Announce(command);
  } else if (command.kind == CommandKind::kProbe) {
    error = Probe(command);
  } else {
    Dump(command, now);
    error = links_.contains(command.ifindex) ? 0 : ENODEV;
  }
  if (const auto lie = misreported_.find(command.kind); lie != misreported_.end()) {
    error = lie->second;
    misreported_.erase(lie);
  }
  // Answers and notifications come on two sockets, so in either order; those of a dump are one.
  const CommandResult result{command.id, error};
  const bool is_dump = command.kind == CommandKind::kDumpAddresses;
  if (is_dump || notifies_before_answering) {
    records.emplace_back(result);
  } else {
    records.insert(records.begin() + static_cast<std::ptrdiff_t>(first), result);
  }
}

int CommandKernel::Put(const Command& command, MonotonicTime now) {
  if (!links_.contains(command.ifindex)) return ENODEV;
  if (command.valid_sec == 0 || command.preferred_sec > command.valid_sec) return EINVAL;
  const auto it = addresses_.find(command.address);
  if (it != addresses_.end() && it->second.ifindex != command.ifindex) return EADDRINUSE;
  if (it != addresses_.end() && !command.replace) return EEXIST;
  addresses_[command.address] = {
      command.ifindex,       static_cast<uint8_t>(command.address.bit_length()),
      command.protocol,      EndOf(now, command.valid_sec),
      command.preferred_sec, false};
  Notify(RecordOf(command.address, now));
  return 0;
}

int CommandKernel::Remove(const Command& command, MonotonicTime now) {
  if (!links_.contains(command.ifindex)) return ENODEV;
  const Address* entry = Find(command.address);
  if (entry == nullptr || entry->ifindex != command.ifindex) return EADDRNOTAVAIL;
  Delete(command.address, now);
  return 0;
}

// The port looks the destination up, whatever interface the frame was sent on.
int CommandKernel::Deliver(const Command& command, ByteSpan frame) {
  const auto link = links_.find(command.ifindex);
  if (link == links_.end()) return ENXIO;
  if (!link->second) return ENETDOWN;
  const std::optional<Delivery> delivery = ParseDelivery(frame);
  if (!delivery) return EINVAL;
  const Address* holder = Find(delivery->destination);
  delivered_.push_back(
      {holder == nullptr ? 0 : holder->ifindex, BuildDelivery(kSharedMac, *delivery)});
  return 0;
}

int CommandKernel::Announce(const Command& command) {
  const auto link = links_.find(command.ifindex);
  if (link == links_.end()) return ENXIO;
  if (!link->second) return ENETDOWN;
  sent_.push_back({command.ifindex, BuildAnnouncement(kSharedMac, command.address)});
  return 0;
}

// The port looks for the target of an NS or ARP request, whatever interface it was sent on.
int CommandKernel::Probe(const Command& command) {
  const auto link = links_.find(command.ifindex);
  if (link == links_.end()) return ENXIO;
  if (!link->second) return ENETDOWN;
  const Address* holder = Find(command.address);
  probed_.emplace_back(holder == nullptr ? 0 : holder->ifindex,
                       BuildProbe(kSharedMac, command.address));
  return 0;
}

void CommandKernel::Dump(const Command& command, MonotonicTime now) {
  records.emplace_back(DumpMark{DumpMark::Kind::kBegin, command.ifindex, command.id});
  for (const auto& [address, entry] : addresses_) {
    if (entry.ifindex == command.ifindex) records.emplace_back(RecordOf(address, now));
  }
  const bool exists = links_.contains(command.ifindex);
  records.emplace_back(DumpMark{exists ? DumpMark::Kind::kEnd : DumpMark::Kind::kFailed,
                                command.ifindex, command.id});
}

void CommandKernel::DumpAll(MonotonicTime now, bool complete) {
  records.emplace_back(DumpMark{DumpMark::Kind::kBegin, 0, 0});
  for (const auto& [address, entry] : addresses_) records.emplace_back(RecordOf(address, now));
  for (const auto& [address, entry] : addresses_) {
    if (!entry.local_route) continue;
    RouteRecord route;
    route.destination = {address, static_cast<uint8_t>(address.bit_length())};
    route.ifindex = entry.ifindex;
    route.table = RT_TABLE_LOCAL;
    route.type = RTN_LOCAL;
    records.emplace_back(route);
  }
  const auto end = complete ? DumpMark::Kind::kEnd : DumpMark::Kind::kFailed;
  records.emplace_back(DumpMark{end, 0, 0});
}

}  // namespace l3sync::testing
