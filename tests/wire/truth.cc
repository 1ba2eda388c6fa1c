#include "tests/wire/truth.h"

#include <algorithm>
#include <string_view>

#include "wire/ip_address.h"

namespace l3sync::testing {

namespace {

Json OrNull(const IpAddress& address) {
  return address.has_value() ? Json(address.ToString()) : Json();
}

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json OrNull(const std::optional<MacAddress>& mac) { return mac ? Json(mac->ToString()) : Json(); }

std::string Hex(ByteSpan bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : bytes) {
    text += kDigits.at(byte >> 4);
    text += kDigits.at(byte & 0x0f);
  }
  return text;
}

std::string HexXid(uint32_t xid) {
  return Hex(IpAddress::V4(xid).bytes());  // four bytes in network order
}

Json Texts(const absl::InlinedVector<IpAddress, 2>& addresses) {
  Json list = Json::array();
  for (const IpAddress& address : addresses) {
    list.push_back(address.ToString());
  }
  return list;
}

Json DescribeMessage(const Dhcp4Message& m) {
  return {{"op", m.op},
          {"htype", m.hardware_type},
          {"hlen", m.hardware_length},
          {"hops", m.hops},
          {"xid", HexXid(m.xid)},
          {"secs", m.secs},
          {"flags", m.flags},
          {"ciaddr", OrNull(m.ciaddr)},
          {"yiaddr", OrNull(m.yiaddr)},
          {"siaddr", OrNull(m.siaddr)},
          {"giaddr", OrNull(m.giaddr)},
          {"chaddr16", Hex(m.chaddr)},
          {"msg_type", static_cast<uint8_t>(m.type)},
          {"lease_time", OrNull(m.lease_time_sec)},
          {"t1", OrNull(m.renewal_time_sec)},
          {"t2", OrNull(m.rebinding_time_sec)},
          {"requested_ip", OrNull(m.requested_address)},
          {"server_id", OrNull(m.server_identifier)},
          {"client_id", m.client_identifier.empty() ? Json() : Json(Hex(m.client_identifier))},
          {"subnet_mask", OrNull(m.subnet_mask)},
          {"overload", m.overload == 0 ? Json() : Json(m.overload)},
          {"end", m.end_seen},
          {"routers", Texts(m.routers)},
          {"resolvers", Texts(m.resolvers)},
          {"rapid_commit", m.rapid_commit},
          {"v6only", OrNull(m.v6only_wait_sec)}};
}

Json DescribePrefix(const PrefixInformation& p) {
  return {{"prefix", p.prefix.address.ToString()},
          {"len", p.prefix.length},
          {"on_link", p.on_link},
          {"autonomous", p.autonomous},
          {"valid", p.valid_sec},
          {"preferred", p.preferred_sec}};
}

Json StatusOrNull(uint16_t status) { return status == 0 ? Json() : Json(status); }

Json DescribeAssociations(const Dhcp6Message& m, bool temporary) {
  Json list = Json::array();
  for (const Dhcp6Association& ia : m.associations) {
    if (ia.temporary != temporary) {
      continue;
    }
    Json addresses = Json::array();
    for (const Dhcp6Address& a : ia.addresses) {
      addresses.push_back({{"addr", a.address.ToString()},
                           {"preferred", a.preferred_sec},
                           {"valid", a.valid_sec},
                           {"status", StatusOrNull(a.status)}});
    }
    Json described = {
        {"iaid", HexXid(ia.iaid)}, {"status", StatusOrNull(ia.status)}, {"addrs", addresses}};
    if (!temporary) {
      described["t1"] = ia.t1_sec;
      described["t2"] = ia.t2_sec;
    }
    list.push_back(described);
  }
  return list;
}

Json DescribeMessage(const Dhcp6Message& m) {
  const auto duid = [](const Duid& id) { return id.empty() ? Json() : Json(Hex(id)); };
  return {{"msg_type", static_cast<uint8_t>(m.type)},
          {"xid", HexXid(m.xid).substr(2)},
          {"client_duid", duid(m.client_identifier)},
          {"server_duid", duid(m.server_identifier)},
          {"status", StatusOrNull(m.status)},
          {"rapid_commit", m.rapid_commit},
          {"ia_na", DescribeAssociations(m, false)},
          {"ia_ta", DescribeAssociations(m, true)},
          {"delegations", m.delegations},
          {"relay_depth", m.relay_depth}};
}

Json DescribeMessage(const ArpMessage& m) { return {{"operation", m.operation}}; }

Json DescribeMessage(const NdMessage& m) {
  Json prefixes = Json::array();
  for (const PrefixInformation& prefix : m.prefixes) {
    prefixes.push_back(DescribePrefix(prefix));
  }
  const bool na = m.type == NdType::kNeighbourAdvertisement;
  const bool ra = m.type == NdType::kRouterAdvertisement;
  const auto only = [](bool there, Json value) { return there ? std::move(value) : Json(); };
  return {{"type", static_cast<uint8_t>(m.type)},
          {"code", m.code},
          {"target", OrNull(m.target)},
          {"router", only(na, m.router)},
          {"solicited", only(na, m.solicited)},
          {"override", only(na, m.override_flag)},
          {"slla", OrNull(m.source_link_layer)},
          {"tlla", OrNull(m.target_link_layer)},
          {"prefixes", prefixes},
          {"cur_hop_limit", only(ra, m.current_hop_limit)},
          {"managed", only(ra, m.managed)},
          {"other", only(ra, m.other_configuration)},
          {"router_lifetime", only(ra, m.router_lifetime_sec)},
          {"reachable", only(ra, m.reachable_time_ms)},
          {"retrans", only(ra, m.retransmit_time_ms)},
          {"mtu", OrNull(m.mtu)},
          {"resolver_count", m.resolvers.size()},
          {"nonce", !m.nonce.empty()}};
}

// The joined value of an option of DHCPv4 as hex; null if it is absent.
Json JoinedValue(const Json& dhcp4, int code) {
  Json value;
  for (const Json& option : dhcp4.at("options")) {
    if (option.at(0) == code) {
      value = (value.is_null() ? "" : value.get<std::string>()) + option.at(2).get<std::string>();
    }
  }
  return value;
}

// Addresses of a joined option, four bytes each, as many as l3sync keeps.
Json JoinedAddresses(const Json& dhcp4, int code) {
  Json list = Json::array();
  const Json value = JoinedValue(dhcp4, code);
  const std::string hex = value.is_null() ? "" : value.get<std::string>();
  for (size_t i = 0; i + 8 <= hex.size() && list.size() < kMaxDhcp4Addresses; i += 8) {
    list.push_back(
        IpAddress::V4(static_cast<uint32_t>(std::stoul(hex.substr(i, 8), nullptr, 16))).ToString());
  }
  return list;
}

void DeriveDhcp4(Json* dhcp4) {
  (*dhcp4)["routers"] = JoinedAddresses(*dhcp4, 3);
  (*dhcp4)["resolvers"] = JoinedAddresses(*dhcp4, 6);
  (*dhcp4)["rapid_commit"] = JoinedValue(*dhcp4, 80) == Json(std::string());
  const Json wait = JoinedValue(*dhcp4, 108);
  (*dhcp4)["v6only"] =
      wait.is_null() ? Json() : Json(std::stoul(wait.get<std::string>(), nullptr, 16));
}

void DeriveNd(Json* nd) {
  Json usable = Json::array();
  for (Json prefix : nd->at("prefixes")) {
    const auto length = prefix.at("len").get<unsigned>();
    const auto address = IpAddress::Parse(prefix.at("prefix").get<std::string>());
    if (length > 128 || !address || address->is_multicast() || address->is_link_local()) {
      continue;
    }
    const IpPrefix masked = IpPrefix{*address, static_cast<uint8_t>(length)}.Masked();
    prefix["prefix"] = masked.address.ToString();
    usable.push_back(prefix);
  }
  (*nd)["prefixes"] = usable;
  // The other dissector shows every option; RFC 4861 §7.1.2 has an NA's option 1 ignored, §6.1 and
  // §7.1.1 the others' option 2.
  (*nd)[nd->at("type") == 136 ? "slla" : "tlla"] = Json();
  unsigned resolvers = 0;
  bool nonce = false;
  for (const Json& option : nd->at("options")) {
    nonce = nonce || option.at(0) == 14;
    if (option.at(0) == 25 && option.at(1).get<unsigned>() % 2 == 1) {
      resolvers += option.at(1).get<unsigned>() / 2;
    }
  }
  (*nd)["resolver_count"] = resolvers;
  (*nd)["nonce"] = nonce;
}

// A status of 0 says what an absent one does.
void DropSuccess(Json* object) {
  if (object->at("status") == 0) {
    (*object)["status"] = Json();
  }
}

// Of a relay's message the innermost one; what l3sync leaves out (rule P6-3) is left out.
Json DeriveDhcp6(Json dhcp6) {
  unsigned depth = 0;
  for (; !dhcp6.at("relayed").is_null(); ++depth) {
    const Json inner = dhcp6.at("relayed");
    dhcp6 = inner;
  }
  const bool from_server = dhcp6.at("msg_type") == 2 || dhcp6.at("msg_type") == 7;
  DropSuccess(&dhcp6);
  for (const char* const key : {"ia_na", "ia_ta"}) {
    Json kept = Json::array();
    for (Json ia : dhcp6.at(key)) {
      DropSuccess(&ia);
      Json addresses = Json::array();
      for (Json address : ia.at("addrs")) {
        DropSuccess(&address);
        if (!from_server || address.at("preferred") <= address.at("valid")) {
          addresses.push_back(address);
        }
      }
      ia["addrs"] = addresses;
      if (!from_server || !ia.contains("t1") || ia.at("t2") == 0 || ia.at("t1") <= ia.at("t2")) {
        kept.push_back(ia);
      }
    }
    dhcp6[key] = kept;
  }
  dhcp6["delegations"] = dhcp6.at("ia_pd").size();
  dhcp6["relay_depth"] = depth;
  return dhcp6;
}

bool IsNothing(const Json& value) {
  return value.is_null() || value == false || value == 0U || (value.is_array() && value.empty());
}

// With `subset`, each element of a list of ours must be one of the truth's.
bool Agree(const Json& ours, const Json& truth, bool subset) {
  if (ours == truth || (subset && IsNothing(ours))) {
    return true;
  }
  return subset && ours.is_array() && truth.is_array() &&
         std::all_of(ours.begin(), ours.end(), [&truth](const Json& element) {
           return std::find(truth.begin(), truth.end(), element) != truth.end();
         });
}

bool HasWrongLength(const Json& dhcp4) {
  const auto length = [&dhcp4](int code) -> std::optional<size_t> {
    const Json value = JoinedValue(dhcp4, code);
    return value.is_null() ? std::nullopt
                           : std::optional<size_t>(value.get<std::string>().size() / 2);
  };
  for (const int code : {50, 51, 54, 58, 59}) {
    if (length(code).value_or(4) != 4) {
      return true;
    }
  }
  const size_t client = length(61).value_or(2);
  return length(52).value_or(1) != 1 || length(53).value_or(1) != 1 || client < 2 || client > 255;
}

bool ExplainsDhcp4(DropReason reason, const Json& truth) {
  const Json& dhcp4 = truth.at("dhcp4");
  const auto is_port = [&truth](const char* key) {
    return truth.at(key) == 67 || truth.at(key) == 68;
  };
  switch (reason) {
    case DropReason::kNotDhcpOrNd:
      return !is_port("sport") || !is_port("dport");
    case DropReason::kBadIpv4Checksum:
      return truth.at("ip_csum") == "bad";
    case DropReason::kBadUdpChecksum:
      return truth.at("l4_csum") == "bad";
    case DropReason::kBadDhcp4Op:
      return dhcp4.at("op") != 1 && dhcp4.at("op") != 2;
    case DropReason::kBadHardwareType:
      return dhcp4.at("htype") != 1;
    case DropReason::kBadHardwareLength:
      return dhcp4.at("hlen").get<unsigned>() > 16;
    case DropReason::kBadMagicCookie:
      return dhcp4.at("cookie") != "63825363";
    case DropReason::kMissingMessageType:
      return dhcp4.at("msg_type").is_null();
    case DropReason::kUnknownMessageType:
      return dhcp4.at("msg_type").get<unsigned>() < 1 || dhcp4.at("msg_type").get<unsigned>() > 9;
    case DropReason::kBadOptionLength:
      return HasWrongLength(dhcp4);
    default:
      return false;
  }
}

bool ExplainsDhcp6(DropReason reason, const Json& truth) {
  const Json dhcp6 = DeriveDhcp6(truth.at("dhcp6"));
  const auto type = dhcp6.at("msg_type").get<unsigned>();
  const auto too_long = [&dhcp6](const char* key) {
    return !dhcp6.at(key).is_null() && dhcp6.at(key).get<std::string>().size() > 2 * kMaxDuid;
  };
  const auto has = [&dhcp6](int code) {
    const Json& codes = dhcp6.at("options");
    return std::find(codes.begin(), codes.end(), code) != codes.end();
  };
  switch (reason) {
    case DropReason::kBadUdpChecksum:
      return truth.at("l4_csum") == "bad";
    case DropReason::kMissingUdpChecksum:
      return truth.at("l4_csum") == "absent";
    case DropReason::kUnknownDhcp6Type:
      return type == 0 || (type > 11 && type != 36 && type != 37);
    case DropReason::kBadDuidLength:  // the other dissector shows none that is shorter than its
                                      // type
      return too_long("client_duid") || too_long("server_duid") ||
             (has(1) && dhcp6.at("client_duid").is_null()) ||
             (has(2) && dhcp6.at("server_duid").is_null());
    case DropReason::kOptionOverrun:
      // The truth has no lengths inside of options. Of the bodies that are dropped for them it does
      // show that they must be dropped: they have no identifiers.
      return dhcp6.at("client_duid").is_null() && dhcp6.at("server_duid").is_null();
    case DropReason::kMissingClientIdentifier:
      return dhcp6.at("client_duid").is_null();
    case DropReason::kMissingServerIdentifier:
      return dhcp6.at("server_duid").is_null();
    case DropReason::kUnexpectedServerIdentifier:
      return !dhcp6.at("server_duid").is_null();
    default:
      return false;
  }
}

bool ExplainsNd(DropReason reason, const Json& truth) {
  const Json& nd = truth.at("nd");
  const auto source = IpAddress::Parse(truth.at("ip_src").get<std::string>());
  const auto destination = IpAddress::Parse(truth.at("ip_dst").get<std::string>());
  const auto target = nd.at("target").is_null()
                          ? std::nullopt
                          : IpAddress::Parse(nd.at("target").get<std::string>());
  switch (reason) {
    case DropReason::kBadIcmp6Checksum:
      return truth.at("l4_csum") == "bad";
    case DropReason::kBadHopLimit:
      return truth.at("hlim") != 255;
    case DropReason::kBadNdCode:
      return nd.at("code") != 0;
    case DropReason::kBadNdSource:
      return truth.at("kind") == "ra" && !source->is_link_local();
    case DropReason::kBadNdTarget:
      return target && target->is_multicast();
    case DropReason::kForbiddenSourceLinkLayer:
      return source->is_unspecified() && !nd.at("slla").is_null();
    case DropReason::kSolicitedToMulticast:
      return nd.at("solicited") == true && destination->is_multicast();
    case DropReason::kAdvertisementBehindExtension:
      return truth.at("kind") == "ra" &&
             truth.at("protocols").get<std::string>().find("ipv6.") != std::string::npos;
    default:
      return false;
  }
}

}  // namespace

Json Describe(const ParsedFrame& frame) {
  Json ours = {{"eth_src", frame.source_mac.ToString()},
               {"eth_dst", frame.destination_mac.ToString()},
               {"ip_src", frame.source.ToString()},
               {"ip_dst", frame.destination.ToString()},
               {"hlim", frame.hop_limit}};
  const Json message =
      std::visit([](const auto& value) { return DescribeMessage(value); }, frame.message);
  ours.update(message);
  return ours;
}

Json Derived(const Json& truth) {
  Json derived;
  for (const char* const key : {"eth_src", "eth_dst", "ip_src", "ip_dst", "hlim"}) {
    derived[key] = truth.at(key);
  }
  if (!truth.at("dhcp4").is_null()) {
    Json dhcp4 = truth.at("dhcp4");
    DeriveDhcp4(&dhcp4);
    derived.update(dhcp4);
  } else if (!truth.at("dhcp6").is_null()) {
    derived.update(DeriveDhcp6(truth.at("dhcp6")));
  } else if (!truth.at("nd").is_null()) {
    Json nd = truth.at("nd");
    DeriveNd(&nd);
    derived.update(nd);
  }
  return derived;
}

std::vector<std::string> Differences(const Json& ours, const Json& truth, bool subset) {
  std::vector<std::string> differences;
  for (const auto& [key, value] : ours.items()) {
    const Json expected = truth.contains(key) ? truth.at(key) : Json("no such key");
    if (!Agree(value, expected, subset)) {
      differences.push_back(key + ": " + value.dump() + ", truth " + expected.dump());
    }
  }
  return differences;
}

bool Explains(DropReason reason, const Json& truth) {
  if (!truth.at("dhcp4").is_null()) {
    return ExplainsDhcp4(reason, truth);
  }
  if (!truth.at("dhcp6").is_null()) {
    return ExplainsDhcp6(reason, truth);
  }
  return !truth.at("nd").is_null() && ExplainsNd(reason, truth);
}

}  // namespace l3sync::testing
