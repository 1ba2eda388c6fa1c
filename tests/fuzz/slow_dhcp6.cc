#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/fuzz/slow_bytes.h"
#include "tests/fuzz/slow_parser.h"

namespace l3sync::slow {
namespace {

constexpr uint64_t kClientIdentifier = 1, kServerIdentifier = 2, kIaNa = 3, kIaTa = 4, kIaAddr = 5,
                   kRelayMessage = 9, kStatus = 13, kRapidCommit = 14, kResolvers = 23, kIaPd = 25,
                   kIaPrefix = 26;

// Beyond these l3sync leaves out what a message holds, and says so.
constexpr size_t kMaxAssociations = 16, kMaxAddresses = 32, kMaxResolvers = 8;

struct Option {
  uint64_t code;
  Bytes value;
};

// RFC 8415 §21.1. Fewer than four bytes at the end are no option (rule P6-1).
std::vector<Option> ReadOptions(const Bytes& field) {
  std::vector<Option> options;
  size_t at = 0;
  while (field.size() - at >= 4) {
    const size_t length = Number(field, at + 2, 2);
    options.push_back({Number(field, at, 2), Cut(field, at + 4, length)});
    at += 4 + length;
  }
  return options;
}

// RFC 8415 §21.13: absent is Success; of several the first that is not. A length check of all.
uint64_t ReadStatus(const std::vector<Option>& options) {
  uint64_t status = 0;
  for (const Option& option : options) {
    if (option.code == kStatus) {
      const uint64_t code = Number(option.value, 0, 2);
      status = status == 0 ? code : status;
    }
  }
  return status;
}

struct Address {
  std::string text;
  bool lifetimes_fit;  // §21.6: preferred is not above valid
};

Address ReadAddress(const Bytes& value) {
  const uint64_t preferred = Number(value, 16, 4);
  const uint64_t valid = Number(value, 20, 4);
  const uint64_t status = ReadStatus(ReadOptions(Behind(value, 24)));
  return {Hex(Cut(value, 0, 16)) + "/" + std::to_string(preferred) + "/" + std::to_string(valid) +
              "/" + std::to_string(status),
          preferred <= valid};
}

std::vector<Address> ReadAddresses(const std::vector<Option>& options) {
  std::vector<Address> addresses;
  for (const Option& option : options) {
    if (option.code == kIaAddr) {
      addresses.push_back(ReadAddress(option.value));
    }
  }
  return addresses;
}

// One message while it is read.
struct Message {
  uint64_t type = 0;
  std::vector<Option> options;
  std::vector<std::string> associations, resolvers;
  std::string registered;
  size_t addresses = 0;
  size_t delegations = 0;
  bool delegates = false;
  bool truncated = false;

  // A client's message may hold any lifetimes, for nobody looks at them (§21.6), but for those of a
  // registration (RFC 9686 §4.2).
  bool has_lifetimes() const {
    return type == 2 || type == 7 || type == 10 || type == 36 || type == 37;
  }
};

// The addresses that count, as text. §21.6: one whose lifetimes do not fit does not.
std::string KeepAddresses(const std::vector<Address>& addresses, Message* message) {
  std::string kept;
  for (const Address& address : addresses) {
    if (message->has_lifetimes() && !address.lifetimes_fit) {
      continue;
    }
    if (message->addresses == kMaxAddresses) {
      message->truncated = true;
      continue;
    }
    ++message->addresses;
    Add(address.text, &kept);
  }
  return kept;
}

// IA_NA (§21.4), IA_TA (§21.5).
void ReadAssociation(const Option& option, Message* message) {
  const bool temporary = option.code == kIaTa;
  const std::vector<Option> inner = ReadOptions(Behind(option.value, temporary ? 4 : 12));
  const uint64_t t1 = temporary ? 0 : Number(option.value, 4, 4);
  const uint64_t t2 = temporary ? 0 : Number(option.value, 8, 4);
  const uint64_t status = ReadStatus(inner);
  const std::vector<Address> addresses = ReadAddresses(inner);
  if (message->has_lifetimes() && t1 > t2 && t2 > 0) {
    return;  // §21.4: as though the server had not included it
  }
  if (message->associations.size() == kMaxAssociations) {
    message->truncated = true;
    return;
  }
  message->associations.push_back(std::string(temporary ? "IA_TA" : "IA_NA") + " iaid " +
                                  std::to_string(Number(option.value, 0, 4)) + " T1 " +
                                  std::to_string(t1) + " T2 " + std::to_string(t2) + " status " +
                                  std::to_string(status) + " (" +
                                  KeepAddresses(addresses, message) + ")");
}

// IA_PD (§21.21) and the prefixes in it (§21.22).
void ReadDelegation(const Option& option, Message* message) {
  ++message->delegations;
  const std::vector<Option> options = ReadOptions(Behind(option.value, 12));
  ReadStatus(options);
  for (const Option& inner : options) {
    if (inner.code == kIaPrefix) {
      ReadStatus(ReadOptions(Behind(inner.value, 25)));
      message->delegates = message->delegates || Number(inner.value, 4, 4) > 0;
    }
  }
}

// RFC 3646 §3: a multiple of 16. They only add to what is learned, so with another length they are
// as good as absent.
void ReadResolvers(const Bytes& value, Message* message) {
  for (size_t at = 0; value.size() % 16 == 0 && at < value.size(); at += 16) {
    if (message->resolvers.size() == kMaxResolvers) {
      message->truncated = true;
      return;
    }
    message->resolvers.push_back(Hex(Cut(value, at, 16)));
  }
}

// The first identifier of that code, as hexadecimal; empty if there is none. §11.1: two bytes of
// type and at most 128 more.
std::string ReadIdentifier(const std::vector<Option>& options, uint64_t code) {
  std::string first;
  for (const Option& option : options) {
    if (option.code == code) {
      Require(option.value.size() >= 2 && option.value.size() <= 130, "length of an identifier");
      first = first.empty() ? Hex(option.value) : first;
    }
  }
  return first;
}

// §16.2 to §16.12, RFC 9686 §4.2; rule P6-4.
void JudgeIdentifiers(uint64_t type, bool client, bool server) {
  const auto one_of = [type](const std::vector<uint64_t>& types) {
    return std::find(types.begin(), types.end(), type) != types.end();
  };
  // All but Reply, Information-request and a registration's reply.
  Require(client || one_of({7, 11, 37}), "no client identifier");
  // Advertise, Request, Renew, Reply, Release, Decline, Reconfigure.
  Require(server || !one_of({2, 3, 5, 7, 8, 9, 10}), "no server identifier");
  // Solicit, Confirm, Rebind and a registration ask any server.
  Require(!server || !one_of({1, 4, 6, 36}), "a server identifier");
}

void ReadOption(const Option& option, Message* message) {
  switch (option.code) {
    case kIaNa:
    case kIaTa:
      return ReadAssociation(option, message);
    case kIaPd:
      return ReadDelegation(option, message);
    case kResolvers:
      return ReadResolvers(option.value, message);
    case kIaAddr:
      // Outside of an IA only in the two messages of RFC 9686.
      if (message->type == 36 || message->type == 37) {
        const std::string kept = KeepAddresses({ReadAddress(option.value)}, message);
        if (!kept.empty()) {
          Add(kept, &message->registered);
        }
      }
      return;
    default:
      return;
  }
}

std::string Join(const std::vector<std::string>& members) {
  std::string list;
  for (const std::string& member : members) {
    Add(member, &list);
  }
  return list;
}

// RFC 8415 §9: a relay's message holds another one in its option 9.
void ReadRelayed(const Bytes& bytes, size_t relay_depth, Description* out) {
  Require(relay_depth < 8, "too many relays");
  for (const Option& option : ReadOptions(Behind(bytes, 34))) {
    if (option.code == kRelayMessage) {
      return ReadDhcp6(option.value, relay_depth + 1, out);
    }
  }
  throw Rejected{"a relay's message with nothing in it"};
}

}  // namespace

void ReadDhcp6(const Bytes& bytes, size_t relay_depth, Description* out) {
  Message message;
  message.type = Number(bytes, 0, 1);
  if (message.type == 12 || message.type == 13) {
    return ReadRelayed(bytes, relay_depth, out);
  }
  Require((message.type >= 1 && message.type <= 11) || message.type == 36 || message.type == 37,
          "message type");
  (*out)["kind"] = "DHCPv6";
  (*out)["type"] = std::to_string(message.type);
  (*out)["xid"] = std::to_string(Number(bytes, 1, 3));
  (*out)["relay depth"] = std::to_string(relay_depth);
  message.options = ReadOptions(Behind(bytes, 4));
  bool rapid_commit = false;
  for (const Option& option : message.options) {
    ReadOption(option, &message);
    // §21.14: it has no bytes.
    rapid_commit = rapid_commit || (option.code == kRapidCommit && option.value.empty());
  }
  const std::string client = ReadIdentifier(message.options, kClientIdentifier);
  const std::string server = ReadIdentifier(message.options, kServerIdentifier);
  JudgeIdentifiers(message.type, !client.empty(), !server.empty());
  (*out)["client identifier"] = client;
  (*out)["server identifier"] = server;
  (*out)["status"] = std::to_string(ReadStatus(message.options));
  (*out)["rapid commit"] = std::to_string(int{rapid_commit});
  (*out)["associations"] = Join(message.associations);
  (*out)["registered"] = message.registered;
  (*out)["resolvers"] = Join(message.resolvers);
  (*out)["delegations"] = std::to_string(std::min<size_t>(message.delegations, 255));
  (*out)["delegates"] = std::to_string(int{message.delegates});
  (*out)["truncated"] = std::to_string(int{message.truncated});
}

}  // namespace l3sync::slow
