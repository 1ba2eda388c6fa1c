// capture: frames from a packet socket (later: from a capture file) into the frames ring. Receives
// in place, allocates nothing for a frame, parses nothing but the frame's metadata, decides
// nothing.
#pragma once

#include <cstdint>
#include <type_traits>

#include "wire/bytes.h"
#include "wire/frame.h"

namespace l3sync {

// linux/if_packet.h PACKET_*: on which side of the interface the kernel saw the frame.
enum class PacketType : uint8_t {
  kHost = 0,
  kBroadcast = 1,
  kMulticast = 2,
  kOtherHost = 3,
  kOutgoing = 4
};

// Precedes the frame's bytes in a record of the frames ring.
struct FrameHeader {
  int32_t ifindex = 0;
  PacketType packet_type = PacketType::kHost;
  FrameMetadata metadata;
  int64_t receive_time_ns = 0;  // CLOCK_BOOTTIME, taken when the frame was read from the source
  // No frame follows: some were lost before those that come next (rule C5).
  bool frames_lost = false;
};
static_assert(std::is_trivially_copyable_v<FrameHeader>);

// Longest frame that is kept. DHCP and ND messages fit the largest usual MTU; what is cut short is
// counted by the parser.
inline constexpr size_t kMaxFrameLength = 9216;

struct FrameSourceStats {
  uint64_t dropped =
      0;  // frames that the kernel dropped for want of room since the last call (PACKET_STATISTICS)
};

// Where frames come from. Used by the capture thread only.
class FrameSource {
 public:
  virtual ~FrameSource() = default;
  // Readable when a frame may be had. Owned by the source.
  virtual int fd() const = 0;
  enum class Outcome : uint8_t { kFrame, kNothingNow, kEnd, kError };
  // Receives one frame into `buffer` (at least kMaxFrameLength bytes) and fills `header`; `length`
  // is the bytes written. Never blocks. kError: `error()` has the errno; the next call may succeed
  // (ENETDOWN, ENOBUFS).
  virtual Outcome Receive(MutableByteSpan buffer, FrameHeader* header, size_t* length) = 0;
  virtual int error() const = 0;
  virtual FrameSourceStats TakeStats() = 0;
};

}  // namespace l3sync
