#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <iterator>

#include "helper/netfilter_request.h"
#include "helper/open_hold.h"
#include "helper/stop.h"

namespace l3sync {
namespace {

// The first hook that sees a frame which ipvlan had no slave for, and can queue it (the netdev
// hooks can't). Before connection tracking, which would keep state for each reply (NF_IP_PRI_RAW).
constexpr int32_t kPriority = -300;
constexpr char kChain[] = "prerouting";

// What the capture filter admits from servers (bpf/packet_filter.cc), and no slave has.
struct Replies {
  uint8_t family;
  std::array<uint8_t, 4> ports;  // source and destination; of IPv6 the latter only
  size_t ports_from;
  // The destination's type, as the fib has it. Of IPv4 the local table alone decides: what is
  // neither the host's nor broadcast nor multicast is unicast. Of IPv6 it is the route's, and an
  // address without one is the guest's all the same.
  nft_cmp_ops operation;
  uint32_t type;
};
constexpr Replies kReplies[] = {
    {NFPROTO_IPV4, {0, 67, 0, 68}, 0, NFT_CMP_EQ, RTN_UNICAST},
    {NFPROTO_IPV6, {0, 0, 546 >> 8, 546 & 0xff}, 2, NFT_CMP_NEQ, RTN_LOCAL},
};

// The messages of one nftables transaction.
class Batch {
 public:
  Batch() : batch_(mnl_nlmsg_batch_start(buffer_.data(), kSize)) {}
  ~Batch() { mnl_nlmsg_batch_stop(batch_); }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  nlmsghdr* Begin(uint16_t type, uint8_t family, uint16_t flags, uint16_t resource) {
    nlmsghdr* const message = mnl_nlmsg_put_header(mnl_nlmsg_batch_current(batch_));
    message->nlmsg_type = type;
    message->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
    auto* const fixed =
        static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg)));
    fixed->nfgen_family = family;
    fixed->version = NFNETLINK_V0;
    fixed->res_id = htons(resource);
    return message;
  }
  nlmsghdr* BeginTables(int type, int flags) {
    return Begin(static_cast<uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type), NFPROTO_INET,
                 static_cast<uint16_t>(flags), 0);
  }
  void End() { mnl_nlmsg_batch_next(batch_); }

  int Send(int fd) const {
    return AskNetfilter(fd, mnl_nlmsg_batch_head(batch_), mnl_nlmsg_batch_size(batch_));
  }

 private:
  static constexpr size_t kSize = 4096;  // twice what ours need
  // The last message may reach beyond the size that libmnl is told.
  alignas(nlmsghdr) std::array<char, 2 * kSize> buffer_{};
  mnl_nlmsg_batch* batch_;
};

void PutNumber(nlmsghdr* message, uint16_t type, uint32_t value) {
  mnl_attr_put_u32(message, type, htonl(value));
}

// One expression of a rule; `put` adds its attributes.
template <typename Put>
void PutExpression(nlmsghdr* rule, const char* name, Put put) {
  nlattr* const element = mnl_attr_nest_start(rule, NFTA_LIST_ELEM);
  mnl_attr_put_strz(rule, NFTA_EXPR_NAME, name);
  nlattr* const data = mnl_attr_nest_start(rule, NFTA_EXPR_DATA);
  put();
  mnl_attr_nest_end(rule, data);
  mnl_attr_nest_end(rule, element);
}

// The rule goes on only if register 1 holds these bytes (or anything else). Meta values are in host
// byte order, packets' own in theirs.
void PutCompare(nlmsghdr* rule, nft_cmp_ops operation, const void* value, size_t size) {
  PutExpression(rule, "cmp", [&] {
    PutNumber(rule, NFTA_CMP_SREG, NFT_REG_1);
    PutNumber(rule, NFTA_CMP_OP, operation);
    nlattr* const data = mnl_attr_nest_start(rule, NFTA_CMP_DATA);
    mnl_attr_put(rule, NFTA_DATA_VALUE, size, value);
    mnl_attr_nest_end(rule, data);
  });
}

template <typename T>
void PutMeta(nlmsghdr* rule, nft_meta_keys key, T value) {
  PutExpression(rule, "meta", [&] {
    PutNumber(rule, NFTA_META_DREG, NFT_REG_1);
    PutNumber(rule, NFTA_META_KEY, key);
  });
  PutCompare(rule, NFT_CMP_EQ, &value, sizeof value);
}

void PutPorts(nlmsghdr* rule, const Replies& replies) {
  const size_t size = replies.ports.size() - replies.ports_from;
  PutExpression(rule, "payload", [&] {
    PutNumber(rule, NFTA_PAYLOAD_DREG, NFT_REG_1);
    PutNumber(rule, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
    PutNumber(rule, NFTA_PAYLOAD_OFFSET, static_cast<uint32_t>(replies.ports_from));
    PutNumber(rule, NFTA_PAYLOAD_LEN, static_cast<uint32_t>(size));
  });
  PutCompare(rule, NFT_CMP_EQ, replies.ports.data() + replies.ports_from, size);
}

void PutDestinationType(nlmsghdr* rule, const Replies& replies) {
  PutExpression(rule, "fib", [&] {
    PutNumber(rule, NFTA_FIB_DREG, NFT_REG_1);
    PutNumber(rule, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
    PutNumber(rule, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
  });
  PutCompare(rule, replies.operation, &replies.type, sizeof replies.type);
}

// As nft(8) would say it, for IPv4:
// meta nfproto ipv4 iif PARENT meta pkttype host meta l4proto udp udp sport 67 udp dport 68
// fib daddr type unicast queue flags bypass to NUMBER
void PutRule(Batch* batch, const std::string& table, const Replies& replies, int parent_ifindex,
             uint16_t queue_number) {
  // Errors are answered in the order of the messages: the last one's ack is that of all.
  const bool is_last = &replies == std::end(kReplies) - 1;
  nlmsghdr* const rule =
      batch->BeginTables(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND | (is_last ? NLM_F_ACK : 0));
  mnl_attr_put_strz(rule, NFTA_RULE_TABLE, table.c_str());
  mnl_attr_put_strz(rule, NFTA_RULE_CHAIN, kChain);
  nlattr* const expressions = mnl_attr_nest_start(rule, NFTA_RULE_EXPRESSIONS);
  PutMeta(rule, NFT_META_NFPROTO, replies.family);
  PutMeta(rule, NFT_META_IIF, static_cast<uint32_t>(parent_ifindex));
  PutMeta(rule, NFT_META_PKTTYPE, static_cast<uint8_t>(PACKET_HOST));
  PutMeta(rule, NFT_META_L4PROTO, static_cast<uint8_t>(IPPROTO_UDP));
  PutPorts(rule, replies);
  PutDestinationType(rule, replies);
  PutExpression(rule, "queue", [&] {
    mnl_attr_put_u16(rule, NFTA_QUEUE_NUM, htons(queue_number));
    mnl_attr_put_u16(rule, NFTA_QUEUE_TOTAL, htons(1));
    mnl_attr_put_u16(rule, NFTA_QUEUE_FLAGS, htons(NFT_QUEUE_FLAG_BYPASS));
  });
  mnl_attr_nest_end(rule, expressions);
  batch->End();
}

void PutTable(Batch* batch, const char* table) {
  nlmsghdr* const message = batch->BeginTables(NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
  mnl_attr_put_strz(message, NFTA_TABLE_NAME, table);
  // Gone with the socket, and nobody else's to change (Linux 5.12).
  PutNumber(message, NFTA_TABLE_FLAGS, NFT_TABLE_F_OWNER);
  batch->End();
}

void PutChain(Batch* batch, const char* table) {
  nlmsghdr* const message = batch->BeginTables(NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL);
  mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, table);
  mnl_attr_put_strz(message, NFTA_CHAIN_NAME, kChain);
  mnl_attr_put_strz(message, NFTA_CHAIN_TYPE, "filter");
  nlattr* const hook = mnl_attr_nest_start(message, NFTA_CHAIN_HOOK);
  PutNumber(message, NFTA_HOOK_HOOKNUM, NF_INET_PRE_ROUTING);
  PutNumber(message, NFTA_HOOK_PRIORITY, static_cast<uint32_t>(kPriority));
  mnl_attr_nest_end(message, hook);
  batch->End();
}

}  // namespace

int OpenHoldTable(const std::string& parent, int parent_ifindex, uint16_t queue_number) {
  const int fd = OpenNetfilterSocket();
  const std::string table = "l3sync-" + std::to_string(parent_ifindex);
  Batch batch;
  batch.Begin(NFNL_MSG_BATCH_BEGIN, AF_UNSPEC, 0, NFNL_SUBSYS_NFTABLES);
  batch.End();
  PutTable(&batch, table.c_str());
  PutChain(&batch, table.c_str());
  for (const Replies& replies : kReplies) {
    PutRule(&batch, table, replies, parent_ifindex, queue_number);
  }
  batch.Begin(NFNL_MSG_BATCH_END, AF_UNSPEC, 0, NFNL_SUBSYS_NFTABLES);
  batch.End();
  const int error = batch.Send(fd);
  if (error == 0) {
    return fd;
  }
  // EPERM: another socket owns it (nft_table_lookup()).
  if (error == EEXIST || error == EPERM) {
    Stop(kExitFailure, "--hold: the nftables table " + table + " is there already; is " + parent +
                           " served by another l3sync? Stop it first");
  }
  Stop(kExitFailure, "--hold: can't make the nftables table " + table + ": " +
                         std::strerror(error) +
                         "; it takes Linux 5.12 with nf_tables, nft_queue and nft_fib_inet "
                         "(\"modprobe -a nft_queue nft_fib_inet\"), or leave out --hold");
}

}  // namespace l3sync
