#include "tests/fakes/rtnl_encoding.h"

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cassert>

namespace l3sync {
namespace {

constexpr size_t kMaxMessage = 4096;

class Encoder {
 public:
  Encoder(const EncodedHeader& header, int type) {
    message_ = mnl_nlmsg_put_header(buffer_.data());
    message_->nlmsg_type = static_cast<uint16_t>(type);
    message_->nlmsg_flags = header.flags;
    message_->nlmsg_seq = header.sequence;
    message_->nlmsg_pid = header.port_id;
  }
  template <typename Header>
  Header* Extra() {
    return static_cast<Header*>(mnl_nlmsg_put_extra_header(message_, sizeof(Header)));
  }
  void Put(int type, ByteSpan bytes) { PutRaw(type, bytes.data(), bytes.size()); }
  template <typename T>
  void PutValue(int type, const T& value) {
    PutRaw(type, &value, sizeof(value));
  }
  void PutString(int type, const char* text) {
    mnl_attr_put_strz(message_, static_cast<uint16_t>(type), text);
  }
  nlattr* Begin(int type) { return mnl_attr_nest_start(message_, static_cast<uint16_t>(type)); }
  void End(nlattr* nest) { mnl_attr_nest_end(message_, nest); }
  nlmsghdr* message() { return message_; }
  Bytes Finish() const { return Bytes(buffer_.data(), buffer_.data() + message_->nlmsg_len); }

 private:
  void PutRaw(int type, const void* value, size_t size) {
    const bool fits =
        mnl_attr_put_check(message_, kMaxMessage, static_cast<uint16_t>(type), size, value);
    assert(fits);
    static_cast<void>(fits);
  }
  alignas(4) std::array<uint8_t, kMaxMessage> buffer_{};
  nlmsghdr* message_;
};

unsigned char FamilyOf(const IpAddress& address) { return address.is_v4() ? AF_INET : AF_INET6; }

const char* KindName(LinkKind kind) {
  switch (kind) {
    case LinkKind::kIpvlan:
      return "ipvlan";
    case LinkKind::kIpvtap:
      return "ipvtap";
    case LinkKind::kMacvlan:
      return "macvlan";
    case LinkKind::kMacvtap:
      return "macvtap";
    case LinkKind::kDummy:
      return "dummy";
    case LinkKind::kOther:
      break;
  }
  return "veth";
}

}  // namespace

Bytes EncodeLink(const EncodedHeader& header, const LinkRecord& record) {
  Encoder encoder(header, record.deleted ? RTM_DELLINK : RTM_NEWLINK);
  auto* link = encoder.Extra<ifinfomsg>();
  link->ifi_index = record.ifindex;
  link->ifi_flags = record.is_up ? IFF_UP : 0;
  encoder.PutString(IFLA_IFNAME, record.name.data());
  encoder.Put(IFLA_ADDRESS, record.mac.bytes);
  if (record.parent_ifindex != 0) encoder.PutValue(IFLA_LINK, record.parent_ifindex);
  if (record.parent_in_other_netns) encoder.PutValue(IFLA_LINK_NETNSID, int32_t{0});
  if (record.moved_to_other_netns) encoder.PutValue(IFLA_NEW_NETNSID, int32_t{0});

  nlattr* info = encoder.Begin(IFLA_LINKINFO);
  encoder.PutString(IFLA_INFO_KIND, KindName(record.kind));
  if (record.kind == LinkKind::kIpvlan || record.kind == LinkKind::kIpvtap) {
    nlattr* data = encoder.Begin(IFLA_INFO_DATA);
    encoder.PutValue(IFLA_IPVLAN_MODE, static_cast<uint16_t>(record.mode));
    encoder.PutValue(IFLA_IPVLAN_FLAGS, record.port_flags);
    encoder.End(data);
  }
  encoder.End(info);
  return encoder.Finish();
}

Bytes EncodeAddress(const EncodedHeader& header, const AddressRecord& record) {
  Encoder encoder(header, record.deleted ? RTM_DELADDR : RTM_NEWADDR);
  auto* address = encoder.Extra<ifaddrmsg>();
  address->ifa_family = FamilyOf(record.address);
  address->ifa_prefixlen = record.prefix_length;
  address->ifa_flags = static_cast<unsigned char>(record.flags & 0xff);
  address->ifa_index = static_cast<unsigned>(record.ifindex);
  encoder.Put(IFA_ADDRESS, record.address.bytes());
  // The kernel writes IFA_LOCAL for IPv4 always, for IPv6 only when there is a peer.
  if (record.address.is_v4()) encoder.Put(IFA_LOCAL, record.address.bytes());
  encoder.PutValue(IFA_FLAGS, record.flags);
  if (record.protocol != 0) encoder.PutValue(IFA_PROTO, record.protocol);
  ifa_cacheinfo lifetimes{};
  lifetimes.ifa_prefered = record.preferred_sec;
  lifetimes.ifa_valid = record.valid_sec;
  encoder.PutValue(IFA_CACHEINFO, lifetimes);
  return encoder.Finish();
}

Bytes EncodeNeighbour(const EncodedHeader& header, const NeighbourRecord& record) {
  Encoder encoder(header, RTM_NEWNEIGH);
  auto* neighbour = encoder.Extra<ndmsg>();
  neighbour->ndm_family = FamilyOf(record.address);
  neighbour->ndm_ifindex = record.ifindex;
  neighbour->ndm_state = record.state;
  encoder.Put(NDA_DST, record.address.bytes());
  encoder.Put(NDA_LLADDR, record.mac.bytes);
  return encoder.Finish();
}

Bytes EncodeRoute(const EncodedHeader& header, const std::vector<RouteRecord>& next_hops) {
  const RouteRecord& first = next_hops.front();
  Encoder encoder(header, RTM_NEWROUTE);
  auto* route = encoder.Extra<rtmsg>();
  route->rtm_family = FamilyOf(first.destination.address);
  route->rtm_dst_len = first.destination.length;
  route->rtm_table = static_cast<unsigned char>(first.table < 256 ? first.table : RT_TABLE_COMPAT);
  route->rtm_type = first.type;
  encoder.PutValue(RTA_TABLE, first.table);
  if (first.destination.length > 0) encoder.Put(RTA_DST, first.destination.address.bytes());
  if (next_hops.size() == 1) {
    if (first.gateway.has_value()) encoder.Put(RTA_GATEWAY, first.gateway.bytes());
    if (first.ifindex != 0) encoder.PutValue(RTA_OIF, first.ifindex);
    return encoder.Finish();
  }
  nlattr* multipath = encoder.Begin(RTA_MULTIPATH);
  for (const RouteRecord& next_hop : next_hops) {
    auto* hop = encoder.Extra<rtnexthop>();
    const size_t begin = encoder.message()->nlmsg_len - sizeof(*hop);
    hop->rtnh_ifindex = next_hop.ifindex;
    if (next_hop.gateway.has_value()) encoder.Put(RTA_GATEWAY, next_hop.gateway.bytes());
    hop->rtnh_len = static_cast<uint16_t>(encoder.message()->nlmsg_len - begin);
  }
  encoder.End(multipath);
  return encoder.Finish();
}

Bytes EncodeError(const EncodedHeader& header, int32_t error, const char* text) {
  EncodedHeader with_flags = header;
  // With NETLINK_CAP_ACK only the header of the request comes back, and attributes may follow.
  with_flags.flags |= NLM_F_CAPPED;
  if (text != nullptr) with_flags.flags |= NLM_F_ACK_TLVS;
  Encoder encoder(with_flags, NLMSG_ERROR);
  auto* answer = encoder.Extra<nlmsgerr>();
  answer->error = -error;
  answer->msg.nlmsg_seq = header.sequence;
  if (text != nullptr) encoder.PutString(NLMSGERR_ATTR_MSG, text);
  return encoder.Finish();
}

Bytes EncodeDone(const EncodedHeader& header, int32_t error) {
  Encoder encoder(header, NLMSG_DONE);
  *encoder.Extra<int32_t>() = -error;
  return encoder.Finish();
}

void Append(Bytes* datagram, const Bytes& message) {
  datagram->resize((datagram->size() + 3) & ~size_t{3});
  datagram->insert(datagram->end(), message.begin(), message.end());
}

}  // namespace l3sync
