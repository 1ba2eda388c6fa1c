// learn: values to decisions. Pure: no syscall, no clock, no log, no thread; time is an argument.
// What it wants goes out through the Output that its owner gives it.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "learn/kernel_record.h"
#include "wire/ip_address.h"

namespace l3sync {

// The events of l3sync(8), in the order of the manual.
enum class EventKind : uint8_t {
  kLinkAdded,
  kLinkRemoved,
  kAddressRequested,
  kAddressConfirmed,
  kAddressRefreshed,
  kAddressRemoved,
  kAddressRefused,
  kAddressConflict,
  kReplyDelivered,
  kReplyUndelivered,
  kDelegationIgnored,
  kGuestQuarantined,
  kGuestReleased,
  kParentReflects,
  kPortChanged,
  kParentGone,
  kResync,
  kReady,
  kStopped,
};
std::string_view EventName(EventKind kind);  // "link-added"

enum class Severity : uint8_t { kInfo, kWarning, kError };

// From which message an address is known.
enum class Origin : uint8_t {
  kNone,
  kDhcp4Offer,
  kDhcp4Ack,
  kDhcp6Reply,
  kLinkLocal,
  kSlaac,
  kAdopted,
  kAdoptedLease,  // "adopted" too
  kBind,          // --bind
};
std::string_view OriginName(Origin origin);  // "dhcp4-offer"; "" for kNone

// Why something was refused, taken away, or is not served.
enum class Reason : uint8_t {
  kNone,
  // The address is never assigned (rule T7, --deny).
  kSpecialAddress,
  kSubnetBroadcast,
  kHostAddress,
  kNextHop,
  kServer,
  kResolver,
  kNeighbour,
  kDenied,
  kSharedEui64,
  // The address is somebody else's, or too much.
  kHeldBySlave,
  kSameClient,
  kConfigured,
  kInUseElsewhere,
  kDuplicate,
  kQuota,
  kDeclinedBefore,
  // The kernel said no.
  kIpv6Disabled,
  kNotPermitted,
  kKernelError,
  // Why an address went.
  kReleased,
  kDeclined,
  kNak,
  kExpired,
  kOfferNotTaken,
  kOfferYielded,
  kMoved,
  kNewLease,
  kSlaveGone,
  kLinkDown,
  kDeletedByOther,
  kEvicted,
  kNotWanted,
  // Why a slave is not served, or what its port lacks.
  kModeL3,
  kModeL3s,
  kPlainIpvlan,
  kOtherNamespace,
  kPrivateFlag,
  kVepaFlag,
  kNoInjection,
  // Why a guest is quarantined: what it sent.
  kForgedDhcp4,
  kForgedDhcp6,
  kForgedAdvertisement,
  // What makes what a guest sends come in on the parent.
  kMacvlanParent,
  kReflectedGuest,
  kReflectedForgery,
  // Why the kernel was read anew.
  kStart,
  kPoll,
  kEventsLost,
  kDumpFailed,
  kResume,
  // There is nothing to do yet.
  kNoSlave,
};
std::string_view ReasonName(Reason reason);  // "held_by_slave": for programs
std::string_view ReasonText(
    Reason reason);  // a clause for people, with the mend where there is one

// Something that happened, as a value; the runtime writes it. Trivially copyable: crosses a ring.
struct Event {
  EventKind kind{};
  Severity severity = Severity::kInfo;
  Origin origin = Origin::kNone;
  Reason reason = Reason::kNone;
  bool dry_run = false;
  bool has_lifetimes = false;
  bool has_xid = false;
  bool has_mac = false;
  int32_t ifindex = 0;        // 0: none
  int32_t other_ifindex = 0;  // the slave that has the address, gets it, or forged; 0: none
  InterfaceName name{};       // filled in by the runtime, which knows the links
  InterfaceName other_name{};
  IpAddress address;
  MacAddress mac;              // kAddressConflict: who else uses the address
  uint32_t valid_sec = 0;      // kInfiniteLifetimeSec: never ends
  uint32_t preferred_sec = 0;  // as advertised, not as given to the kernel
  uint32_t xid = 0;
  int32_t error = 0;  // errno, with kKernelError and kNoInjection
};
static_assert(std::is_trivially_copyable_v<Event>);

}  // namespace l3sync
