#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "learner_bed.h"

// DHCPv6 messages as sentences: what is not named is absent, or what a plain client and server
// would say.
namespace l3sync::testing {

inline constexpr std::string_view kGuest6 = "2001:db8::a", kGuest6Other = "2001:db8::b";

struct Address6 {
  std::string address = std::string(kGuest6);
  uint32_t valid = kLease;
  uint32_t preferred = 1800;
  Dhcp6Status status = Dhcp6Status::kSuccess;
};
struct Association6 {
  uint32_t iaid = 1;
  std::vector<Address6> addresses = {};
  Dhcp6Status status = Dhcp6Status::kSuccess;
  bool temporary = false;
};

struct Message6 {
  uint32_t xid = 1;
  std::string_view duid = "guest";
  std::string_view server = "server";  // left out where a client's message has none
  std::vector<Association6> associations = {{}};
  Dhcp6Status status = Dhcp6Status::kSuccess;
  bool rapid_commit = false;
  std::string_view resolver = {};
  uint8_t delegations = 0;
  std::vector<Address6> registered = {};
  uint8_t relay_depth = 0;
  bool truncated = false;
  std::string_view guest = "fe80::a";  // the client's end
  std::string_view peer = "fe80::1";   // the server's end
  bool to_group = false;               // a server's, to all stations
};

class Dhcp6Bed : public LearnerBed {
 public:
  using LearnerBed::LearnerBed;

  void Say6(int32_t slave, Dhcp6Type type, const Message6& message);
  void Answer6(Dhcp6Type type, const Message6& message);
  // A Request, and the Reply to it. The association of both is the one of `message`.
  void Lease6(int32_t slave, const Message6& message);
};

// One association with these addresses.
std::vector<Association6> Ia(std::vector<Address6> addresses, uint32_t iaid = 1);

}  // namespace l3sync::testing
