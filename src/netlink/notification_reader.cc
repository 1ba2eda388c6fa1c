#include "netlink/notification_reader.h"

#include <cerrno>

#include "netlink/rtnl_message.h"

namespace l3sync {
namespace {

// Datagrams that one OnReadable takes, so that the other descriptors get their turn.
constexpr int kMaxDatagrams = 64;

}  // namespace

int NotificationReader::OnReadable() {
  OfferLoss();
  for (int i = 0; i < kMaxDatagrams; ++i) {
    size_t length = 0;
    const int error = port_->Receive(absl::MakeSpan(buffer_), &length);
    if (error == 0) {
      ObserveDatagram(ByteSpan(buffer_).subspan(0, length));
    } else if (error == ENOBUFS) {
      // Told once, however many were dropped; what comes after is whole again.
      ++counters_.overruns;
      has_loss_ = true;
    } else if (error == EMSGSIZE) {
      ++counters_.broken_messages;
      has_loss_ = true;
    } else if (error == EAGAIN) {
      break;
    } else {
      return error;
    }
  }
  OfferLoss();
  return 0;
}

void NotificationReader::OfferLoss() {
  if (has_loss_ && sink_->Push(EventsLost{})) has_loss_ = false;
}

void NotificationReader::ObserveDatagram(ByteSpan datagram) {
  MessageWalk walk(datagram);
  for (; const auto message = walk.Current(); walk.Advance()) {
    if (const auto link = ParseLink(*message)) {
      ++counters_.links;
      Push(*link);
    } else if (const auto address = ParseAddress(*message)) {
      ++counters_.addresses;
      Push(*address);
    } else {
      ++counters_.broken_messages;
    }
  }
  if (walk.is_broken()) ++counters_.broken_messages;
}

void NotificationReader::Push(const KernelRecord& record) {
  if (sink_->Push(record)) return;
  ++counters_.sink_full;
  has_loss_ = true;
}

}  // namespace l3sync
