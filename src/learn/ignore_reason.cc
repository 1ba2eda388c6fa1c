#include "learn/ignore_reason.h"

namespace l3sync {

std::string_view IgnoreReasonName(IgnoreReason reason) {
  switch (reason) {
    case IgnoreReason::kUnknownInterface:
      return "unknown_interface";
    case IgnoreReason::kWrongSide:
      return "wrong_side";
    case IgnoreReason::kWrongOpcode:
      return "wrong_opcode";
    case IgnoreReason::kUnclassifiedRequest:
      return "unclassified_request";
    case IgnoreReason::kTooManyHolders:
      return "too_many_holders";
    case IgnoreReason::kUnmatchedReply:
      return "unmatched_reply";
    case IgnoreReason::kCopiedXid:
      return "copied_xid";
    case IgnoreReason::kReplyNotToClient:
      return "reply_not_to_client";
    case IgnoreReason::kOfferOutOfTurn:
      return "offer_out_of_turn";
    case IgnoreReason::kAckOutOfTurn:
      return "ack_out_of_turn";
    case IgnoreReason::kAckOfOtherServer:
      return "ack_of_other_server";
    case IgnoreReason::kInformAnswered:
      return "inform_answered";
    case IgnoreReason::kNoServerIdentifier:
      return "no_server_identifier";
    case IgnoreReason::kNoLeaseTime:
      return "no_lease_time";
    case IgnoreReason::kZeroLeaseTime:
      return "zero_lease_time";
    case IgnoreReason::kNoAddress:
      return "no_address";
    case IgnoreReason::kNakOfOtherServer:
      return "nak_of_other_server";
    case IgnoreReason::kSpoofedRelease:
      return "spoofed_release";
    case IgnoreReason::kSpoofedDecline:
      return "spoofed_decline";
    case IgnoreReason::kForceRenew:
      return "force_renew";
    case IgnoreReason::kRelayMessage:
      return "relay_message";
    case IgnoreReason::kReconfigure:
      return "reconfigure";
    case IgnoreReason::kStatusNotSuccess:
      return "status_not_success";
    case IgnoreReason::kUnaskedAssociation:
      return "unasked_association";
    case IgnoreReason::kGivenUpMeanwhile:
      return "given_up_meanwhile";
    case IgnoreReason::kPrefixDelegation:
      return "prefix_delegation";
    case IgnoreReason::kRegistrationOfOther:
      return "registration_of_other";
    case IgnoreReason::kRegistrationAnswered:
      return "registration_answered";
    case IgnoreReason::kWaitingOffersFull:
      return "waiting_offers_full";
    case IgnoreReason::kPendingRepliesFull:
      return "pending_replies_full";
    case IgnoreReason::kUndeliverableReply:
      return "undeliverable_reply";
    case IgnoreReason::kStaleReply:
      return "stale_reply";
    case IgnoreReason::kRepeatedReply:
      return "repeated_reply";
    case IgnoreReason::kClaimOfKernel:
      return "claim_of_kernel";
    case IgnoreReason::kClaimOutsidePrefix:
      return "claim_outside_prefix";
    case IgnoreReason::kClaimOfSibling:
      return "claim_of_sibling";
    case IgnoreReason::kClaimsFull:
      return "claims_full";
    case IgnoreReason::kNoClaim:
      return "no_claim";
    case IgnoreReason::kPrefixNotAutonomous:
      return "prefix_not_autonomous";
    case IgnoreReason::kPrefixesFull:
      return "prefixes_full";
    case IgnoreReason::kArpWithoutConflict:
      return "arp_without_conflict";
    case IgnoreReason::kOwnAnnouncement:
      return "own_announcement";
    case IgnoreReason::kAnnouncementsFull:
      return "announcements_full";
  }
  return "";
}

}  // namespace l3sync
