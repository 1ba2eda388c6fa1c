#pragma once

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "wire/bytes.h"

namespace l3sync {

// One message on a buffer. An append that does not fit makes the result of Finish empty.
class RequestBuilder {
 public:
  RequestBuilder(MutableByteSpan buffer, uint16_t type, uint16_t flags, uint32_t sequence)
      : buffer_(buffer) {
    // The longest header behind struct nlmsghdr is checked here too, so that Header() always fits.
    if (buffer.size() < sizeof(nlmsghdr) + kMaxHeader) return;
    message_ = mnl_nlmsg_put_header(buffer.data());
    message_->nlmsg_type = type;
    message_->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
    message_->nlmsg_seq = sequence;
  }

  // Zeroed but for what `header` sets: with NETLINK_GET_STRICT_CHK the kernel refuses stray values.
  template <typename Header>
  void PutHeader(const Header& header) {
    static_assert(sizeof(Header) <= kMaxHeader);
    if (message_ == nullptr) return;
    *static_cast<Header*>(mnl_nlmsg_put_extra_header(message_, sizeof(Header))) = header;
  }

  void Put(uint16_t type, ByteSpan bytes) { PutRaw(type, bytes.data(), bytes.size()); }
  // With the zero byte at its end.
  void PutText(uint16_t type, const std::string& text) {
    PutRaw(type, text.c_str(), text.size() + 1);
  }
  template <typename T>
  void PutValue(uint16_t type, const T& value) {
    PutRaw(type, &value, sizeof(value));
  }

  // What is put until EndNest with its result is inside the attribute.
  nlattr* BeginNest(uint16_t type) {
    if (message_ == nullptr) return nullptr;
    nlattr* nest = mnl_attr_nest_start_check(message_, buffer_.size(), type);
    if (nest == nullptr) message_ = nullptr;
    return nest;
  }
  void EndNest(nlattr* nest) {
    if (message_ != nullptr) mnl_attr_nest_end(message_, nest);
  }

  ByteSpan Finish() const {
    if (message_ == nullptr) return {};
    return buffer_.subspan(0, message_->nlmsg_len);
  }

 private:
  static constexpr size_t kMaxHeader = sizeof(tcmsg);  // the longest

  void PutRaw(uint16_t type, const void* value, size_t length) {
    if (message_ == nullptr) return;
    const size_t end = message_->nlmsg_len + sizeof(nlattr) + length;
    if (!mnl_attr_put_check(message_, buffer_.size(), type, length, value)) {
      message_ = nullptr;
      return;
    }
    // libmnl leaves the bytes up to the next attribute as they were.
    const MutableByteSpan padding = buffer_.subspan(end, message_->nlmsg_len - end);
    std::fill(padding.begin(), padding.end(), uint8_t{0});
  }

  MutableByteSpan buffer_;
  nlmsghdr* message_ = nullptr;
};

}  // namespace l3sync
