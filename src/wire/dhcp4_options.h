#pragma once

#include <optional>

#include "wire/bytes.h"
#include "wire/dhcp4.h"
#include "wire/drop_reason.h"
#include "wire/joined_option.h"

namespace l3sync {

// The options that l3sync decides by, as they stood in the message: joined, not yet judged.
struct Dhcp4Options {
  JoinedOption<4> subnet_mask;                           // 1
  JoinedOption<4 * kMaxDhcp4Addresses> routers;          // 3
  JoinedOption<4 * kMaxDhcp4Addresses> resolvers;        // 6
  JoinedOption<4> requested_address;                     // 50
  JoinedOption<4> lease_time;                            // 51
  JoinedOption<1> overload;                              // 52, of the options field only
  JoinedOption<1> message_type;                          // 53
  JoinedOption<4> server_identifier;                     // 54
  JoinedOption<4> renewal_time;                          // 58
  JoinedOption<4> rebinding_time;                        // 59
  JoinedOption<kMaxClientIdentifier> client_identifier;  // 61
  JoinedOption<1> rapid_commit;                          // 80, which has no bytes
  JoinedOption<4> v6only_wait;                           // 108
  bool end_seen = false;                                 // END in the options field
};

// The three places where options may be. `file` and `sname` are the fixed fields, whatever they
// hold.
struct Dhcp4OptionFields {
  ByteSpan options;  // behind the magic cookie
  ByteSpan file, sname;
};

// Collects in the order of RFC 2131 §4.1: options, then file, then sname, the latter two as option
// 52 says. nullopt if all of it could be read.
std::optional<DropReason> CollectDhcp4Options(const Dhcp4OptionFields& fields, Dhcp4Options* out);

// Judges lengths and values and fills in `message`. nullopt if it is a DHCP message.
std::optional<DropReason> JudgeDhcp4Options(const Dhcp4Options& options, Dhcp4Message* message);

}  // namespace l3sync
