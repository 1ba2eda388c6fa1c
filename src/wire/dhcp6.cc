#include "wire/dhcp6.h"

namespace l3sync {

const char* Dhcp6TypeName(Dhcp6Type type) {
  switch (type) {
    case Dhcp6Type::kSolicit:
      return "Solicit";
    case Dhcp6Type::kAdvertise:
      return "Advertise";
    case Dhcp6Type::kRequest:
      return "Request";
    case Dhcp6Type::kConfirm:
      return "Confirm";
    case Dhcp6Type::kRenew:
      return "Renew";
    case Dhcp6Type::kRebind:
      return "Rebind";
    case Dhcp6Type::kReply:
      return "Reply";
    case Dhcp6Type::kRelease:
      return "Release";
    case Dhcp6Type::kDecline:
      return "Decline";
    case Dhcp6Type::kReconfigure:
      return "Reconfigure";
    case Dhcp6Type::kInformationRequest:
      return "Information-request";
    case Dhcp6Type::kRelayForward:
      return "Relay-forward";
    case Dhcp6Type::kRelayReply:
      return "Relay-reply";
    case Dhcp6Type::kAddressRegistrationInform:
      return "ADDR-REG-INFORM";
    case Dhcp6Type::kAddressRegistrationReply:
      return "ADDR-REG-REPLY";
  }
  return "";
}

}  // namespace l3sync
