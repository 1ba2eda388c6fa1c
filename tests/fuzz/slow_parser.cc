#include "tests/fuzz/slow_parser.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace l3sync::slow {
namespace {

// RFC 1071: a checksum is right if the ones' complement sum of all words, itself among them, is
// -0; that sum is the ordinary one modulo 65535.
bool SumsUp(const Bytes& bytes) {
  uint64_t sum = 0;
  for (size_t i = 0; i < bytes.size(); i += 2) {
    const uint64_t low = i + 1 < bytes.size() ? bytes[i + 1] : 0;
    sum += bytes[i] * uint64_t{256} + low;
  }
  return sum != 0 && sum % 65535 == 0;
}

void Append(const Bytes& more, Bytes* bytes) {
  bytes->insert(bytes->end(), more.begin(), more.end());
}

// `covered` behind the pseudo-header of RFC 768 and RFC 8200 §8.1. The two differ in the place of
// the zeros only, which does not change the sum.
bool TransportSumsUp(const Envelope& envelope, uint8_t protocol, const Bytes& covered) {
  Bytes all = envelope.source;
  Append(envelope.destination, &all);
  Append({0, static_cast<uint8_t>(covered.size() >> 16), static_cast<uint8_t>(covered.size() >> 8),
          static_cast<uint8_t>(covered.size()), 0, 0, 0, protocol},
         &all);
  Append(covered, &all);
  return SumsUp(all);
}

// RFC 768; rule E2.
void ReadUdp(const Bytes& payload, const Envelope& envelope, const Side& side, Description* out) {
  const uint64_t source_port = Number(payload, 0, 2);
  const uint64_t destination_port = Number(payload, 2, 2);
  const uint64_t length = Number(payload, 4, 2);
  const uint64_t checksum = Number(payload, 6, 2);
  Require(length >= 8, "UDP length");
  const Bytes datagram = Cut(payload, 0, length);
  const bool is_ipv4 = envelope.source.size() == 4;
  if (!side.checksum_partial) {
    if (checksum == 0) {
      Require(is_ipv4, "UDP over IPv6 without a checksum");
    } else {
      Require(TransportSumsUp(envelope, 17, datagram), "UDP checksum");
    }
  }
  // RFC 2131 §4.1 has one port for servers and one for clients, which each sends from as well. RFC
  // 8415 §7.2 says who listens where only.
  if (is_ipv4) {
    Require(source_port == 67 || source_port == 68, "not a port of DHCPv4");
    Require(destination_port == 67 || destination_port == 68, "not a port of DHCPv4");
    ReadDhcp4(Behind(datagram, 8), out);
  } else {
    Require(destination_port == 546 || destination_port == 547, "not a port of DHCPv6");
    ReadDhcp6(Behind(datagram, 8), 0, out);
  }
}

void DescribeEnvelope(const Envelope& envelope, Description* out) {
  (*out)["source"] = Hex(envelope.source);
  (*out)["destination"] = Hex(envelope.destination);
  (*out)["hop limit"] = std::to_string(envelope.hop_limit);
}

// RFC 791; rule E1.
void ReadIpv4(const Bytes& bytes, const Side& side, Description* out) {
  Require(Number(bytes, 0, 1) / 16 == 4, "IP version");
  const size_t header_length = Number(bytes, 0, 1) % 16 * 4;
  Require(header_length >= 20, "IHL");
  const size_t total_length = Number(bytes, 2, 2);
  Require(total_length >= header_length, "total length");
  const Bytes packet = Cut(bytes, 0, total_length);
  const Bytes header = Cut(packet, 0, header_length);
  // A checksum of 0 is one that a device was to fill in.
  Require(Number(header, 10, 2) == 0 || SumsUp(header), "IPv4 header checksum");
  const uint64_t fragment = Number(header, 6, 2);
  Require(fragment % 0x4000 == 0, "a fragment");  // more fragments, or an offset
  const Envelope envelope{Cut(header, 12, 4), Cut(header, 16, 4), Number(header, 8, 1), 0};
  const uint64_t first = Number(envelope.source, 0, 1);
  Require(first < 224 || first > 239, "from a group");
  Require(Number(envelope.source, 0, 4) != 0xffffffff, "from the broadcast address");
  DescribeEnvelope(envelope, out);
  Require(Number(header, 9, 1) == 17, "not UDP");
  ReadUdp(Behind(packet, header_length), envelope, side, out);
}

// What follows an IPv6 header or an extension header (RFC 8200 §4); rule E3.
void ReadNextHeader(uint64_t next, const Bytes& bytes, Envelope envelope, const Side& side,
                    Description* out) {
  switch (next) {
    case 0:   // hop-by-hop options
    case 43:  // routing
    case 60:  // destination options
    {
      Require(next != 0 || envelope.extension_headers == 0, "hop-by-hop is not the first");
      ++envelope.extension_headers;
      Require(envelope.extension_headers <= 8, "too many extension headers");
      const size_t length = (Number(bytes, 1, 1) + 1) * 8;
      const Bytes header = Cut(bytes, 0, length);
      Require(next != 43 || Number(header, 3, 1) == 0, "not at its final destination");
      ReadNextHeader(Number(header, 0, 1), Behind(bytes, length), envelope, side, out);
      return;
    }
    case 17:
      ReadUdp(bytes, envelope, side, out);
      return;
    case 58:
      Require(side.checksum_partial || TransportSumsUp(envelope, 58, bytes), "ICMPv6 checksum");
      ReadNd(bytes, envelope, out);
      return;
    default:  // a fragment (44) among them
      throw Rejected{"neither UDP nor ICMPv6"};
  }
}

// RFC 8200 §3.
void ReadIpv6(const Bytes& bytes, const Side& side, Description* out) {
  Require(Number(bytes, 0, 1) / 16 == 6, "IP version");
  const Bytes payload = Cut(bytes, 40, Number(bytes, 4, 2));
  const Envelope envelope{Cut(bytes, 8, 16), Cut(bytes, 24, 16), Number(bytes, 7, 1), 0};
  Require(Number(envelope.source, 0, 1) != 0xff, "from a group");
  DescribeEnvelope(envelope, out);
  ReadNextHeader(Number(bytes, 6, 1), payload, envelope, side, out);
}

// RFC 894; rule C3. Returns where the EtherType is that counts.
size_t SkipTag(const Bytes& frame, const Side& side) {
  Require(!side.tag_stripped || side.stripped_tag % 4096 == 0, "in a VLAN");
  const uint64_t type = Number(frame, 12, 2);
  if (type != 0x8100 && type != 0x88a8) {
    return 12;
  }
  Require(!side.tag_stripped, "two tags");
  Require(Number(frame, 14, 2) % 4096 == 0, "in a VLAN");
  return 16;
}

void ReadEthernet(const Bytes& frame, const Side& side, Description* out) {
  (*out)["destination MAC"] = Hex(Cut(frame, 0, 6));
  (*out)["source MAC"] = Hex(Cut(frame, 6, 6));
  Require(Number(frame, 6, 1) % 2 == 0, "from a group MAC");
  const size_t type_at = SkipTag(frame, side);
  const Bytes payload = Behind(frame, type_at + 2);
  switch (Number(frame, type_at, 2)) {
    case 0x0800:
      return ReadIpv4(payload, side, out);
    case 0x0806:
      return ReadArp(payload, out);
    case 0x86dd:
      return ReadIpv6(payload, side, out);
    default:
      throw Rejected{"neither IP nor ARP"};
  }
}

}  // namespace

// RFC 826 for Ethernet and IPv4; rule N6.
void ReadArp(const Bytes& arp, Description* out) {
  Require(Number(arp, 0, 2) == 1, "not of Ethernet");
  Require(Number(arp, 2, 2) == 0x0800, "not for IPv4");
  Require(Number(arp, 4, 1) == 6 && Number(arp, 5, 1) == 4, "lengths of the addresses");
  const uint64_t operation = Number(arp, 6, 2);
  Require(operation == 1 || operation == 2, "neither request nor reply");
  (*out)["kind"] = "ARP";
  (*out)["operation"] = std::to_string(operation);
  (*out)["sender MAC"] = Hex(Cut(arp, 8, 6));
  (*out)["target MAC"] = Hex(Cut(arp, 18, 6));
  DescribeEnvelope({Cut(arp, 14, 4), Cut(arp, 24, 4), 0, 0}, out);
}

Result ReadFrame(const Bytes& frame, const Side& side) {
  Result result;
  try {
    ReadEthernet(frame, side, &result.message);
    result.accepted = true;
  } catch (const Rejected& rejected) {
    result.message.clear();
    result.why = rejected.why;
  }
  return result;
}

}  // namespace l3sync::slow
