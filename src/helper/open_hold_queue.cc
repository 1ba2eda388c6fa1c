#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
// After the kernel's header, whose names it defines only if they are missing.
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "helper/netfilter_request.h"
#include "helper/open_hold.h"
#include "helper/stop.h"

namespace l3sync {
namespace {

// Programs that use nfqueue count from 0, by hand; these are far from theirs.
constexpr int kFirstQueue = 50000;
constexpr int kQueues = 1024;
// HeldReplies::kMax: as many as the worker keeps.
constexpr uint32_t kQueueLength = 1024;
// An IPv6 header: the worker looks at the destination only.
constexpr int kCopiedBytes = 40;

int Bind(int fd, uint16_t number) {
  alignas(nlmsghdr) std::array<char, 256> buffer;
  nlmsghdr* const request = nfq_nlmsg_put(buffer.data(), NFQNL_MSG_CONFIG, number);
  request->nlmsg_flags |= NLM_F_ACK;
  nfq_nlmsg_cfg_put_cmd(request, AF_INET, NFQNL_CFG_CMD_BIND);
  nfq_nlmsg_cfg_put_params(request, NFQNL_COPY_PACKET, kCopiedBytes);
  nfq_nlmsg_cfg_put_qmaxlen(request, kQueueLength);
  // What finds the queue or the socket full goes on its way.
  mnl_attr_put_u32(request, NFQA_CFG_FLAGS, htonl(NFQA_CFG_F_FAIL_OPEN));
  mnl_attr_put_u32(request, NFQA_CFG_MASK, htonl(NFQA_CFG_F_FAIL_OPEN));
  return AskNetfilter(fd, request, request->nlmsg_len);
}

}  // namespace

HoldSocket OpenHoldQueue(int parent_ifindex) {
  const int fd = OpenNetfilterSocket();
  int error = 0;
  for (int i = 0; i < kQueues; ++i) {
    const auto number = static_cast<uint16_t>(kFirstQueue + (parent_ifindex + i) % kQueues);
    error = Bind(fd, number);
    if (error == 0) {
      return {fd, number};
    }
    // EPERM: somebody else's (nfqnl_recv_config()). That the helper may, was checked before.
    if (error != EPERM && error != EBUSY) {
      break;
    }
  }
  Stop(kExitFailure, std::string("--hold: can't have an nfqueue: ") + std::strerror(error) +
                         "; it takes the kernel module nfnetlink_queue (\"modprobe "
                         "nfnetlink_queue\"), or leave out --hold");
}

}  // namespace l3sync
