#include "netlink/rtnl_message.h"

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <string_view>

namespace l3sync {
namespace {

// Messages, attributes and next hops begin at multiples of 4 bytes. The macros of libmnl and the
// kernel say the same in signed numbers.
constexpr size_t Aligned(size_t length) { return (length + 3) & ~size_t{3}; }
static_assert(Aligned(sizeof(nlmsghdr)) == sizeof(nlmsghdr));

const nlmsghdr* HeaderOf(const RtnlMessage& message) {
  return reinterpret_cast<const nlmsghdr*>(message.bytes.data());
}

// The fixed part behind struct nlmsghdr; null if the message is too short for it.
template <typename Header>
const Header* FixedPart(const RtnlMessage& message) {
  if (message.bytes.size() < sizeof(nlmsghdr) + sizeof(Header)) return nullptr;
  return static_cast<const Header*>(mnl_nlmsg_get_payload(HeaderOf(message)));
}

// Attributes by type. Reading one that is there but has the wrong length, like bytes that are no
// attribute, spoils the whole: ok() tells after the last read.
class Attributes {
 public:
  static Attributes OfMessage(const RtnlMessage& message, size_t fixed_part) {
    const size_t offset = sizeof(nlmsghdr) + Aligned(fixed_part);
    // A fixed part whose padding is cut off has no attributes behind it.
    return Attributes(message.bytes.subspan(std::min(offset, message.bytes.size())));
  }
  static Attributes OfNested(const nlattr* nest) {
    return Attributes(
        {static_cast<const uint8_t*>(mnl_attr_get_payload(nest)), mnl_attr_get_payload_len(nest)});
  }
  explicit Attributes(ByteSpan bytes) : end_(bytes.data()) {
    mnl_attr_parse_payload(bytes.data(), bytes.size(), &Attributes::Take, this);
    // mnl_attr_parse_payload() ends without a word at what is no attribute.
    if (end_ < bytes.data() + bytes.size()) ok_ = false;
  }

  bool ok() const { return ok_; }
  void Spoil() { ok_ = false; }
  bool Has(uint16_t type) const { return by_type_[type] != nullptr; }

  // A value of a fixed size, through mnl_attr_validate(). `fallback` if it is absent.
  template <typename T>
  T Read(uint16_t type, T fallback) {
    const nlattr* attribute = Validated(type, MNL_TYPE_BINARY);
    if (attribute == nullptr) return fallback;
    if (mnl_attr_get_payload_len(attribute) != sizeof(T)) {
      ok_ = false;
      return fallback;
    }
    T value;
    std::memcpy(&value, mnl_attr_get_payload(attribute), sizeof(value));
    return value;
  }
  // Empty if it is absent.
  std::string_view ReadString(uint16_t type) {
    const nlattr* attribute = Validated(type, MNL_TYPE_NUL_STRING);
    if (attribute == nullptr) return {};
    const auto* text = static_cast<const char*>(mnl_attr_get_payload(attribute));
    return {text, strnlen(text, mnl_attr_get_payload_len(attribute))};
  }
  ByteSpan ReadBytes(uint16_t type) {
    const nlattr* attribute = Validated(type, MNL_TYPE_BINARY);
    if (attribute == nullptr) return {};
    return {static_cast<const uint8_t*>(mnl_attr_get_payload(attribute)),
            mnl_attr_get_payload_len(attribute)};
  }
  // Null if it is absent.
  const nlattr* ReadNest(uint16_t type) { return Validated(type, MNL_TYPE_NESTED); }
  // None if it is absent.
  IpAddress ReadAddress(uint16_t type, uint8_t family) {
    if (!Has(type)) return {};
    const ByteSpan bytes = ReadBytes(type);
    const IpAddress address = IpAddress::FromBytes(bytes);
    if (!(family == AF_INET ? address.is_v4() : address.is_v6())) {
      ok_ = false;
      return {};
    }
    return address;
  }

 private:
  // The highest that we read is IFLA_NEW_NETNSID, 45.
  static constexpr uint16_t kTypes = 64;

  static int Take(const nlattr* attribute, void* self) {
    auto* attributes = static_cast<Attributes*>(self);
    const uint16_t type = mnl_attr_get_type(attribute);
    if (type < kTypes) attributes->by_type_[type] = attribute;
    attributes->end_ =
        reinterpret_cast<const uint8_t*>(attribute) + Aligned(mnl_attr_get_len(attribute));
    return MNL_CB_OK;
  }
  const nlattr* Validated(uint16_t type, mnl_attr_data_type data_type) {
    const nlattr* attribute = by_type_[type];
    if (attribute == nullptr) return nullptr;
    if (mnl_attr_validate(attribute, data_type) < 0) {
      ok_ = false;
      return nullptr;
    }
    return attribute;
  }

  std::array<const nlattr*, kTypes> by_type_{};
  const uint8_t* end_;
  bool ok_ = true;
};

bool IsIp(uint8_t family) { return family == AF_INET || family == AF_INET6; }

MacAddress ToMac(ByteSpan bytes) {
  MacAddress mac;
  // InfiniBand and tunnels have link-layer addresses of other lengths: no MAC.
  if (bytes.size() == mac.bytes.size()) std::copy(bytes.begin(), bytes.end(), mac.bytes.begin());
  return mac;
}

LinkKind KindOf(std::string_view name) {
  if (name == "ipvlan") return LinkKind::kIpvlan;
  if (name == "ipvtap") return LinkKind::kIpvtap;
  if (name == "macvlan") return LinkKind::kMacvlan;
  if (name == "macvtap") return LinkKind::kMacvtap;
  if (name == "dummy") return LinkKind::kDummy;
  return LinkKind::kOther;
}

// False if the nested attributes are broken.
bool ParseLinkInfo(const nlattr* nest, LinkRecord* record) {
  Attributes info = Attributes::OfNested(nest);
  record->kind = KindOf(info.ReadString(IFLA_INFO_KIND));
  const bool is_ipvlan = record->kind == LinkKind::kIpvlan || record->kind == LinkKind::kIpvtap;
  const nlattr* data = is_ipvlan ? info.ReadNest(IFLA_INFO_DATA) : nullptr;
  if (data == nullptr) return info.ok();

  Attributes ipvlan = Attributes::OfNested(data);
  const auto mode = ipvlan.Read<uint16_t>(IFLA_IPVLAN_MODE, IPVLAN_MODE_L2);
  if (mode >= IPVLAN_MODE_MAX) return false;
  record->mode = static_cast<PortMode>(mode);
  record->port_flags = ipvlan.Read<uint16_t>(IFLA_IPVLAN_FLAGS, 0);
  return info.ok() && ipvlan.ok();
}

// RTA_MULTIPATH: struct rtnexthop with attributes behind each, which libmnl has no iterator for.
bool ParseNextHops(ByteSpan bytes, uint8_t family, const RouteRecord& route, RouteRecords* routes) {
  while (!bytes.empty()) {
    rtnexthop hop;
    if (bytes.size() < sizeof(hop)) return false;
    std::memcpy(&hop, bytes.data(), sizeof(hop));
    if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > bytes.size()) return false;

    Attributes attributes(bytes.subspan(sizeof(hop), hop.rtnh_len - sizeof(hop)));
    RouteRecord record = route;
    record.ifindex = hop.rtnh_ifindex;
    record.gateway = attributes.ReadAddress(RTA_GATEWAY, family);
    if (!attributes.ok()) return false;
    routes->push_back(record);
    bytes.remove_prefix(std::min<size_t>(Aligned(hop.rtnh_len), bytes.size()));
  }
  return true;
}

// Kernel errors are negative errnos.
std::optional<int32_t> ToErrno(int32_t error) {
  if (error > 0 || error == INT_MIN) return std::nullopt;
  return -error;
}

}  // namespace

std::optional<RtnlMessage> MessageWalk::Current() const {
  // Not mnl_nlmsg_ok(): it compares signed numbers, and takes a length of 2 GiB for a good one.
  if (rest_.size() < sizeof(nlmsghdr)) return std::nullopt;
  const auto* header = reinterpret_cast<const nlmsghdr*>(rest_.data());
  if (header->nlmsg_len < sizeof(nlmsghdr) || header->nlmsg_len > rest_.size()) return std::nullopt;
  return RtnlMessage{.type = header->nlmsg_type,
                     .flags = header->nlmsg_flags,
                     .sequence = header->nlmsg_seq,
                     .bytes = rest_.subspan(0, header->nlmsg_len)};
}

void MessageWalk::Advance() {
  const std::optional<RtnlMessage> current = Current();
  if (!current) return;
  rest_.remove_prefix(std::min<size_t>(Aligned(current->bytes.size()), rest_.size()));
}

bool MessageWalk::is_broken() const { return !rest_.empty() && !Current(); }

std::optional<LinkRecord> ParseLink(const RtnlMessage& message) {
  if (message.type != RTM_NEWLINK && message.type != RTM_DELLINK) return std::nullopt;
  const auto* link = FixedPart<ifinfomsg>(message);
  // AF_BRIDGE: a port that leaves a bridge is a RTM_DELLINK too, of a link that is still there
  // (br_ifinfo_notify()).
  if (link == nullptr || link->ifi_family != AF_UNSPEC || link->ifi_index <= 0) return std::nullopt;
  Attributes attributes = Attributes::OfMessage(message, sizeof(*link));
  // wireless_nlevent_flush(): tells of a Wi-Fi event, and nothing else of the link.
  if (attributes.Has(IFLA_WIRELESS)) return std::nullopt;

  LinkRecord record;
  record.deleted = message.type == RTM_DELLINK;
  record.moved_to_other_netns = record.deleted && attributes.Has(IFLA_NEW_NETNSID);
  record.ifindex = link->ifi_index;
  const std::string_view name = attributes.ReadString(IFLA_IFNAME);
  if (name.empty() || name.size() >= IFNAMSIZ) return std::nullopt;
  record.name = MakeInterfaceName(name);
  record.parent_ifindex = attributes.Read<int32_t>(IFLA_LINK, 0);
  record.parent_in_other_netns = attributes.Has(IFLA_LINK_NETNSID);
  record.is_up = (link->ifi_flags & IFF_UP) != 0;
  record.mac = ToMac(attributes.ReadBytes(IFLA_ADDRESS));
  const nlattr* info = attributes.ReadNest(IFLA_LINKINFO);
  if (info != nullptr && !ParseLinkInfo(info, &record)) return std::nullopt;
  if (!attributes.ok()) return std::nullopt;
  return record;
}

std::optional<AddressRecord> ParseAddress(const RtnlMessage& message) {
  if (message.type != RTM_NEWADDR && message.type != RTM_DELADDR) return std::nullopt;
  const auto* header = FixedPart<ifaddrmsg>(message);
  if (header == nullptr || !IsIp(header->ifa_family)) return std::nullopt;
  Attributes attributes = Attributes::OfMessage(message, sizeof(*header));

  AddressRecord record;
  record.deleted = message.type == RTM_DELADDR;
  record.ifindex = static_cast<int32_t>(header->ifa_index);
  // IFA_ADDRESS is the peer's on a point-to-point link; IPv6 has IFA_LOCAL only there.
  const IpAddress address = attributes.ReadAddress(IFA_ADDRESS, header->ifa_family);
  const IpAddress local = attributes.ReadAddress(IFA_LOCAL, header->ifa_family);
  record.address = local.has_value() ? local : address;
  record.prefix_length = header->ifa_prefixlen;
  record.protocol = attributes.Read<uint8_t>(IFA_PROTO, 0);
  record.flags = attributes.Read<uint32_t>(IFA_FLAGS, header->ifa_flags);
  ifa_cacheinfo lifetimes{};
  lifetimes.ifa_prefered = kInfiniteLifetimeSec;
  lifetimes.ifa_valid = kInfiniteLifetimeSec;
  lifetimes = attributes.Read(IFA_CACHEINFO, lifetimes);
  record.valid_sec = lifetimes.ifa_valid;
  record.preferred_sec = lifetimes.ifa_prefered;
  if (!attributes.ok() || !record.address.has_value()) return std::nullopt;
  if (record.prefix_length > record.address.bit_length()) return std::nullopt;
  return record;
}

std::optional<NeighbourRecord> ParseNeighbour(const RtnlMessage& message) {
  if (message.type != RTM_NEWNEIGH) return std::nullopt;
  const auto* header = FixedPart<ndmsg>(message);
  if (header == nullptr || !IsIp(header->ndm_family)) return std::nullopt;
  Attributes attributes = Attributes::OfMessage(message, sizeof(*header));

  NeighbourRecord record;
  record.ifindex = header->ndm_ifindex;
  record.address = attributes.ReadAddress(NDA_DST, header->ndm_family);
  record.mac = ToMac(attributes.ReadBytes(NDA_LLADDR));
  record.state = header->ndm_state;
  if (!attributes.ok() || !record.address.has_value()) return std::nullopt;
  return record;
}

std::optional<RouteRecords> ParseRoute(const RtnlMessage& message) {
  if (message.type != RTM_NEWROUTE) return std::nullopt;
  const auto* header = FixedPart<rtmsg>(message);
  if (header == nullptr || !IsIp(header->rtm_family)) return std::nullopt;
  Attributes attributes = Attributes::OfMessage(message, sizeof(*header));

  RouteRecord route;
  // A default route has no RTA_DST.
  route.destination.address =
      header->rtm_family == AF_INET ? IpAddress::V4(0) : IpAddress::V6(std::array<uint8_t, 16>{});
  if (attributes.Has(RTA_DST))
    route.destination.address = attributes.ReadAddress(RTA_DST, header->rtm_family);
  route.destination.length = header->rtm_dst_len;
  route.table = attributes.Read<uint32_t>(RTA_TABLE, header->rtm_table);
  route.type = header->rtm_type;
  route.ifindex = attributes.Read<int32_t>(RTA_OIF, 0);
  route.gateway = attributes.ReadAddress(RTA_GATEWAY, header->rtm_family);
  const ByteSpan next_hops = attributes.ReadBytes(RTA_MULTIPATH);
  if (!attributes.ok() || route.destination.length > route.destination.address.bit_length())
    return std::nullopt;

  RouteRecords routes;
  if ((header->rtm_flags & RTM_F_CLONED) != 0) return routes;
  if (!attributes.Has(RTA_MULTIPATH)) {
    routes.push_back(route);
  } else if (!ParseNextHops(next_hops, header->rtm_family, route, &routes)) {
    return std::nullopt;
  }
  return routes;
}

std::optional<int32_t> ParseError(const RtnlMessage& message) {
  if (message.type != NLMSG_ERROR) return std::nullopt;
  const auto* header = FixedPart<nlmsgerr>(message);
  if (header == nullptr) return std::nullopt;
  return ToErrno(header->error);
}

std::optional<int32_t> ParseDone(const RtnlMessage& message) {
  if (message.type != NLMSG_DONE) return std::nullopt;
  const auto* error = FixedPart<int32_t>(message);
  if (error == nullptr) return 0;  // netlink_dump_done() always has it; others need not
  return ToErrno(*error);
}

}  // namespace l3sync
