#include "netlink/rtnl_request.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "learn/kernel_record.h"
#include "netlink/request_builder.h"

namespace l3sync {
namespace {

uint8_t FamilyOf(const IpAddress& address) { return address.is_v4() ? AF_INET : AF_INET6; }
uint8_t FamilyOf(AddressFamily family) { return family == AddressFamily::kV4 ? AF_INET : AF_INET6; }
uint8_t FullLength(const IpAddress& address) { return static_cast<uint8_t>(address.bit_length()); }

// Both attributes, and equal: ipvlan_addr4_event() takes ifa_address where the rest of the kernel
// means ifa_local (rule F9).
void PutAddressAttributes(RequestBuilder* request, const IpAddress& address) {
  request->Put(IFA_LOCAL, address.bytes());
  request->Put(IFA_ADDRESS, address.bytes());
}

}  // namespace

ByteSpan BuildPutAddress(MutableByteSpan buffer, uint32_t sequence, const Command& command) {
  // EXCL answers EEXIST for an address that is there, whoever put it there; REPLACE resets the
  // lifetimes of our own in place, without a moment in which the address is gone (rule K2). CREATE
  // as ip(8) does: with REPLACE alone an address that expired meanwhile would be ENOENT for IPv6.
  const int how = command.replace ? NLM_F_REPLACE : NLM_F_EXCL;
  RequestBuilder request(buffer, RTM_NEWADDR, static_cast<uint16_t>(NLM_F_ACK | NLM_F_CREATE | how),
                         sequence);

  ifaddrmsg header{};
  header.ifa_family = FamilyOf(command.address);
  header.ifa_prefixlen = FullLength(command.address);
  // Scope host keeps the host from choosing a guest's address as its own source
  // (inet_select_addr()). IPv6 derives the scope from the address itself; there a preferred
  // lifetime of 0 does it (rule K1).
  header.ifa_scope = command.address.is_v4() ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
  header.ifa_index = static_cast<uint32_t>(command.ifindex);
  request.PutHeader(header);
  PutAddressAttributes(&request, command.address);

  // IFA_FLAGS, because the header's field has 8 bits only. NOPREFIXROUTE: the main table is the
  // host's. NODAD: the kernel's own probe would look like a guest's claim, and nobody behind an
  // ipvtap hears the answer (rule F12).
  uint32_t flags = IFA_F_NOPREFIXROUTE;
  if (command.address.is_v6()) flags |= IFA_F_NODAD;
  request.PutValue(IFA_FLAGS, flags);
  // Always: without it the address would be permanent, and outlive us and the lease.
  ifa_cacheinfo lifetimes{};
  lifetimes.ifa_prefered = command.preferred_sec;
  lifetimes.ifa_valid = command.valid_sec;
  request.PutValue(IFA_CACHEINFO, lifetimes);
  request.PutValue(IFA_PROTO, command.protocol);
  return request.Finish();
}

ByteSpan BuildRemoveAddress(MutableByteSpan buffer, uint32_t sequence, int32_t ifindex,
                            const IpAddress& address) {
  RequestBuilder request(buffer, RTM_DELADDR, NLM_F_ACK, sequence);
  ifaddrmsg header{};
  header.ifa_family = FamilyOf(address);
  header.ifa_prefixlen = FullLength(address);  // another length is another address, and not ours
  header.ifa_index = static_cast<uint32_t>(ifindex);
  request.PutHeader(header);
  PutAddressAttributes(&request, address);
  return request.Finish();
}

ByteSpan BuildRemoveLocalRoute(MutableByteSpan buffer, uint32_t sequence, int32_t ifindex,
                               const IpAddress& address) {
  RequestBuilder request(buffer, RTM_DELROUTE, NLM_F_ACK, sequence);
  // Every field narrows what fib_table_delete() and ip6_route_del() match, so that only the route
  // which the kernel made for this address on this link can go: the host may have the same address
  // elsewhere.
  rtmsg header{};
  header.rtm_family = FamilyOf(address);
  header.rtm_dst_len = FullLength(address);
  header.rtm_table = RT_TABLE_LOCAL;
  header.rtm_protocol = RTPROT_KERNEL;
  header.rtm_scope = address.is_v4() ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
  header.rtm_type = RTN_LOCAL;
  request.PutHeader(header);
  request.Put(RTA_DST, address.bytes());
  request.PutValue(RTA_OIF, static_cast<uint32_t>(ifindex));
  return request.Finish();
}

ByteSpan BuildReadLink(MutableByteSpan buffer, uint32_t sequence, int32_t ifindex) {
  // ACK: the answer is then always one NLMSG_ERROR, with or without a link before it.
  RequestBuilder request(buffer, RTM_GETLINK, NLM_F_ACK, sequence);
  ifinfomsg header{};
  header.ifi_index = ifindex;
  request.PutHeader(header);
  request.PutValue(IFLA_EXT_MASK, static_cast<uint32_t>(RTEXT_FILTER_SKIP_STATS));
  return request.Finish();
}

ByteSpan BuildDumpLinks(MutableByteSpan buffer, uint32_t sequence) {
  RequestBuilder request(buffer, RTM_GETLINK, NLM_F_DUMP, sequence);
  request.PutHeader(ifinfomsg{});
  // A quarter of the bytes of a link are its statistics.
  request.PutValue(IFLA_EXT_MASK, static_cast<uint32_t>(RTEXT_FILTER_SKIP_STATS));
  return request.Finish();
}

ByteSpan BuildDumpAddresses(MutableByteSpan buffer, uint32_t sequence, AddressFamily family,
                            int32_t ifindex) {
  RequestBuilder request(buffer, RTM_GETADDR, NLM_F_DUMP, sequence);
  ifaddrmsg header{};
  header.ifa_family = FamilyOf(family);
  header.ifa_index = static_cast<uint32_t>(ifindex);
  request.PutHeader(header);
  return request.Finish();
}

ByteSpan BuildDumpRoutes(MutableByteSpan buffer, uint32_t sequence, AddressFamily family,
                         uint8_t type) {
  RequestBuilder request(buffer, RTM_GETROUTE, NLM_F_DUMP, sequence);
  // Table 0 is all of them. To name one would fail with ENOENT while nobody has used it
  // (inet_dump_fib()).
  rtmsg header{};
  header.rtm_family = FamilyOf(family);
  header.rtm_type = type;
  request.PutHeader(header);
  return request.Finish();
}

ByteSpan BuildDumpNeighbours(MutableByteSpan buffer, uint32_t sequence) {
  RequestBuilder request(buffer, RTM_GETNEIGH, NLM_F_DUMP, sequence);
  request.PutHeader(ndmsg{});
  return request.Finish();
}

}  // namespace l3sync
