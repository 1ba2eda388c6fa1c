#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace l3sync {

// Why a valid message changed nothing. One counter each.
enum class IgnoreReason : uint8_t {
  kUnknownInterface,  // neither the parent nor a served slave (a bond's lower device; a slave in
                      // mode l3)
  kWrongSide,  // a client message from the network, or a type that its sender never sends (C2, N1)
  kWrongOpcode,          // BOOTREQUEST of a server
  kUnclassifiedRequest,  // a REQUEST that is none of RFC 2131 table 4 (S4-4)
  kTooManyHolders,       // an xid that too many slaves use already
  kUnmatchedReply,       // no slave waits for it (S4-2)
  kCopiedXid,  // a slave used a pending xid and client identifier of another one and got nothing
               // (S4-2)
  kReplyNotToClient,  // neither broadcast nor addressed to the address it gives (kernel-facts B.4)
  kOfferOutOfTurn,    // an OFFER to a client that sent no DISCOVER
  kAckOutOfTurn,      // an ACK to a client that sent no REQUEST (S4-7)
  kAckOfOtherServer,  // the REQUEST named another server (S4-15)
  kInformAnswered,    // an ACK to an INFORM binds nothing (S4-6)
  kNoServerIdentifier,    // OFFER or ACK without option 54 (RFC 2131 table 3)
  kNoLeaseTime,           // ACK without option 51
  kZeroLeaseTime,         // S4-8
  kNoAddress,             // yiaddr 0: nothing to assign (option 108, S4-14)
  kNakOfOtherServer,      // S4-9
  kSpoofedRelease,        // RELEASE of an address that is not the sender's (S4-10)
  kSpoofedDecline,        // S4-11
  kForceRenew,            // a trigger without state (P4-5)
  kRelayMessage,          // DHCPv6 of or to a relay agent, which no guest is (P6-1)
  kReconfigure,           // a trigger without state (S6-7)
  kStatusNotSuccess,      // a status code of a Reply grants nothing (S6-3)
  kUnaskedAssociation,    // a Reply with an IA that the request did not have
  kGivenUpMeanwhile,      // granted in answer to a request from before the address's release (S6-5)
  kPrefixDelegation,      // IA_PD in a Reply: never assigned (S6-4)
  kRegistrationOfOther,   // ADDR-REG-INFORM that is not from the one address in it (S6-9)
  kRegistrationAnswered,  // ADDR-REG-REPLY never changes state (S6-9)
  kWaitingOffersFull,     // too many slaves were offered one address at once
  kPendingRepliesFull,    // too many replies wait for their address
  kUndeliverableReply,    // not a frame that can be looped to a slave
  kStaleReply,            // waited too long for its address
  kRepeatedReply,         // the same reply waits already
  kClaimOfKernel,         // the host's own kernel said it on the slave
  kClaimOutsidePrefix,    // a claim in no known prefix (N5)
  kClaimOfSibling,        // a claim of an address that another slave has
  kOwnProbe,              // what l3sync asked a guest (D6), as it passed its slave
  kLoopedBack,            // a neighbour message of a guest that came back (D2, D3)
  kClaimsFull,            // too many claims of one slave wait
  kNoClaim,               // a neighbour message without an address to learn
  kPrefixNotAutonomous,   // L1: A=0, link-local, not a /64, or preferred > valid
  kPrefixesFull,          // too many prefixes on one link
  kArpWithoutConflict,   // ARP of a guest, of an address that none has, or with the shared MAC (N6,
                         // D7, F21)
  kAnnouncementsFull,    // too many addresses are being announced (D8)
  kForgedDhcp4,          // a DHCPv4 server's message that a guest sent (Q1)
  kForgedDhcp6,          // a DHCPv6 server's
  kForgedAdvertisement,  // a router's
  kQuarantined,          // what a quarantined guest would have got (Q2)
  kReflectedForgery,     // one of these, come back from the network (Q3)
  kReflectedGuest,       // with the shared MAC, from the network: a guest's, come back (Q4, F20)
};
inline constexpr size_t kIgnoreReasonCount = static_cast<size_t>(IgnoreReason::kReflectedGuest) + 1;
std::string_view IgnoreReasonName(IgnoreReason reason);  // "unknown_interface"

using IgnoreCounters = std::array<uint64_t, kIgnoreReasonCount>;

}  // namespace l3sync
