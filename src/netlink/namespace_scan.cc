#include "netlink/namespace_scan.h"

#include <libmnl/libmnl.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "absl/functional/function_ref.h"

#include "netlink/rtnl_message.h"
#include "netlink/rtnl_request.h"

namespace l3sync {
namespace {

// A host with more namespaces than this has other ways to find its containers.
constexpr size_t kMaxNamespaces = 1024;
constexpr size_t kMaxForeignSlaves = 256;

using OnMessage = absl::FunctionRef<void(const RtnlMessage&)>;

class Scan {
 public:
  Scan(RtnlPort* port, absl::Duration patience) : port_(port), patience_(patience) {}

  std::vector<int32_t> NamespaceIds() {
    const nlmsghdr* header = Begin(RTM_GETNSID, sizeof(rtgenmsg));
    std::vector<int32_t> ids;
    Exchange(BytesOf(header), [&](const RtnlMessage& message) {
      if (message.type != RTM_NEWNSID || ids.size() >= kMaxNamespaces) return;
      mnl_attr_parse(reinterpret_cast<const nlmsghdr*>(message.bytes.data()), sizeof(rtgenmsg),
                     AddNamespaceId, &ids);
    });
    return ids;
  }

  // Zeros if it can't be had.
  MacAddress MacOf(int32_t ifindex) {
    const ByteSpan request = BuildReadLink(absl::MakeSpan(request_), ++sequence_, ifindex);
    MacAddress mac;
    Exchange(request, [&](const RtnlMessage& message) {
      const auto link = ParseLink(message);
      if (link.has_value()) mac = link->mac;
    });
    return mac;
  }

  void LinksIn(int32_t netnsid, OnMessage on_link) {
    nlmsghdr* header = Begin(RTM_GETLINK, sizeof(ifinfomsg));
    mnl_attr_put_u32(header, IFLA_TARGET_NETNSID, static_cast<uint32_t>(netnsid));
    mnl_attr_put_u32(header, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    Exchange(BytesOf(header), on_link);
  }

 private:
  static int AddNamespaceId(const nlattr* attribute, void* ids) {
    if (mnl_attr_get_type(attribute) == NETNSA_NSID &&
        mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0) {
      static_cast<std::vector<int32_t>*>(ids)->push_back(
          static_cast<int32_t>(mnl_attr_get_u32(attribute)));
    }
    return MNL_CB_OK;
  }

  nlmsghdr* Begin(uint16_t type, size_t fixed) {
    request_.fill(0);
    nlmsghdr* header = mnl_nlmsg_put_header(request_.data());
    header->nlmsg_type = type;
    header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    header->nlmsg_seq = ++sequence_;
    mnl_nlmsg_put_extra_header(header, fixed);
    return header;
  }

  ByteSpan BytesOf(const nlmsghdr* header) const { return {request_.data(), header->nlmsg_len}; }

  // Until the answer is whole, refused or does not come.
  void Exchange(ByteSpan request, OnMessage on_message) {
    if (port_->Send(request) != 0) return;
    while (true) {
      pollfd readable{port_->fd(), POLLIN, 0};
      if (poll(&readable, 1, static_cast<int>(absl::ToInt64Milliseconds(patience_))) != 1) return;
      size_t length = 0;
      const int error = port_->Receive(absl::MakeSpan(answer_), &length);
      if (error == EAGAIN) continue;
      if (error != 0) return;
      MessageWalk walk(ByteSpan(answer_).subspan(0, length));
      for (; walk.Current().has_value(); walk.Advance()) {
        const RtnlMessage message = *walk.Current();
        if (message.sequence != sequence_) continue;
        if (message.type == NLMSG_DONE || message.type == NLMSG_ERROR) return;
        on_message(message);
      }
    }
  }

  RtnlPort* port_;
  absl::Duration patience_;
  uint32_t sequence_ = 0;
  alignas(4) std::array<uint8_t, 256> request_;
  alignas(4) std::array<uint8_t, kNetlinkBufferSize> answer_;
};

}  // namespace

std::vector<ForeignSlave> FindSlavesInOtherNamespaces(RtnlPort* port, int32_t parent_ifindex,
                                                      absl::Duration patience) {
  std::vector<ForeignSlave> found;
  Scan scan(port, patience);
  // What ties a slave to its parent across namespaces is the parent's index and MAC address:
  // ipvtap, other than ipvlan, does not say in which namespace its parent is (it has no
  // get_link_net).
  const MacAddress mac = scan.MacOf(parent_ifindex);
  if (mac == MacAddress{}) return found;
  for (const int32_t netnsid : scan.NamespaceIds()) {
    scan.LinksIn(netnsid, [&](const RtnlMessage& message) {
      const auto link = ParseLink(message);
      if (!link.has_value() || found.size() >= kMaxForeignSlaves) return;
      const bool is_slave = link->kind == LinkKind::kIpvlan || link->kind == LinkKind::kIpvtap;
      if (!is_slave || link->parent_ifindex != parent_ifindex || link->mac != mac) return;
      found.push_back({netnsid, link->name});
    });
  }
  return found;
}

}  // namespace l3sync
