// Two parsers of the same frames, written independently of each other, agree: in what a frame says,
// or in that it says nothing. Proves the rules of the envelope and of each protocol (C3, E1 to E3,
// P4-1 to P4-6, P6-1 to P6-4, N1 to N3, N6) once more, from the other side.
#include "tests/fuzz/diff.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "tests/wire/frame_file.h"

namespace l3sync::testing {
namespace {

namespace fs = std::filesystem;

// One up, one down, a few more, the ends, and single bits: flags, lengths and types change to their
// neighbours.
std::set<uint8_t> OtherValues(uint8_t value) {
  const unsigned from = value;
  std::set<uint8_t> others;
  for (const unsigned to : {0U, 5U, 0x80U, 0xffU, from + 1, from - 1, from + 8, from ^ 0x40U}) {
    others.insert(static_cast<uint8_t>(to));
  }
  others.erase(value);
  return others;
}

TEST(DiffTest, GoldenFramesAreReadAlike) {
  size_t messages = 0;
  for (const FrameFile& file : LoadAllFrames()) {
    EXPECT_EQ(Difference(file.bytes, file.metadata).value_or(""), "") << file.name;
    EXPECT_EQ(AnyDifference(file.bytes).value_or(""), "") << file.name;
    messages += ParseFrame(file.bytes, file.metadata).ok() ? 1U : 0U;
  }
  EXPECT_GT(messages, 0U);
}

TEST(DiffTest, EveryTruncationIsReadAlike) {
  for (const FrameFile& file : LoadAllFrames()) {
    for (size_t length = 0; length < file.bytes.size(); ++length) {
      const slow::Bytes cut(file.bytes.begin(),
                            file.bytes.begin() + static_cast<std::ptrdiff_t>(length));
      ASSERT_EQ(AnyDifference(cut).value_or(""), "") << file.name << " cut to " << length;
    }
  }
}

TEST(DiffTest, EveryChangedByteIsReadAlike) {
  for (const FrameFile& file : LoadAllFrames()) {
    slow::Bytes frame = file.bytes;
    for (size_t at = 0; at < frame.size(); ++at) {
      const uint8_t before = frame[at];
      for (const uint8_t other : OtherValues(before)) {
        frame[at] = other;
        // The checksums, which no other changed frame gets past, are not looked at.
        ASSERT_EQ(Difference(frame, {.checksum_partial = true}).value_or(""), "")
            << file.name << ", byte " << at << " is " << int{other};
      }
      frame[at] = before;
    }
  }
}

TEST(DiffTest, SeedsAreReadAlike) {
  const char* const folder = std::getenv("L3SYNC_CAPTURES");
  if (folder == nullptr || *folder == '\0') {
    GTEST_SKIP() << "L3SYNC_CAPTURES is not set: there are no seeds to replay";
  }
  size_t seeds = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(folder) / "seeds" / "frame")) {
    std::ifstream file(entry.path(), std::ios::binary);
    const slow::Bytes frame{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(AnyDifference(frame).value_or(""), "") << entry.path().filename();
    ++seeds;
  }
  std::cout << "seeds " << seeds << "\n";
  EXPECT_GT(seeds, 0U);
}

}  // namespace
}  // namespace l3sync::testing
