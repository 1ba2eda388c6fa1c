// A1, A8: every frame and message cut at every byte and at every alignment, where one byte too far
// is seen: on a heap block of the exact size (AddressSanitizer) and before an inaccessible page.
#include <memory>
#include <optional>
#include <variant>

#include "gtest/gtest.h"

#include "tests/wire/frame_builder.h"
#include "tests/wire/frame_file.h"
#include "tests/wire/guarded_bytes.h"
#include "wire/frame.h"

namespace l3sync {
namespace {

using testing::BuildNd;
using testing::BuildOffer;
using testing::Bytes;
using testing::Concat;
using testing::EnvelopeFor;
using testing::FrameFile;
using testing::GuardedBytes;
using testing::kAllNdTypes;
using testing::LoadAllFrames;
using testing::NdOption;
using testing::Option;
using testing::PrefixOption;

// A copy on a heap block that has not a byte more.
class ExactBytes {
 public:
  explicit ExactBytes(ByteSpan bytes)
      : size_(bytes.size()), block_(std::make_unique<uint8_t[]>(size_)) {
    std::copy(bytes.begin(), bytes.end(), block_.get());
  }
  ByteSpan span() const { return {block_.get(), size_}; }

 private:
  size_t size_;
  std::unique_ptr<uint8_t[]> block_;
};

TEST(TruncationTest, A1_CutFramesAreRejectedOrTheSame) {
  for (const FrameFile& file : LoadAllFrames()) {
    const auto whole = ParseFrame(file.bytes, file.metadata);
    for (size_t size = 0; size < file.bytes.size(); ++size) {
      const ByteSpan cut = ByteSpan(file.bytes).first(size);
      const ExactBytes exact(cut);
      const GuardedBytes guarded(cut);
      const auto parsed = ParseFrame(exact.span(), file.metadata);
      const auto parsed_guarded = ParseFrame(guarded.span(), file.metadata);
      ASSERT_EQ(parsed.ok(), parsed_guarded.ok());
      if (parsed.ok()) {
        ASSERT_TRUE(whole.ok()) << file.name << " at " << size;
        ASSERT_EQ(*parsed, *whole) << file.name << " at " << size;  // only a trailer was cut
      }
    }
  }
}

// With a snap length below the packet's the capture is to blame, and never more than that.
TEST(TruncationTest, A7_SnapLengthCutsShort) {
  for (const FrameFile& file : LoadAllFrames()) {
    FrameMetadata metadata = file.metadata;
    metadata.wire_length = static_cast<uint32_t>(file.bytes.size());
    if (!ParseFrame(file.bytes, metadata).ok()) {
      continue;
    }
    for (size_t size = 0; size < file.bytes.size(); ++size) {
      const auto parsed = ParseFrame(ByteSpan(file.bytes).first(size), metadata);
      if (!parsed.ok()) {
        ASSERT_EQ(parsed.drop_reason(), DropReason::kCutShort) << file.name << " at " << size;
      }
    }
  }
}

// Whose bytes are all there, and yet too few, was sent so.
TEST(TruncationTest, A7_WhatWasCapturedWholeIsNotCutShort) {
  for (const FrameFile& file : LoadAllFrames()) {
    for (size_t size = 0; size < 64 && size < file.bytes.size(); ++size) {
      FrameMetadata metadata = file.metadata;
      metadata.wire_length = static_cast<uint32_t>(size);
      const auto parsed = ParseFrame(ByteSpan(file.bytes).first(size), metadata);
      ASSERT_TRUE(parsed.ok() || parsed.drop_reason() != DropReason::kCutShort)
          << file.name << " at " << size;
    }
  }
}

// What a cut message still says, the whole one says too.
void ExpectSubset(const Dhcp4Message& part, const Dhcp4Message& whole) {
  Dhcp4Message filled = part;
  const auto fill = [](const auto& from, auto* to) {
    if (*to == std::remove_cvref_t<decltype(*to)>{}) {
      *to = from;
    }
  };
  fill(whole.lease_time_sec, &filled.lease_time_sec);
  fill(whole.requested_address, &filled.requested_address);
  fill(whole.server_identifier, &filled.server_identifier);
  fill(whole.subnet_mask, &filled.subnet_mask);
  fill(whole.routers, &filled.routers);
  fill(whole.client_identifier, &filled.client_identifier);
  fill(whole.rapid_commit, &filled.rapid_commit);
  fill(whole.end_seen, &filled.end_seen);
  EXPECT_EQ(filled, whole);
}

TEST(TruncationTest, A1_CutDhcp4MessagesSayNothingElse) {
  const Bytes payload = BuildOffer(Concat({Option(54, {192, 0, 2, 1}),
                                           Option(51, {0, 0, 0x0e, 0x10}),
                                           Option(50, {192, 0, 2, 10}),
                                           Option(1, {255, 255, 255, 0}),
                                           Option(3, {192, 0, 2, 1}),
                                           Option(80, {}),
                                           Option(61, {1, 2, 3, 4, 5, 6, 7}),
                                           {255}}));
  const auto whole = ParseDhcp4(payload);
  ASSERT_TRUE(whole.ok());
  size_t accepted = 0;
  for (size_t size = 0; size <= payload.size(); ++size) {
    const ExactBytes exact(ByteSpan(payload).first(size));
    const GuardedBytes guarded(ByteSpan(payload).first(size));
    const auto parsed = ParseDhcp4(exact.span());
    ASSERT_EQ(ParseDhcp4(guarded.span()).ok(), parsed.ok());
    if (parsed.ok()) {
      ++accepted;
      ExpectSubset(*parsed, *whole);
    }
  }
  EXPECT_EQ(accepted, 9U) << "behind each of eight options, and behind END";
}

TEST(TruncationTest, A1_CutNdMessagesSayNothingElse) {
  const Bytes options =
      Concat({NdOption(14, 1, {1, 2, 3, 4, 5, 6}), NdOption(5, 1, {0, 0, 0, 0, 5, 0xdc}),
              PrefixOption(64, *IpAddress::Parse("2001:db8::")), NdOption(25, 3, {})});
  for (const NdType type : kAllNdTypes) {
    const Bytes icmp6 = BuildNd(type, options);
    size_t accepted = 0;
    for (size_t size = 0; size <= icmp6.size(); ++size) {
      const ExactBytes exact(ByteSpan(icmp6).first(size));
      const GuardedBytes guarded(ByteSpan(icmp6).first(size));
      const auto parsed = ParseNd(exact.span(), EnvelopeFor(type));
      ASSERT_EQ(ParseNd(guarded.span(), EnvelopeFor(type)).ok(), parsed.ok());
      accepted += parsed.ok() ? 1U : 0U;
    }
    EXPECT_EQ(accepted, 5U) << "behind the fixed part and behind each of four options";
  }
}

TEST(TruncationTest, A8_EveryAlignmentReadsTheSame) {
  for (const FrameFile& file : LoadAllFrames()) {
    const auto aligned = ParseFrame(file.bytes, file.metadata);
    for (size_t offset = 1; offset < 8; ++offset) {
      Bytes shifted(offset);
      shifted.insert(shifted.end(), file.bytes.begin(), file.bytes.end());
      const auto parsed = ParseFrame(ByteSpan(shifted).subspan(offset), file.metadata);
      ASSERT_EQ(parsed.ok(), aligned.ok()) << file.name;
      if (parsed.ok()) {
        EXPECT_EQ(*parsed, *aligned) << file.name;
      } else {
        EXPECT_EQ(parsed.drop_reason(), aligned.drop_reason()) << file.name;
      }
    }
  }
}

// A1, A3, A10: every byte of every frame set to a few values; no crash, no endless walk.
TEST(TruncationTest, A10_ChangedBytesAreReadOrRejected) {
  for (const FrameFile& file : LoadAllFrames()) {
    FrameMetadata metadata = file.metadata;
    metadata.checksum_partial = true;  // so that what is behind the checksum is reached
    for (size_t i = 0; i < file.bytes.size(); ++i) {
      const ExactBytes exact(file.bytes);
      for (const uint8_t value : Bytes{0x00, 0x01, 0x7f, 0x80, 0xff}) {
        Bytes changed = file.bytes;
        changed[i] = value;
        if (const auto parsed = ParseFrame(ExactBytes(changed).span(), metadata); parsed.ok()) {
          EXPECT_FALSE(parsed->source_mac.is_group());
        }
      }
    }
  }
}

}  // namespace
}  // namespace l3sync
