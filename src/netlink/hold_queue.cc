#include "netlink/hold_queue.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>

#include <cerrno>
#include <cstring>

#include "netlink/rtnl_message.h"
#include "wire/byte_reader.h"

namespace l3sync {
namespace {

// Datagrams that one OnReadable takes, so that the other descriptors get their turn.
constexpr int kMaxDatagrams = 64;

constexpr uint16_t kPacket = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET;

// None if it is no whole IP header.
IpAddress DestinationOf(ByteSpan packet) {
  IpAddress destination;
  ByteReader reader(packet);
  if (packet.empty()) return destination;
  const bool is_v6 = packet[0] >> 4 == 6;
  const bool is_whole = is_v6 ? reader.Skip(24) && reader.ReadIpv6(&destination)
                              : reader.Skip(16) && reader.ReadIpv4(&destination);
  return is_whole ? destination : IpAddress();
}

struct Packet {
  HeldReply reply;
  bool has_id = false;
};

// For mnl_attr_parse(): what is needed of one attribute goes to the Packet.
int TakeAttribute(const nlattr* attribute, void* packet) {
  auto* taken = static_cast<Packet*>(packet);
  const auto* value = static_cast<const uint8_t*>(mnl_attr_get_payload(attribute));
  const size_t size = mnl_attr_get_payload_len(attribute);
  nfqnl_msg_packet_hdr header;
  if (mnl_attr_get_type(attribute) == NFQA_PACKET_HDR && size >= sizeof(header)) {
    std::memcpy(&header, value, sizeof(header));
    taken->reply.id = ntohl(header.packet_id);
    taken->has_id = true;
  } else if (mnl_attr_get_type(attribute) == NFQA_PAYLOAD) {
    taken->reply.destination = DestinationOf({value, size});
  }
  return MNL_CB_OK;
}

}  // namespace

void HoldQueue::OnReadable() {
  for (int i = 0; i < kMaxDatagrams; ++i) {
    size_t length = 0;
    const int error = port_->Receive(absl::MakeSpan(buffer_), &length);
    if (error == 0) {
      ObserveDatagram(ByteSpan(buffer_).subspan(0, length));
    } else if (error == ENOBUFS) {
      ++counters_.overruns;  // fail-open: nothing is kept that we were not told of
    } else if (error == EMSGSIZE) {
      ++counters_.broken_messages;
    } else {
      return;
    }
  }
}

void HoldQueue::ObserveDatagram(ByteSpan datagram) {
  MessageWalk walk(datagram);
  for (; const auto message = walk.Current(); walk.Advance()) {
    if (message->type == kPacket) {
      ObservePacket(message->bytes);
    } else if (const auto error = ParseError(*message)) {
      if (*error != 0) ++counters_.errors;
    } else {
      ++counters_.broken_messages;
    }
  }
  if (walk.is_broken()) ++counters_.broken_messages;
}

void HoldQueue::ObservePacket(ByteSpan message) {
  Packet packet;
  // Not nfq_nlmsg_parse(): how many places it writes to was decided when it was compiled.
  mnl_attr_parse(reinterpret_cast<const nlmsghdr*>(message.data()), sizeof(nfgenmsg),
                 &TakeAttribute, &packet);
  if (!packet.has_id) {
    ++counters_.broken_messages;
    return;
  }
  const HeldReply& reply = packet.reply;
  newest_id_ = reply.id;
  is_used_ = true;
  if (reply.destination.has_value() && sink_->Push(reply)) {
    ++counters_.queued;
    return;
  }
  ++(reply.destination.has_value() ? counters_.overflows : counters_.broken_messages);
  // If this fails too, it stays until ReleaseAll().
  static_cast<void>(Release(reply.id));
}

bool HoldQueue::SendVerdict(ApplyVerb verb, uint32_t held_id, bool drop) {
  ApplyRequest request;
  request.verb = verb;
  request.held_id = held_id;
  request.flag = drop ? 1 : 0;
  const int error = applier_->Send(request, {});
  if (error == 0) return true;
  ++counters_.errors;
  return error != ENOBUFS && error != EAGAIN && error != ENOMEM;
}

bool HoldQueue::Release(uint32_t held_id) {
  return SendVerdict(ApplyVerb::kVerdict, held_id, /*drop=*/false);
}

bool HoldQueue::Drop(uint32_t held_id) {
  return SendVerdict(ApplyVerb::kVerdict, held_id, /*drop=*/true);
}

void HoldQueue::ReleaseAll() {
  OnReadable();
  if (is_used_) static_cast<void>(SendVerdict(ApplyVerb::kReleaseHeld, newest_id_, false));
}

}  // namespace l3sync
