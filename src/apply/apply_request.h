// apply: what the worker, which has no power, asks of the applier, which has some: numbers, and
// nothing else but the payload of a reply. Both sides include this; the applier takes the worker
// for hostile.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "wire/bytes.h"
#include "wire/ip_address.h"

namespace l3sync {

enum class ApplyVerb : uint8_t {
  kPutAddress = 1,    // RTM_NEWADDR of address/32 or /128 on ifindex; flag: replace
  kRemoveAddress,     // RTM_DELADDR of it
  kRemoveLocalRoute,  // RTM_DELROUTE of the route in table local that came with it
  kDeliver,           // one UDP reply to the guest on ifindex; the payload follows
  kProbe,             // asks the guest on ifindex whether it is there (rule D6)
  kAnnounce,          // says on ifindex who has address (rule D8)
  kVerdict,           // on what the nfqueue holds as held_id; flag: drop, else release
  kReleaseHeld,       // on all that it holds, up to held_id
};

// One datagram, as it lies in memory: both ends are one program, on one machine. No padding, so
// that nothing else of a process goes along.
struct ApplyRequest {
  uint32_t sequence = 0;  // comes back in the answer
  ApplyVerb verb{};
  uint8_t flag = 0;            // 0 or 1
  uint8_t protocol = 0;        // kPutAddress: IFA_PROTO
  uint8_t address_length = 0;  // bytes of `address` (and of `source`) that count: 0, 4 or 16
  int32_t ifindex = 0;
  uint32_t valid_sec = 0, preferred_sec = 0;  // kPutAddress
  uint32_t held_id = 0;
  uint16_t source_port = 0, destination_port = 0;  // kDeliver
  uint32_t payload_length = 0;                     // kDeliver: bytes that follow; else 0
  std::array<uint8_t, 16> address{};               // kDeliver: the destination
  std::array<uint8_t, 16> source{};                // kDeliver
};
static_assert(std::has_unique_object_representations_v<ApplyRequest>);

// Exactly one for each request but the verdicts, which have none.
struct ApplyAnswer {
  uint32_t sequence = 0;
  int32_t error = 0;  // positive errno; 0 is success. EPERM: the applier itself refuses
};
static_assert(std::has_unique_object_representations_v<ApplyAnswer>);

// A frame of the usual MTUs, less its headers; beyond, a reply is not delivered.
inline constexpr size_t kMaxApplyPayload = 9216;
inline constexpr size_t kMaxApplyDatagram = sizeof(ApplyRequest) + kMaxApplyPayload;

// The address that the field holds; none for any length but 4 and 16.
IpAddress AddressIn(const std::array<uint8_t, 16>& field, uint8_t length);
void PutAddressIn(const IpAddress& address, std::array<uint8_t, 16>* field, uint8_t* length);

// nullopt unless the datagram has exactly the length that it says and a verb that there is.
// `payload` is then a view into it.
std::optional<ApplyRequest> ParseApplyRequest(ByteSpan datagram, ByteSpan* payload);

}  // namespace l3sync
