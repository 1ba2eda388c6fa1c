#include "netlink/hold_verdict.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
// After the kernel's header, whose names it defines only if they are missing.
#include <libnetfilter_queue/libnetfilter_queue.h>

namespace l3sync {

ByteSpan BuildVerdict(MutableByteSpan buffer, uint16_t number, uint32_t held_id,
                      HoldVerdict verdict) {
  if (buffer.size() < kMaxVerdictSize) return {};
  const bool is_batch = verdict == HoldVerdict::kReleaseAllUpTo;
  nlmsghdr* const message =
      nfq_nlmsg_put(reinterpret_cast<char*>(buffer.data()),
                    is_batch ? NFQNL_MSG_VERDICT_BATCH : NFQNL_MSG_VERDICT, number);
  nfq_nlmsg_verdict_put(message, static_cast<int>(held_id),
                        verdict == HoldVerdict::kDrop ? NF_DROP : NF_ACCEPT);
  return buffer.first(message->nlmsg_len);
}

}  // namespace l3sync
