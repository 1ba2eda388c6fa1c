#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/frame.h"

// Messages as sentences: what is not named is absent, or what a plain client and server would say.
namespace l3sync::testing {

// Of the network that all tests are on.
inline constexpr MacAddress kSharedMac = {{0x02, 0, 0, 0, 0, 0xfe}};
inline constexpr MacAddress kRouterMac = {{0x52, 0x54, 0, 0, 0, 0x01}};
inline constexpr std::string_view kServer = "192.0.2.1";
inline constexpr std::string_view kRouter = "fe80::1";
inline constexpr uint32_t kLease = 3600;

IpAddress Ip(std::string_view text);  // the test ends if it is none
IpPrefix Net(std::string_view text);

// A frame and the bytes that it was parsed from.
struct Heard {
  std::vector<uint8_t> bytes;
  ParsedFrame frame;
};

struct ClientMessage {
  uint32_t xid = 1;
  std::string_view client_id = {};
  std::string_view requested = {};  // option 50
  std::string_view server = {};     // option 54
  std::string_view ciaddr = {};
  bool rapid_commit = false;
  bool unicast = false;
  uint8_t op = 1;
};
Heard FromClient(Dhcp4Type type, const ClientMessage& message);

struct ServerMessage {
  uint32_t xid = 1;
  std::string_view client_id = {};  // echoed by RFC 6842
  std::string_view yiaddr = {};
  std::string_view ciaddr = {};
  std::string_view server = kServer;
  std::optional<uint32_t> lease = kLease;
  std::string_view mask = {};
  std::string_view router = {};
  std::string_view resolver = {};
  std::optional<uint32_t> v6only_wait = {};
  std::string_view giaddr = {};
  bool rapid_commit = false;
  bool broadcast = false;
  std::string_view destination = {};  // of the packet; by default yiaddr, else ciaddr
  uint8_t op = 2;
};
Heard FromServer(Dhcp4Type type, const ServerMessage& message);

struct Neighbour {
  NdType type = NdType::kNeighbourSolicitation;
  std::string_view source = "::";
  std::string_view target = {};  // none for an RS
  std::string_view nonce = {};
  MacAddress mac = kSharedMac;  // of the frame, and of an NA's option
};
Heard FromNeighbour(const Neighbour& message);

struct Prefix {
  std::string prefix = "2001:db8:1::/64";
  uint32_t valid = 86400;
  uint32_t preferred = 14400;
  bool autonomous = true;
};
struct Advertisement {
  std::vector<Prefix> prefixes = {};
  std::string_view source = kRouter;
  std::string_view resolver = {};
};
Heard FromRouter(const Advertisement& message);

}  // namespace l3sync::testing
