#include "tests/fakes/fake_hold_port.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace l3sync {

uint32_t FakeHoldPort::Queue(const Bytes& packet) {
  alignas(nlmsghdr) std::array<char, 4096> buffer{};
  nlmsghdr* const message = mnl_nlmsg_put_header(buffer.data());
  message->nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET;
  auto* const fixed = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg)));
  fixed->res_id = htons(number_);
  nfqnl_msg_packet_hdr header{};
  {
    const std::lock_guard lock(mutex_);
    held_.insert(++last_id_);
    header.packet_id = htonl(last_id_);
  }
  mnl_attr_put(message, NFQA_PACKET_HDR, sizeof(header), &header);
  mnl_attr_put_u32(message, NFQA_IFINDEX_INDEV, htonl(2));  // one of those that nobody asks for
  mnl_attr_put(message, NFQA_PAYLOAD, packet.size(), packet.data());
  datagrams_.Push({buffer.data(), buffer.data() + message->nlmsg_len});
  return ntohl(header.packet_id);
}

void FakeHoldPort::RefuseSends(int count, int error) {
  const std::lock_guard lock(mutex_);
  refusals_ = count;
  refusal_error_ = error;
}

std::map<uint32_t, int> FakeHoldPort::verdicts() const {
  const std::lock_guard lock(mutex_);
  return verdicts_;
}

size_t FakeHoldPort::held() const {
  const std::lock_guard lock(mutex_);
  return held_.size();
}

bool FakeHoldPort::WaitForVerdict(uint32_t id, absl::Duration patience) {
  std::unique_lock lock(mutex_);
  return judged_.wait_for(lock, absl::ToChronoMilliseconds(patience),
                          [&] { return verdicts_.contains(id); });
}

int FakeHoldPort::Send(ByteSpan messages) {
  const std::lock_guard lock(mutex_);
  if (refusals_ > 0) {
    --refusals_;
    return refusal_error_;
  }
  const auto* message = reinterpret_cast<const nlmsghdr*>(messages.data());
  const auto* fixed = static_cast<const nfgenmsg*>(mnl_nlmsg_get_payload(message));
  const nlattr* attribute =
      static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(message, sizeof(nfgenmsg)));
  nfqnl_msg_verdict_hdr verdict{};
  if (ntohs(fixed->res_id) != number_ || mnl_attr_get_type(attribute) != NFQA_VERDICT_HDR) {
    return EINVAL;
  }
  std::memcpy(&verdict, mnl_attr_get_payload(attribute), sizeof(verdict));
  const uint32_t id = ntohl(verdict.id);
  if (message->nlmsg_type == (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT_BATCH)) {
    while (!held_.empty() && *held_.begin() <= id) {
      Judge(*held_.begin(), static_cast<int>(ntohl(verdict.verdict)));
    }
  } else if (held_.contains(id)) {
    Judge(id, static_cast<int>(ntohl(verdict.verdict)));
  } else {
    datagrams_.Push(EncodeError({}, ENOENT));
  }
  return 0;
}

void FakeHoldPort::Judge(uint32_t id, int verdict) {
  held_.erase(id);
  verdicts_[id] = verdict;
  judged_.notify_all();
}

}  // namespace l3sync
