#include "learn/event.h"

namespace l3sync {

std::string_view EventName(EventKind kind) {
  switch (kind) {
    case EventKind::kLinkAdded:
      return "link-added";
    case EventKind::kLinkRemoved:
      return "link-removed";
    case EventKind::kAddressRequested:
      return "address-requested";
    case EventKind::kAddressConfirmed:
      return "address-confirmed";
    case EventKind::kAddressRefreshed:
      return "address-refreshed";
    case EventKind::kAddressRemoved:
      return "address-removed";
    case EventKind::kAddressRefused:
      return "address-refused";
    case EventKind::kAddressConflict:
      return "address-conflict";
    case EventKind::kReplyDelivered:
      return "reply-delivered";
    case EventKind::kReplyUndelivered:
      return "reply-undelivered";
    case EventKind::kDelegationIgnored:
      return "delegation-ignored";
    case EventKind::kGuestQuarantined:
      return "guest-quarantined";
    case EventKind::kGuestReleased:
      return "guest-released";
    case EventKind::kParentReflects:
      return "parent-reflects";
    case EventKind::kPortChanged:
      return "port-changed";
    case EventKind::kParentGone:
      return "parent-gone";
    case EventKind::kResync:
      return "resync";
    case EventKind::kReady:
      return "ready";
    case EventKind::kStopped:
      return "stopped";
  }
  return "";
}

std::string_view OriginName(Origin origin) {
  switch (origin) {
    case Origin::kNone:
      return "";
    case Origin::kDhcp4Offer:
      return "dhcp4-offer";
    case Origin::kDhcp4Ack:
      return "dhcp4-ack";
    case Origin::kDhcp6Reply:
      return "dhcp6-reply";
    case Origin::kLinkLocal:
      return "link-local";
    case Origin::kSlaac:
      return "slaac";
    case Origin::kAdopted:
    case Origin::kAdoptedLease:
      return "adopted";
    case Origin::kBind:
      return "bind";
  }
  return "";
}

namespace {

struct ReasonWords {
  std::string_view name;
  std::string_view text;
};

ReasonWords Words(Reason reason) {
  switch (reason) {
    case Reason::kNone:
      return {"", ""};
    case Reason::kSpecialAddress:
      return {"special_address", "it is not an address of a host"};
    case Reason::kSubnetBroadcast:
      return {"subnet_broadcast", "it is the network or broadcast address of its subnet"};
    case Reason::kHostAddress:
      return {"host_address", "this host has it"};
    case Reason::kNextHop:
      return {"next_hop",
              "it is a router of this network; if the guest is, --bind=SLAVE=ADDRESS says so"};
    case Reason::kServer:
      return {"dhcp_server",
              "it is a DHCP server of this network; if the guest is, --bind=SLAVE=ADDRESS says so"};
    case Reason::kResolver:
      return {"resolver",
              "it is a name server of this network; if the guest is, --bind=SLAVE=ADDRESS says so"};
    case Reason::kNeighbour:
      return {"neighbour", "another machine on the network has it"};
    case Reason::kDenied:
      return {"denied", "--deny names it"};
    case Reason::kSharedEui64:
      return {
          "shared_eui64",
          "it is made of the MAC address that all slaves share; let the guest use stable-privacy "
          "addresses "
          "(Linux: sysctl net.ipv6.conf.all.addr_gen_mode=3), or start l3sync with --eui64=first"};
    case Reason::kHeldBySlave:
      return {"held_by_slave", "another slave has it"};
    case Reason::kSameClient:
      return {"same_client",
              "another slave has it, and to the DHCP server both guests are one client, for they "
              "have the same client identifier, or none; give each guest its own (a copied Linux "
              "guest: a new /etc/machine-id; dhclient: send dhcp-client-identifier)"};
    case Reason::kConfigured:
      return {"configured", "--bind gives it to another slave"};
    case Reason::kInUseElsewhere:
      return {"in_use_elsewhere",
              "the kernel says that another slave has it, one that l3sync does not serve; look at "
              "`ip address` in "
              "every network namespace that holds a slave"};
    case Reason::kDuplicate:
      return {"duplicate",
              "duplicate address detection found that another machine, or another guest, has it; a "
              "copied guest needs an identity of its own"};
    case Reason::kQuota:
      return {"quota", "the slave has as many addresses as one slave may have"};
    case Reason::kDeclinedBefore:
      return {"declined_before", "the guest has just declined it"};
    case Reason::kIpv6Disabled:
      return {"ipv6_disabled",
              "IPv6 is off on the slave; sysctl net.ipv6.conf.SLAVE.disable_ipv6=0"};
    case Reason::kNotPermitted:
      return {"not_permitted",
              "the kernel forbids it; start l3sync through l3sync-open, which keeps CAP_NET_ADMIN"};
    case Reason::kKernelError:
      return {"kernel_error", "the kernel refused"};
    case Reason::kReleased:
      return {"released", "the guest released it"};
    case Reason::kDeclined:
      return {"declined", "the guest declined it"};
    case Reason::kNak:
      return {"nak", "the DHCP server took it back"};
    case Reason::kExpired:
      return {"expired", "its lifetime is over"};
    case Reason::kOfferNotTaken:
      return {"offer_not_taken", "the guest did not take the offer"};
    case Reason::kOfferYielded:
      return {"offer_yielded", "it went to another slave"};
    case Reason::kMoved:
      return {"moved", "its guest is silent, and that of another slave uses it"};
    case Reason::kNewLease:
      return {"new_lease", "the guest has a new lease"};
    case Reason::kSlaveGone:
      return {"slave_gone", "the slave is gone"};
    case Reason::kLinkDown:
      return {"link_down", "the slave went down"};
    case Reason::kDeletedByOther:
      return {"deleted_by_other", "somebody else deleted it; put back up to 3 times an hour"};
    case Reason::kEvicted:
      return {"evicted", "it was silent longest, and the slave has too many"};
    case Reason::kNotWanted:
      return {"not_wanted", "no guest uses it"};
    case Reason::kModeL3:
      return {"mode_l3",
              "the port is in mode l3, which drops DHCP; ip link set SLAVE type ipvtap mode l2"};
    case Reason::kModeL3s:
      return {"mode_l3s",
              "the port is in mode l3s, which drops DHCP; ip link set SLAVE type ipvtap mode l2"};
    case Reason::kPlainIpvlan:
      return {"plain_ipvlan",
              "it is a plain ipvlan interface of this host, which configures itself: left alone"};
    case Reason::kOtherNamespace:
      return {"other_namespace",
              "it is in another network namespace, where slaves are not served yet"};
    case Reason::kPrivateFlag:
      return {"private_flag",
              "the port has the flag private, with which guests don't reach each other: served; ip "
              "link set SLAVE type ipvtap mode l2 bridge"};
    case Reason::kVepaFlag:
      return {"vepa_flag",
              "the port has the flag vepa, with which guests reach each other only if the switch "
              "sends back what it gets: served; ip link set SLAVE type ipvtap mode l2 bridge"};
    case Reason::kNoInjection:
      return {"no_injection",
              "with the flags private and vepa it needs a device that the kernel did not make; "
              "guests must ask again; modprobe -a dummy sch_ingress cls_matchall act_mirred, or ip "
              "link set SLAVE type ipvtap mode l2 bridge"};
    case Reason::kForgedDhcp4:
      return {"forged_dhcp4", "it sent a DHCP server's message"};
    case Reason::kForgedDhcp6:
      return {"forged_dhcp6", "it sent a DHCPv6 server's message"};
    case Reason::kForgedAdvertisement:
      return {"forged_advertisement", "it sent a router advertisement"};
    case Reason::kMacvlanParent:
      return {
          "macvlan_parent",
          "it is a macvlan, which in mode bridge sends back what guests send to it, so that a "
          "guest can speak as the network does; put the slaves on the interface below it, or ip "
          "link set PARENT type macvlan mode private"};
    case Reason::kReflectedGuest:
      return {"reflected_guest",
              "the network sends back what its guests send, so that a guest can speak as the "
              "network does; turn off hairpin, VEPA or 802.1Qbg on the port of the switch, or the "
              "repeater between"};
    case Reason::kReflectedForgery:
      return {"reflected_forgery",
              "a server's or router's message that a guest forged came back from the network: "
              "refused; let the router drop what comes from this network and goes back to it from "
              "UDP port 67 or 547, and turn off hairpin on the port of the switch"};
    case Reason::kStart:
      return {"start", "start"};
    case Reason::kPoll:
      return {"poll", "poll"};
    case Reason::kEventsLost:
      return {"events_lost", "the kernel's notifications overflowed"};
    case Reason::kNoSlave:
      return {"no_slave",
              "it has no ipvtap slave yet; ip link add link PARENT name NAME type ipvtap mode l2"};
    case Reason::kDumpFailed:
      return {"dump_failed", "the last reading was interrupted"};
    case Reason::kResume:
      return {"resume", "the machine was suspended"};
  }
  return {"", ""};
}

}  // namespace

std::string_view ReasonName(Reason reason) { return Words(reason).name; }
std::string_view ReasonText(Reason reason) { return Words(reason).text; }

}  // namespace l3sync
