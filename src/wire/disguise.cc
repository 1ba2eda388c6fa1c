#include <cstddef>
#include <vector>

#include "wire/byte_reader.h"
#include "wire/ethernet.h"
#include "wire/frame.h"

namespace l3sync {

Parsed<ParsedFrame> ParseDisguised(ByteSpan frame, FrameMetadata metadata) {
  constexpr size_t kSourceMac = 6;
  ByteReader reader(frame);
  MacAddress destination, source;
  uint16_t type = 0;
  if (!reader.ReadMac(&destination) || !reader.ReadMac(&source) || !reader.ReadU16(&type)) {
    return DropReason::kTruncatedEthernet;
  }
  while (IsTag(type)) {
    uint16_t tci = 0;
    if (!reader.ReadU16(&tci) || !reader.ReadU16(&type)) return DropReason::kTruncatedEthernet;
  }
  const ByteSpan payload = reader.TakeRest();
  const uint8_t types[] = {static_cast<uint8_t>(type >> 8), static_cast<uint8_t>(type)};
  std::vector<uint8_t> plain(destination.bytes.begin(), destination.bytes.end());
  plain.insert(plain.end(), source.bytes.begin(), source.bytes.end());
  plain[kSourceMac] &= 0xfe;  // a group's is no station's
  plain.insert(plain.end(), std::begin(types), std::end(types));
  plain.insert(plain.end(), payload.begin(), payload.end());
  metadata.vlan_present = false;
  return ParseFrame(plain, metadata);
}

}  // namespace l3sync
