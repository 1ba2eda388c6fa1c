// What the fake kernel does with requests: rtnetlink's part of it.
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "tests/fakes/fake_kernel.h"

namespace l3sync {
namespace {

// Messages of a dump in one datagram. The kernel fills up to 32 KiB; less makes more datagrams of a
// small world.
constexpr size_t kMessagesPerDatagram = 5;

template <typename Header>
const Header* FixedPart(const RtnlMessage& request) {
  if (request.bytes.size() < sizeof(nlmsghdr) + sizeof(Header)) return nullptr;
  return reinterpret_cast<const Header*>(request.bytes.data() + sizeof(nlmsghdr));
}

bool IsInFamily(const IpAddress& address, uint8_t family) {
  if (family == AF_UNSPEC) return true;
  return family == (address.is_v4() ? AF_INET : AF_INET6);
}

struct LocalRoute {
  uint8_t length = 0;
  IpAddress address;
  int32_t ifindex = 0;
};

int TakeRouteAttribute(const nlattr* attribute, void* out) {
  auto* route = static_cast<LocalRoute*>(out);
  const uint16_t length = mnl_attr_get_payload_len(attribute);
  const auto* payload = static_cast<const uint8_t*>(mnl_attr_get_payload(attribute));
  if (mnl_attr_get_type(attribute) == RTA_DST)
    route->address = IpAddress::FromBytes({payload, length});
  if (mnl_attr_get_type(attribute) == RTA_OIF && length == sizeof(uint32_t)) {
    route->ifindex = static_cast<int32_t>(mnl_attr_get_u32(attribute));
  }
  return MNL_CB_OK;
}

}  // namespace

// --- Ports.

std::unique_ptr<RtnlPort> FakeKernel::OpenRequestPort() {
  const std::lock_guard lock(mutex_);
  return std::make_unique<FakeRtnlPort>(this, ++last_port_id_, std::make_shared<DatagramQueue>());
}

std::unique_ptr<RtnlPort> FakeKernel::OpenNotificationPort() {
  const std::lock_guard lock(mutex_);
  auto queue = std::make_shared<DatagramQueue>();
  subscribers_.push_back(queue);
  return std::make_unique<FakeRtnlPort>(this, ++last_port_id_, std::move(queue));
}

int FakeKernel::Send(uint32_t port_id, ByteSpan requests, DatagramQueue* queue) {
  {
    const std::lock_guard lock(mutex_);
    if (send_error_count_ > 0) {
      --send_error_count_;
      return send_error_;
    }
  }
  for (Bytes& answer : Apply(requests, port_id)) queue->Push(std::move(answer));
  return 0;
}

// --- Faults.

void FakeKernel::LoseNextAnswer() {
  const std::lock_guard lock(mutex_);
  lose_answer_ = true;
}
void FakeKernel::DuplicateNextAnswer() {
  const std::lock_guard lock(mutex_);
  duplicate_answer_ = true;
}
void FakeKernel::AnswerNextWith(int error) {
  const std::lock_guard lock(mutex_);
  answer_error_ = error;
}
void FakeKernel::FailNextSends(int error, int count) {
  const std::lock_guard lock(mutex_);
  send_error_ = error;
  send_error_count_ = count;
}
void FakeKernel::InterruptNextDump() {
  const std::lock_guard lock(mutex_);
  interrupt_dump_ = true;
}
void FakeKernel::FailNextDump(int error) {
  const std::lock_guard lock(mutex_);
  dump_error_ = error;
}
void FakeKernel::StallNextDump() {
  const std::lock_guard lock(mutex_);
  stall_dump_ = true;
}
void FakeKernel::DropNotifications(bool drop) {
  const std::lock_guard lock(mutex_);
  drop_notifications_ = drop;
}
void FakeKernel::DelayLocalRoutes(int attempts) {
  const std::lock_guard lock(mutex_);
  route_delay_ = attempts;
}

// --- Requests.

std::vector<Bytes> FakeKernel::Apply(ByteSpan requests, uint32_t port_id) {
  const std::lock_guard lock(mutex_);
  std::vector<Bytes> answers;
  MessageWalk walk(requests);
  for (; const auto request = walk.Current(); walk.Advance()) {
    ++request_counts_[request->type];
    Changed();
    if ((request->flags & NLM_F_DUMP) == NLM_F_DUMP && answer_error_ == 0) {
      ApplyDump(*request, port_id, &answers);
      continue;
    }
    int error = std::exchange(answer_error_, 0);
    if (error == 0) error = ApplyOne(*request, port_id, &answers);
    if (error == 0 && (request->flags & NLM_F_ACK) == 0) continue;
    if (std::exchange(lose_answer_, false)) continue;
    const char* text =
        error == EADDRINUSE ? "Address already assigned to an ipvlan device" : nullptr;
    answers.push_back(
        EncodeError({.sequence = request->sequence, .port_id = port_id}, error, text));
    if (std::exchange(duplicate_answer_, false)) answers.push_back(answers.back());
  }
  return answers;
}

int FakeKernel::ApplyOne(const RtnlMessage& request, uint32_t port_id,
                         std::vector<Bytes>* answers) {
  switch (request.type) {
    case RTM_NEWADDR:
      return ApplyNewAddress(request, port_id);
    case RTM_DELADDR:
      return ApplyDeleteAddress(request, port_id);
    case RTM_DELROUTE:
      return ApplyDeleteRoute(request);
    case RTM_GETLINK:
      return ApplyReadLink(request, port_id, answers);
    default:
      return EOPNOTSUPP;
  }
}

int FakeKernel::ApplyNewAddress(const RtnlMessage& request, uint32_t port_id) {
  const std::optional<AddressRecord> record = ParseAddress(request);
  if (!record) return EINVAL;
  if (record->valid_sec == 0 || record->preferred_sec > record->valid_sec) return EINVAL;
  Link* link = FindLink(record->ifindex);
  if (link == nullptr) return ENODEV;
  const IpAddress& address = record->address;
  if (address.is_v6() &&
      (address.is_unspecified() || address.is_loopback() || address.is_multicast())) {
    return EADDRNOTAVAIL;
  }
  if (address.is_unspecified()) return 0;  // inet_insert_ifa(): accepted, and nothing is added

  const EncodedHeader cause{.sequence = request.sequence, .port_id = port_id};
  if (Address* present = FindExact(link, *record)) {
    if ((request.flags & NLM_F_REPLACE) == 0) return EEXIST;
    SetLifetimes(present, record->valid_sec, record->preferred_sec);  // IFA_PROTO stays, as in 6.1
    NotifyAddress(Shown(*present), cause);
    return 0;
  }
  if (IsTakenInPort(*link, address)) return EADDRINUSE;
  AddAddress(link, *record, cause);
  return 0;
}

// ipvlan_addr_busy(): on any slave of the port, with whatever prefix length, this one included.
bool FakeKernel::IsTakenInPort(const Link& link, const IpAddress& address) const {
  const auto is_member = [](const LinkRecord& r) {
    return r.kind == LinkKind::kIpvlan || r.kind == LinkKind::kIpvtap;
  };
  if (!is_member(link.record)) return false;
  return std::any_of(links_.begin(), links_.end(), [&](const auto& entry) {
    const Link& other = entry.second;
    return is_member(other.record) && other.record.parent_ifindex == link.record.parent_ifindex &&
           std::any_of(other.addresses.begin(), other.addresses.end(),
                       [&](const Address& a) { return a.record.address == address; });
  });
}

int FakeKernel::ApplyDeleteAddress(const RtnlMessage& request, uint32_t port_id) {
  const std::optional<AddressRecord> record = ParseAddress(request);
  if (!record) return EINVAL;
  Link* link = FindLink(record->ifindex);
  if (link == nullptr) return ENODEV;
  const Address* address = FindExact(link, *record);
  if (address == nullptr) return EADDRNOTAVAIL;
  const auto index = static_cast<size_t>(address - link->addresses.data());
  EraseAddress(link, index, {.sequence = request.sequence, .port_id = port_id});
  return 0;
}

int FakeKernel::ApplyDeleteRoute(const RtnlMessage& request) {
  const auto* header = FixedPart<rtmsg>(request);
  if (header == nullptr || header->rtm_table != RT_TABLE_LOCAL || header->rtm_type != RTN_LOCAL)
    return EINVAL;
  LocalRoute route{.length = header->rtm_dst_len, .address = {}, .ifindex = 0};
  const auto* bytes = reinterpret_cast<const nlmsghdr*>(request.bytes.data());
  mnl_attr_parse(bytes, sizeof(rtmsg), &TakeRouteAttribute, &route);
  Link* link = FindLink(route.ifindex);
  if (link == nullptr) return ENODEV;
  if (route.length != route.address.bit_length()) return ESRCH;
  for (Address& address : link->addresses) {
    if (address.record.address != route.address || !address.has_local_route) continue;
    if (address.route_delay > 0) {
      --address.route_delay;
      return ESRCH;
    }
    address.has_local_route = false;
    Changed();
    return 0;
  }
  return ESRCH;
}

int FakeKernel::ApplyReadLink(const RtnlMessage& request, uint32_t port_id,
                              std::vector<Bytes>* answers) {
  const auto* header = FixedPart<ifinfomsg>(request);
  if (header == nullptr) return EINVAL;
  const Link* link = FindLink(header->ifi_index);
  if (link == nullptr) return ENODEV;
  answers->push_back(EncodeLink({.sequence = request.sequence, .port_id = port_id}, Shown(*link)));
  return 0;
}

// --- Dumps.

void FakeKernel::ApplyDump(const RtnlMessage& request, uint32_t port_id,
                           std::vector<Bytes>* answers) {
  EncodedHeader header{.flags = NLM_F_MULTI, .sequence = request.sequence, .port_id = port_id};
  if (std::exchange(interrupt_dump_, false)) header.flags |= NLM_F_DUMP_INTR;
  Bytes datagram;
  size_t count = 0;
  for (const Bytes& message : DumpMessages(request, header)) {
    Append(&datagram, message);
    if (++count % kMessagesPerDatagram == 0) answers->push_back(std::exchange(datagram, {}));
  }
  if (!datagram.empty()) answers->push_back(std::move(datagram));
  if (std::exchange(stall_dump_, false)) return;
  answers->push_back(EncodeDone(header, std::exchange(dump_error_, 0)));
}

std::vector<Bytes> FakeKernel::DumpMessages(const RtnlMessage& request,
                                            const EncodedHeader& header) const {
  std::vector<Bytes> messages;
  if (request.type == RTM_GETLINK) {
    for (const auto& [ifindex, link] : links_) messages.push_back(EncodeLink(header, Shown(link)));
  } else if (request.type == RTM_GETADDR) {
    const auto* filter = FixedPart<ifaddrmsg>(request);
    for (const auto& [ifindex, link] : links_) {
      if (filter->ifa_index != 0 && filter->ifa_index != static_cast<uint32_t>(ifindex)) continue;
      for (const Address& address : link.addresses) {
        if (!IsInFamily(address.record.address, filter->ifa_family)) continue;
        messages.push_back(EncodeAddress(header, Shown(address)));
      }
    }
  } else if (request.type == RTM_GETROUTE) {
    const auto* filter = FixedPart<rtmsg>(request);
    const auto is_shown = [&](const RouteRecord& route) {
      return IsInFamily(route.destination.address, filter->rtm_family) &&
             (filter->rtm_type == 0 || filter->rtm_type == route.type);
    };
    for (const auto& next_hops : routes_) {
      if (is_shown(next_hops.front())) messages.push_back(EncodeRoute(header, next_hops));
    }
    for (const auto& [ifindex, link] : links_) {
      for (const Address& address : link.addresses) {
        const IpAddress& ip = address.record.address;
        const RouteRecord local{.destination = {ip, static_cast<uint8_t>(ip.bit_length())},
                                .gateway = {},
                                .ifindex = ifindex,
                                .table = RT_TABLE_LOCAL,
                                .type = RTN_LOCAL};
        if (address.has_local_route && is_shown(local))
          messages.push_back(EncodeRoute(header, {local}));
      }
    }
  } else if (request.type == RTM_GETNEIGH) {
    for (const auto& neighbour : neighbours_)
      messages.push_back(EncodeNeighbour(header, neighbour));
  }
  return messages;
}

}  // namespace l3sync
