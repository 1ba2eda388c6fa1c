#include "wire/tlv.h"

namespace l3sync {

namespace {

constexpr uint8_t kDhcp4Pad = 0;
constexpr uint8_t kDhcp4End = 255;
constexpr size_t kDhcp6Header = 4;
constexpr size_t kNdUnit = 8;
constexpr size_t kNdHeader = 2;

}  // namespace

bool TlvReader::Next() {
  switch (style_) {
    case TlvStyle::kDhcp4:
      return NextDhcp4();
    case TlvStyle::kDhcp6:
      return NextDhcp6();
    case TlvStyle::kNd:
      return NextNd();
  }
  return false;
}

bool TlvReader::NextDhcp4() {
  uint8_t code = kDhcp4Pad;
  while (code == kDhcp4Pad) {
    // A field that ends without END is complete all the same: several servers leave it out (rule
    // P4-2).
    if (!reader_.ReadU8(&code)) {
      return false;
    }
  }
  if (code == kDhcp4End) {
    end_seen_ = true;
    reader_.TakeRest();
    return false;
  }
  uint8_t length = 0;
  if (!reader_.ReadU8(&length) || !reader_.ReadSpan(length, &value_)) {
    return Fail(DropReason::kOptionOverrun);
  }
  type_ = code;
  return true;
}

bool TlvReader::NextDhcp6() {
  if (reader_.remaining() < kDhcp6Header) {
    reader_.TakeRest();
    return false;
  }
  uint16_t code = 0;
  uint16_t length = 0;
  if (!reader_.ReadU16(&code) || !reader_.ReadU16(&length) || !reader_.ReadSpan(length, &value_)) {
    return Fail(DropReason::kOptionOverrun);
  }
  type_ = code;
  return true;
}

bool TlvReader::NextNd() {
  if (reader_.remaining() == 0) {
    return false;
  }
  uint8_t type = 0;
  uint8_t units = 0;
  ByteReader header = reader_;
  if (!header.ReadU8(&type) || !header.ReadU8(&units)) {
    return Fail(DropReason::kOptionOverrun);
  }
  if (units == 0) {
    return Fail(DropReason::kZeroLengthOption);
  }
  ByteSpan option;
  if (!reader_.ReadSpan(units * kNdUnit, &option)) {
    return Fail(DropReason::kOptionOverrun);
  }
  type_ = type;
  value_ = option.subspan(kNdHeader);
  return true;
}

bool TlvReader::Fail(DropReason reason) {
  error_ = reason;
  value_ = ByteSpan();
  reader_.TakeRest();
  return false;
}

}  // namespace l3sync
