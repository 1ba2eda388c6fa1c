#include "netlink/injection_request.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <net/if.h>

#include "netlink/request_builder.h"

namespace l3sync {
namespace {

constexpr uint32_t kPriority = 1;
constexpr uint16_t kFirstAction = 1;

ifinfomsg LinkHeader(int32_t ifindex) {
  ifinfomsg header{};
  header.ifi_index = ifindex;
  return header;
}

tcmsg FilterHeader(int32_t ifindex) {
  tcmsg header{};
  header.tcm_ifindex = ifindex;
  header.tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS);
  header.tcm_info = TC_H_MAKE(kPriority << 16, htons(ETH_P_ALL));
  return header;
}

}  // namespace

ByteSpan BuildMakeDummy(MutableByteSpan buffer, uint32_t sequence, const std::string& name) {
  RequestBuilder request(buffer, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, sequence);
  request.PutHeader(LinkHeader(0));
  request.PutText(IFLA_IFNAME, name);
  nlattr* info = request.BeginNest(IFLA_LINKINFO);
  request.PutText(IFLA_INFO_KIND, "dummy");
  request.EndNest(info);
  return request.Finish();
}

ByteSpan BuildFindLink(MutableByteSpan buffer, uint32_t sequence, const std::string& name) {
  RequestBuilder request(buffer, RTM_GETLINK, NLM_F_ACK, sequence);
  request.PutHeader(LinkHeader(0));
  request.PutText(IFLA_IFNAME, name);
  request.PutValue(IFLA_EXT_MASK, static_cast<uint32_t>(RTEXT_FILTER_SKIP_STATS));
  return request.Finish();
}

ByteSpan BuildDeleteLink(MutableByteSpan buffer, uint32_t sequence, int32_t ifindex) {
  RequestBuilder request(buffer, RTM_DELLINK, NLM_F_ACK, sequence);
  request.PutHeader(LinkHeader(ifindex));
  return request.Finish();
}

ByteSpan BuildKeepSilent(MutableByteSpan buffer, uint32_t sequence, int32_t ifindex) {
  RequestBuilder request(buffer, RTM_NEWLINK, NLM_F_ACK, sequence);
  request.PutHeader(LinkHeader(ifindex));
  nlattr* families = request.BeginNest(IFLA_AF_SPEC);
  nlattr* inet6 = request.BeginNest(AF_INET6);
  request.PutValue(IFLA_INET6_ADDR_GEN_MODE, static_cast<uint8_t>(IN6_ADDR_GEN_MODE_NONE));
  request.EndNest(inet6);
  request.EndNest(families);
  return request.Finish();
}

ByteSpan BuildSetUp(MutableByteSpan buffer, uint32_t sequence, int32_t ifindex) {
  RequestBuilder request(buffer, RTM_NEWLINK, NLM_F_ACK, sequence);
  ifinfomsg header = LinkHeader(ifindex);
  header.ifi_flags = header.ifi_change = IFF_UP;
  request.PutHeader(header);
  return request.Finish();
}

ByteSpan BuildAddClsact(MutableByteSpan buffer, uint32_t sequence, int32_t ifindex) {
  RequestBuilder request(buffer, RTM_NEWQDISC, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, sequence);
  tcmsg header{};
  header.tcm_ifindex = ifindex;
  header.tcm_parent = TC_H_CLSACT;
  header.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
  request.PutHeader(header);
  request.PutText(TCA_KIND, "clsact");
  return request.Finish();
}

ByteSpan BuildAddRedirect(MutableByteSpan buffer, uint32_t sequence, int32_t from, int32_t to) {
  RequestBuilder request(buffer, RTM_NEWTFILTER, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, sequence);
  request.PutHeader(FilterHeader(from));
  request.PutText(TCA_KIND, "matchall");
  nlattr* options = request.BeginNest(TCA_OPTIONS);
  nlattr* actions = request.BeginNest(TCA_MATCHALL_ACT);
  nlattr* action = request.BeginNest(kFirstAction);
  request.PutText(TCA_ACT_KIND, "mirred");
  nlattr* parameters = request.BeginNest(TCA_ACT_OPTIONS);
  tc_mirred mirred{};
  mirred.action = TC_ACT_STOLEN;
  mirred.eaction = TCA_INGRESS_REDIR;
  mirred.ifindex = static_cast<uint32_t>(to);
  request.PutValue(TCA_MIRRED_PARMS, mirred);
  request.EndNest(parameters);
  request.EndNest(action);
  request.EndNest(actions);
  request.EndNest(options);
  return request.Finish();
}

ByteSpan BuildRemoveRedirect(MutableByteSpan buffer, uint32_t sequence, int32_t from) {
  RequestBuilder request(buffer, RTM_DELTFILTER, NLM_F_ACK, sequence);
  request.PutHeader(FilterHeader(from));
  request.PutText(TCA_KIND, "matchall");
  return request.Finish();
}

}  // namespace l3sync
