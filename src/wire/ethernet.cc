#include "wire/ethernet.h"

#include "wire/byte_reader.h"

namespace l3sync {

Parsed<EthernetFrame> ParseEthernet(ByteSpan frame, bool tag_stripped) {
  ByteReader reader(frame);
  EthernetFrame result;
  if (!reader.ReadMac(&result.destination) || !reader.ReadMac(&result.source) ||
      !reader.ReadU16(&result.ether_type)) {
    return DropReason::kTruncatedEthernet;
  }
  if (result.source.is_group()) {
    return DropReason::kGroupSourceMac;
  }
  if (IsTag(result.ether_type)) {
    uint16_t tci = 0;
    if (!reader.ReadU16(&tci) || !reader.ReadU16(&result.ether_type)) {
      return DropReason::kTruncatedEthernet;
    }
    if (VlanId(tci) != 0) {
      return DropReason::kVlanTagged;
    }
    if (tag_stripped || IsTag(result.ether_type)) {
      return DropReason::kStackedVlanTags;
    }
    result.tagged = true;
  }
  result.payload = reader.TakeRest();
  return result;
}

}  // namespace l3sync
