// The parser against captures of other people's making and what another dissector says of them. The
// folder is named by the environment variable L3SYNC_CAPTURES; without it these tests are skipped
// and the hand-made frames of tests/frames/ stand alone.
#include <pcap/pcap.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gtest/gtest.h"

#include "tests/wire/truth.h"
#include "wire/frame.h"

namespace l3sync {
namespace {

using testing::Derived;
using testing::Describe;
using testing::Differences;
using testing::Explains;
using testing::Json;

namespace fs = std::filesystem;

// The captures hold some 740 frames that can be compared in full: fewer than this, and the test no
// longer reads what it is meant to.
constexpr size_t kLeastCompared = 700;
constexpr size_t kLeastForeign = 690;
constexpr size_t kLeastArp = 17;
constexpr size_t kLeastSeeds = 500;

std::optional<fs::path> CapturesFolder() {
  const char* const folder = std::getenv("L3SYNC_CAPTURES");
  return folder == nullptr || *folder == '\0' ? std::nullopt : std::optional<fs::path>(folder);
}

// A capture file, closed at the end. Bytes are valid until the next Read().
class CaptureFile {
 public:
  explicit CaptureFile(const fs::path& path) {
    char error[PCAP_ERRBUF_SIZE];
    pcap_.reset(pcap_open_offline(path.c_str(), error));
  }
  bool is_ethernet() const { return pcap_ && pcap_datalink(pcap_.get()) == DLT_EN10MB; }
  bool Read(ByteSpan* frame, FrameMetadata* metadata) {
    pcap_pkthdr* header = nullptr;
    const u_char* bytes = nullptr;
    if (pcap_next_ex(pcap_.get(), &header, &bytes) != 1) {
      return false;
    }
    *frame = ByteSpan(bytes, header->caplen);
    *metadata = FrameMetadata{.wire_length = header->len};
    return true;
  }

 private:
  struct Close {
    void operator()(pcap_t* pcap) const { pcap_close(pcap); }
  };
  std::unique_ptr<pcap_t, Close> pcap_;
};

struct Tally {
  size_t frames = 0, compared = 0, equal = 0, foreign = 0, arp = 0;
  std::map<std::string, size_t> explained, malformed, dropped;
};

bool IsUntagged(const Json& truth) {
  const Json& vlan = truth.at("vlan");
  return vlan.empty() || (vlan.size() == 1 && vlan.at(0) == 0);
}

bool IsArp(const Json& truth) { return truth.at("protocols") == "eth:ethertype:arp"; }

bool IsOurs(const Json& truth) {
  const Json& kind = truth.at("kind");
  return truth.at("direct") == true && truth.at("linktype") == "ether" && IsUntagged(truth) &&
         truth.at("fragment") == false &&
         (kind == "dhcp4" || kind == "dhcp6" || kind == "rs" || kind == "ra" || kind == "ns" ||
          kind == "na");
}

std::string Join(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += "\n  " + line;
  }
  return text;
}

// Equal to the truth, or dropped for a reason that the truth shows.
void CompareWhole(const Parsed<ParsedFrame>& parsed, const Json& truth, const std::string& where,
                  Tally* tally) {
  ++tally->compared;
  if (parsed.ok()) {
    ++tally->equal;
    EXPECT_EQ(Join(Differences(Describe(*parsed), Derived(truth), /*subset=*/false)), "") << where;
    EXPECT_NE(truth.at("l4_csum"), "bad") << where;
    return;
  }
  const std::string name(DropReasonName(parsed.drop_reason()));
  ++tally->explained[name];
  EXPECT_TRUE(Explains(parsed.drop_reason(), truth)) << where << ": dropped as " << name;
}

// N6. The truth has no more of ARP than the frame's addresses, and the messages in the captures
// have the frame's own sender.
void CompareArp(const Parsed<ParsedFrame>& parsed, const Json& truth, const std::string& where,
                Tally* tally) {
  ++tally->arp;
  ASSERT_TRUE(parsed.ok()) << where << ": " << DropReasonName(parsed.drop_reason());
  const auto* const arp = std::get_if<ArpMessage>(&parsed->message);
  ASSERT_NE(arp, nullptr) << where;
  EXPECT_EQ(parsed->destination_mac.ToString(), truth.at("eth_dst")) << where;
  EXPECT_EQ(arp->sender_mac.ToString(), truth.at("eth_src")) << where;
}

// The truth is broken itself: nothing may be learned that is not in it.
void CompareMalformed(const Parsed<ParsedFrame>& parsed, const Json& truth,
                      const std::string& where, Tally* tally) {
  ++tally->malformed[parsed.ok() ? "ok" : std::string(DropReasonName(parsed.drop_reason()))];
  if (parsed.ok()) {
    EXPECT_EQ(Join(Differences(Describe(*parsed), Derived(truth), /*subset=*/true)), "") << where;
  }
}

void CompareFrame(ByteSpan frame, const FrameMetadata& metadata, const Json& truth,
                  const std::string& where, Tally* tally) {
  const Parsed<ParsedFrame> parsed = ParseFrame(frame, metadata);
  ++tally->frames;
  if (IsArp(truth)) {
    CompareArp(parsed, truth, where, tally);
  } else if (!IsOurs(truth)) {
    // In a tunnel, a fragment, a redirect or no such message at all.
    ++tally->foreign;
    EXPECT_FALSE(parsed.ok()) << where << ": learned from a frame that holds no message of ours";
    ++tally->dropped[std::string(DropReasonName(parsed.drop_reason()))];
  } else if (truth.at("malformed") == true) {
    CompareMalformed(parsed, truth, where, tally);
  } else {
    CompareWhole(parsed, truth, where, tally);
  }
}

void CompareFile(const fs::path& capture, const fs::path& truth_file, Tally* tally) {
  CaptureFile file(capture);
  if (!file.is_ethernet()) {
    return;
  }
  std::ifstream truth(truth_file);
  ByteSpan frame;
  FrameMetadata metadata;
  for (std::string line; std::getline(truth, line);) {
    const Json object = Json::parse(line);
    const std::string where =
        capture.filename().string() + " frame " + std::to_string(object.at("frame").get<int>());
    ASSERT_TRUE(file.Read(&frame, &metadata)) << where << ": not in the capture";
    // libpcap cuts a record that exceeds the snap length of its own file; so is no message of ours.
    ASSERT_TRUE(frame.size() == object.at("caplen").get<size_t>() ||
                (frame.size() < metadata.wire_length && !IsOurs(object)))
        << where;
    CompareFrame(frame, metadata, object, where, tally);
  }
  EXPECT_FALSE(file.Read(&frame, &metadata)) << capture << ": a frame without truth";
}

void Print(const char* title, const std::map<std::string, size_t>& counts) {
  std::cout << title << ":";
  for (const auto& [name, count] : counts) {
    std::cout << " " << name << " " << count;
  }
  std::cout << "\n";
}

TEST(CapturesTest, FramesAgreeWithTheirTruth) {
  const auto folder = CapturesFolder();
  if (!folder) {
    GTEST_SKIP()
        << "L3SYNC_CAPTURES is not set: only the hand-made frames of tests/frames/ are read";
  }
  Tally tally;
  const fs::path truth = *folder / "truth";
  for (const auto& entry : fs::recursive_directory_iterator(truth)) {
    if (entry.path().extension() == ".jsonl") {
      CompareFile(*folder / fs::relative(entry.path(), truth).replace_extension(), entry.path(),
                  &tally);
    }
  }
  std::cout << "frames " << tally.frames << ", compared " << tally.compared << " (equal "
            << tally.equal << "), ARP " << tally.arp << ", foreign " << tally.foreign << "\n";
  Print("dropped, and the truth shows why", tally.explained);
  Print("malformed by the truth", tally.malformed);
  Print("foreign", tally.dropped);
  EXPECT_GE(tally.compared, kLeastCompared);
  EXPECT_GE(tally.foreign, kLeastForeign);
  EXPECT_GE(tally.arp, kLeastArp);
}

// Cut at every byte, a frame is rejected or says the same: all that can be missing is a trailer.
TEST(CapturesTest, A1_CutSeedsSayNothingElse) {
  const auto folder = CapturesFolder();
  if (!folder) {
    GTEST_SKIP() << "L3SYNC_CAPTURES is not set: there are no seeds to replay";
  }
  const FrameMetadata partial{.checksum_partial = true};
  for (const auto& entry : fs::directory_iterator(*folder / "seeds" / "frame")) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
    const auto whole = ParseFrame(bytes, partial);
    for (size_t size = 0; size < bytes.size(); ++size) {
      const std::vector<uint8_t> exact(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
      const auto parsed = ParseFrame(exact, partial);
      if (parsed.ok()) {
        ASSERT_TRUE(whole.ok()) << entry.path() << " at " << size;
        ASSERT_EQ(*parsed, *whole) << entry.path() << " at " << size;
      }
    }
  }
}

// Each seed as each kind of input, on a block of its own size.
TEST(CapturesTest, SeedsAreReadOrRejected) {
  const auto folder = CapturesFolder();
  if (!folder) {
    GTEST_SKIP() << "L3SYNC_CAPTURES is not set: there are no seeds to replay";
  }
  const NdEnvelope envelope{.source = *IpAddress::Parse("fe80::1"),
                            .destination = *IpAddress::Parse("ff02::1"),
                            .hop_limit = 255};
  size_t seeds = 0;
  size_t read = 0;
  for (const char* const kind : {"frame", "dhcp4", "dhcp6", "nd"}) {
    for (const auto& entry : fs::directory_iterator(*folder / "seeds" / kind)) {
      std::ifstream file(entry.path(), std::ios::binary);
      std::vector<uint8_t> exact{std::istreambuf_iterator<char>(file), {}};
      exact.shrink_to_fit();
      const FrameMetadata partial{.checksum_partial = true};
      read += ParseFrame(exact, FrameMetadata()).ok() ? 1U : 0U;
      read += ParseFrame(exact, partial).ok() ? 1U : 0U;
      read += ParseDhcp4(exact).ok() ? 1U : 0U;
      read += ParseDhcp6(exact).ok() ? 1U : 0U;
      read += ParseNd(exact, envelope).ok() ? 1U : 0U;
      ++seeds;
    }
  }
  std::cout << "seeds " << seeds << ", readings that gave a message " << read << "\n";
  EXPECT_GE(seeds, kLeastSeeds);
  EXPECT_GT(read, 0U);
}

}  // namespace
}  // namespace l3sync
