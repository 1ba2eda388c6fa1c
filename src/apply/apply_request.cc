#include "apply/apply_request.h"

#include <algorithm>
#include <cstring>

namespace l3sync {

IpAddress AddressIn(const std::array<uint8_t, 16>& field, uint8_t length) {
  return length > field.size() ? IpAddress() : IpAddress::FromBytes(ByteSpan(field).first(length));
}

void PutAddressIn(const IpAddress& address, std::array<uint8_t, 16>* field, uint8_t* length) {
  const ByteSpan bytes = address.bytes();
  std::copy(bytes.begin(), bytes.end(), field->begin());
  *length = static_cast<uint8_t>(bytes.size());
}

std::optional<ApplyRequest> ParseApplyRequest(ByteSpan datagram, ByteSpan* payload) {
  ApplyRequest request;
  if (datagram.size() < sizeof(request)) return std::nullopt;
  std::memcpy(&request, datagram.data(), sizeof(request));
  *payload = datagram.subspan(sizeof(request));
  if (request.verb < ApplyVerb::kPutAddress || request.verb > ApplyVerb::kReleaseHeld) {
    return std::nullopt;
  }
  const bool has_payload = request.verb == ApplyVerb::kDeliver;
  if (payload->size() != request.payload_length || payload->size() > kMaxApplyPayload ||
      (!has_payload && !payload->empty()) || request.flag > 1) {
    return std::nullopt;
  }
  return request;
}

}  // namespace l3sync
