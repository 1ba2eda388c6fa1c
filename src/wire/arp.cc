#include "wire/arp.h"

#include "wire/byte_reader.h"

namespace l3sync {

// RFC 826, "Packet format"; rule N6.
Parsed<ArpMessage> ParseArp(ByteSpan arp) {
  constexpr uint16_t kEthernet = 1;
  constexpr uint16_t kIpv4 = 0x0800;
  constexpr uint8_t kMacLength = 6;
  constexpr uint8_t kIpv4Length = 4;
  ByteReader reader(arp);
  uint16_t hardware_type = 0;
  uint16_t protocol_type = 0;
  uint8_t hardware_length = 0;
  uint8_t protocol_length = 0;
  ArpMessage message;
  if (!reader.ReadU16(&hardware_type) || !reader.ReadU16(&protocol_type) ||
      !reader.ReadU8(&hardware_length) || !reader.ReadU8(&protocol_length) ||
      !reader.ReadU16(&message.operation)) {
    return DropReason::kTruncatedArp;
  }
  if (hardware_type != kEthernet) {
    return DropReason::kBadArpHardwareType;
  }
  if (protocol_type != kIpv4) {
    return DropReason::kBadArpProtocolType;
  }
  if (hardware_length != kMacLength || protocol_length != kIpv4Length) {
    return DropReason::kBadArpAddressLength;
  }
  if (message.operation != ArpMessage::kRequest && message.operation != ArpMessage::kReply) {
    return DropReason::kBadArpOperation;
  }
  if (!reader.ReadMac(&message.sender_mac) || !reader.ReadIpv4(&message.sender) ||
      !reader.ReadMac(&message.target_mac) || !reader.ReadIpv4(&message.target)) {
    return DropReason::kTruncatedArp;
  }
  return message;
}

}  // namespace l3sync
