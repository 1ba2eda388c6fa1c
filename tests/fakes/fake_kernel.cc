#include "tests/fakes/fake_kernel.h"

#include <linux/if_addr.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace l3sync {
namespace {

MonotonicTime After(MonotonicTime now, uint32_t lifetime_sec) {
  if (lifetime_sec == kInfiniteLifetimeSec) return MonotonicTime::Never();
  return now + absl::Seconds(lifetime_sec);
}

uint32_t SecondsLeft(MonotonicTime now, MonotonicTime until) {
  if (until.is_never()) return kInfiniteLifetimeSec;
  return static_cast<uint32_t>(std::max<int64_t>(0, absl::ToInt64Seconds(until - now)));
}

}  // namespace

// --- The world.

int32_t FakeKernel::AddLink(std::string_view name, bool is_up) {
  LinkRecord record;
  {
    const std::lock_guard lock(mutex_);
    record.ifindex = ++last_ifindex_;
  }
  record.name = MakeInterfaceName(name);
  record.is_up = is_up;
  record.mac = {{0x02, 0, 0, 0, 0, static_cast<uint8_t>(record.ifindex)}};
  PutLink(record);
  return record.ifindex;
}

int32_t FakeKernel::AddSlave(std::string_view name, int32_t parent, LinkKind kind, bool is_up) {
  LinkRecord record;
  {
    const std::lock_guard lock(mutex_);
    record.ifindex = ++last_ifindex_;
    record.mac = links_.at(parent).record.mac;  // slaves share the parent's
    const Port& port = ports_[parent];
    record.mode = port.mode;
    record.port_flags = port.flags;
  }
  record.name = MakeInterfaceName(name);
  record.kind = kind;
  record.parent_ifindex = parent;
  record.is_up = is_up;
  PutLink(record);
  return record.ifindex;
}

void FakeKernel::PutLink(const LinkRecord& record) {
  const std::lock_guard lock(mutex_);
  last_ifindex_ = std::max(last_ifindex_, record.ifindex);
  links_[record.ifindex].record = record;
  if (record.kind == LinkKind::kIpvlan || record.kind == LinkKind::kIpvtap) {
    ports_[record.parent_ifindex] = {.mode = record.mode, .flags = record.port_flags};
  }
  NotifyLink(links_.at(record.ifindex));
}

void FakeKernel::DeleteLink(int32_t ifindex) {
  const std::lock_guard lock(mutex_);
  EraseLink(ifindex, false);
}

void FakeKernel::MoveLinkToOtherNetns(int32_t ifindex) {
  const std::lock_guard lock(mutex_);
  EraseLink(ifindex, true);
}

void FakeKernel::EraseLink(int32_t ifindex, bool moved) {
  std::vector<int32_t> slaves;
  for (const auto& [index, link] : links_) {
    if (link.record.parent_ifindex == ifindex) slaves.push_back(index);
  }
  for (const int32_t slave : slaves) EraseLink(slave, false);

  Link* link = FindLink(ifindex);
  if (link == nullptr) return;
  while (!link->addresses.empty()) EraseAddress(link, 0, {});
  LinkRecord record = Shown(*link);
  record.deleted = true;
  record.moved_to_other_netns = moved;
  record.is_up = false;
  links_.erase(ifindex);
  Notify(EncodeLink({}, record));
}

void FakeKernel::RenameLink(int32_t ifindex, std::string_view name) {
  const std::lock_guard lock(mutex_);
  Link& link = links_.at(ifindex);
  link.record.name = MakeInterfaceName(name);
  NotifyLink(link);
}

void FakeKernel::SetUp(int32_t ifindex, bool is_up) {
  const std::lock_guard lock(mutex_);
  Link& link = links_.at(ifindex);
  link.record.is_up = is_up;
  // __dev_notify_flags(): RTM_NEWLINK first, then the notifiers that change addresses and routes.
  NotifyLink(link);
  if (is_up) {
    for (Address& address : link.addresses) address.has_local_route = true;
    return;
  }
  for (size_t i = link.addresses.size(); i-- > 0;) {
    if (link.addresses[i].record.address.is_v6()) EraseAddress(&link, i, {});
  }
}

void FakeKernel::SetMac(int32_t ifindex, const MacAddress& mac) {
  const std::lock_guard lock(mutex_);
  for (auto& [index, link] : links_) {
    if (index != ifindex && link.record.parent_ifindex != ifindex) continue;
    link.record.mac = mac;
    NotifyLink(link);
  }
}

void FakeKernel::SetKind(int32_t ifindex, LinkKind kind) {
  const std::lock_guard lock(mutex_);
  links_.at(ifindex).record.kind = kind;
}

void FakeKernel::SetPort(int32_t parent, PortMode mode, uint16_t flags) {
  const std::lock_guard lock(mutex_);
  for (const auto& [index, link] : links_) {
    if (link.record.parent_ifindex == parent) NotifyLink(link);
  }
  ports_[parent] = {.mode = mode, .flags = flags};
  Changed();
}

void FakeKernel::PutAddress(const AddressRecord& record) {
  const std::lock_guard lock(mutex_);
  AddAddress(&links_.at(record.ifindex), record, {});
}

bool FakeKernel::RemoveAddress(int32_t ifindex, const IpAddress& address) {
  const std::lock_guard lock(mutex_);
  Link* link = FindLink(ifindex);
  if (link == nullptr) return false;
  for (size_t i = 0; i < link->addresses.size(); ++i) {
    if (link->addresses[i].record.address != address) continue;
    EraseAddress(link, i, {});
    return true;
  }
  return false;
}

void FakeKernel::AddRoute(const std::vector<RouteRecord>& next_hops) {
  const std::lock_guard lock(mutex_);
  routes_.push_back(next_hops);
}

void FakeKernel::AddNeighbour(const NeighbourRecord& neighbour) {
  const std::lock_guard lock(mutex_);
  neighbours_.push_back(neighbour);
}

void FakeKernel::AdvanceTo(MonotonicTime now) {
  const std::lock_guard lock(mutex_);
  now_ = now;
  for (auto& [ifindex, link] : links_) {
    for (size_t i = link.addresses.size(); i-- > 0;) {
      Address& address = link.addresses[i];
      if (address.valid_until <= now_) {
        EraseAddress(&link, i, {});
      } else if (address.preferred_until <= now_ &&
                 (address.record.flags & IFA_F_DEPRECATED) == 0) {
        address.record.flags |= IFA_F_DEPRECATED;
        NotifyAddress(Shown(address), {});
      }
    }
  }
}

// --- What is there.

std::optional<AddressRecord> FakeKernel::FindAddress(int32_t ifindex,
                                                     const IpAddress& address) const {
  for (const AddressRecord& record : Addresses(ifindex)) {
    if (record.address == address) return record;
  }
  return std::nullopt;
}

std::vector<AddressRecord> FakeKernel::Addresses(int32_t ifindex) const {
  const std::lock_guard lock(mutex_);
  std::vector<AddressRecord> records;
  const auto it = links_.find(ifindex);
  if (it == links_.end()) return records;
  for (const Address& address : it->second.addresses) records.push_back(Shown(address));
  return records;
}

bool FakeKernel::HasLocalRoute(int32_t ifindex, const IpAddress& address) const {
  const std::lock_guard lock(mutex_);
  const auto it = links_.find(ifindex);
  if (it == links_.end()) return false;
  return std::any_of(
      it->second.addresses.begin(), it->second.addresses.end(),
      [&](const Address& a) { return a.record.address == address && a.has_local_route; });
}

size_t FakeKernel::RequestCount(uint16_t type) const {
  const std::lock_guard lock(mutex_);
  const auto it = request_counts_.find(type);
  return it == request_counts_.end() ? 0 : it->second;
}

// --- Frames.

void FakeKernel::SendDelivery(int32_t ifindex, ByteSpan frame) {
  const std::lock_guard lock(mutex_);
  deliveries_.push_back({.ifindex = ifindex, .frame = Bytes(frame.begin(), frame.end())});
  Changed();
}

std::vector<FakeKernel::Delivery> FakeKernel::deliveries() const {
  const std::lock_guard lock(mutex_);
  return deliveries_;
}

// --- Waiting.

bool FakeKernel::WaitUntil(absl::Duration timeout, absl::FunctionRef<bool()> predicate) const {
  const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(timeout);
  std::unique_lock lock(mutex_);
  for (;;) {
    const uint64_t seen = version_;
    lock.unlock();
    if (predicate()) return true;
    lock.lock();
    if (!changed_.wait_until(lock, deadline, [&] { return version_ != seen; })) return false;
  }
}

bool FakeKernel::WaitForAddress(int32_t ifindex, const IpAddress& address,
                                absl::Duration timeout) const {
  return WaitUntil(timeout, [&] { return FindAddress(ifindex, address).has_value(); });
}

bool FakeKernel::WaitForNoAddress(int32_t ifindex, const IpAddress& address,
                                  absl::Duration timeout) const {
  return WaitUntil(timeout, [&] { return !FindAddress(ifindex, address).has_value(); });
}

// --- State, with mutex_ held.

FakeKernel::Link* FakeKernel::FindLink(int32_t ifindex) {
  const auto it = links_.find(ifindex);
  return it == links_.end() ? nullptr : &it->second;
}

FakeKernel::Address* FakeKernel::FindExact(Link* link, const AddressRecord& record) {
  const auto it =
      std::find_if(link->addresses.begin(), link->addresses.end(), [&](const Address& a) {
        return a.record.address == record.address && a.record.prefix_length == record.prefix_length;
      });
  return it == link->addresses.end() ? nullptr : &*it;
}

LinkRecord FakeKernel::Shown(const Link& link) const {
  LinkRecord record = link.record;
  const auto port = ports_.find(record.parent_ifindex);
  const bool is_member = record.kind == LinkKind::kIpvlan || record.kind == LinkKind::kIpvtap;
  if (is_member && port != ports_.end()) {
    record.mode = port->second.mode;
    record.port_flags = port->second.flags;
  }
  return record;
}

AddressRecord FakeKernel::Shown(const Address& address) const {
  AddressRecord record = address.record;
  record.valid_sec = SecondsLeft(now_, address.valid_until);
  record.preferred_sec = SecondsLeft(now_, address.preferred_until);
  return record;
}

void FakeKernel::SetLifetimes(Address* address, uint32_t valid_sec, uint32_t preferred_sec) const {
  address->valid_until = After(now_, valid_sec);
  address->preferred_until = After(now_, preferred_sec);
  address->record.flags &= ~uint32_t{IFA_F_DEPRECATED | IFA_F_PERMANENT};
  if (preferred_sec == 0) address->record.flags |= IFA_F_DEPRECATED;
  if (valid_sec == kInfiniteLifetimeSec) address->record.flags |= IFA_F_PERMANENT;
}

void FakeKernel::AddAddress(Link* link, const AddressRecord& record, const EncodedHeader& cause) {
  Address address{.record = record,
                  .valid_until = MonotonicTime::Never(),
                  .preferred_until = MonotonicTime::Never(),
                  .has_local_route = link->record.is_up,
                  .route_delay = record.address.is_v6() ? route_delay_ : 0};
  SetLifetimes(&address, record.valid_sec, record.preferred_sec);
  link->addresses.push_back(address);
  NotifyAddress(Shown(address), cause);
}

void FakeKernel::EraseAddress(Link* link, size_t index, const EncodedHeader& cause) {
  AddressRecord record = Shown(link->addresses[index]);
  record.deleted = true;
  link->addresses.erase(link->addresses.begin() + static_cast<std::ptrdiff_t>(index));
  NotifyAddress(record, cause);
}

void FakeKernel::NotifyLink(const Link& link) { Notify(EncodeLink({}, Shown(link))); }

void FakeKernel::NotifyAddress(const AddressRecord& record, const EncodedHeader& cause) {
  // IPv6 changes are notified by a worker, which knows nothing of the request.
  Notify(EncodeAddress(record.address.is_v6() ? EncodedHeader{} : cause, record));
}

void FakeKernel::Notify(const Bytes& message) {
  for (const auto& subscriber : subscribers_) {
    const auto queue = subscriber.lock();
    if (queue == nullptr) continue;
    if (drop_notifications_) {
      queue->Overrun();
    } else {
      queue->Push(message);
    }
  }
  Changed();
}

void FakeKernel::Changed() {
  ++version_;
  changed_.notify_all();
}

}  // namespace l3sync
