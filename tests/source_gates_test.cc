// Classes of bugs (docs/bug-classes.md) that the source has no way to have: what it would take is
// in no file, or only where it is said here why.
#include <cctype>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace l3sync {
namespace {

const std::filesystem::path kRoot = L3SYNC_SOURCE_DIR;
const std::vector<std::string> kFolders = {"applier", "apply",   "capture", "helper",
                                           "learn",   "netlink", "sandbox", "ring",
                                           "runtime", "wire",    "worker"};

struct Line {
  std::string file;  // "wire/tlv.cc"
  int number = 0;
  std::string code;  // without comments and what stands in quotes
};

std::string CodeOf(const std::string& line) {
  std::string code;
  char quote = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == '\\') {
        ++i;
      } else if (c == quote) {
        quote = 0;
      }
    } else if (line.compare(i, 2, "//") == 0) {
      break;
    } else if (c == '"' || (c == '\'' && (code.empty() || std::isalnum(code.back()) == 0))) {
      quote = c;  // not the mark between the digits of a number
    } else {
      code.push_back(c);
    }
  }
  return code;
}

std::vector<Line> LinesOfFolder(const std::string& folder) {
  std::vector<Line> lines;
  for (const auto& entry : std::filesystem::directory_iterator(kRoot / "src" / folder)) {
    if (entry.path().extension() != ".h" && entry.path().extension() != ".cc") continue;
    std::ifstream in(entry.path());
    std::string text;
    for (int number = 1; std::getline(in, text); ++number) {
      std::string code = CodeOf(text);
      if (code.size() < 5) continue;
      lines.push_back({folder + "/" + entry.path().filename().string(), number, std::move(code)});
    }
  }
  EXPECT_GT(lines.size(), 50U) << folder;
  return lines;
}

std::vector<Line> LinesOf(const std::vector<std::string>& folders) {
  std::vector<Line> lines;
  for (const std::string& folder : folders) {
    const std::vector<Line> more = LinesOfFolder(folder);
    lines.insert(lines.end(), more.begin(), more.end());
  }
  return lines;
}

// No line but those of the files that may have it. A file that no longer has it may not have it any
// more either.
void ExpectOnlyIn(const std::set<std::string>& files, const std::string& pattern,
                  const std::vector<std::string>& folders) {
  const std::regex forbidden(pattern);
  std::set<std::string> found;
  for (const Line& line : LinesOf(folders)) {
    if (!std::regex_search(line.code, forbidden)) continue;
    found.insert(line.file);
    EXPECT_TRUE(files.contains(line.file)) << line.file << ":" << line.number << ":" << line.code;
  }
  EXPECT_EQ(found, files);
}

TEST(SourceGatesTest, ClassA5_OnlyByteReaderSubtractsLengths) {
  // ip_address: bits of an address, of which there are 32 or 128.
  ExpectOnlyIn({"wire/ip_address.h", "wire/ip_address.cc"}, R"([\w)\]] - [\w(]|-=|[^-]--[^-])",
               {"wire"});
  ExpectOnlyIn({"wire/byte_reader.h"}, R"(remove_prefix|remove_suffix)", {"wire", "learn"});
  ExpectOnlyIn({}, R"(reinterpret_cast|\bmemcpy|\bmemmove|\bntoh[sl]\b|\bhton[sl]\b)",
               {"wire", "learn"});
}

TEST(SourceGatesTest, ClassA10_NothingAssertsOnWhatAStrangerSent) {
  ExpectOnlyIn(
      {},
      R"(\bassert\s*\(|\b(ABSL_)?(RAW_)?D?CHECK(_\w+)?\s*\(|\b(std::)?(abort|terminate|exit)\s*\()"
      R"(|\bthrow\b|__builtin_(trap|unreachable)|ABSL_(ASSERT|UNREACHABLE)|\bLOG\s*\()",
      {"wire", "learn"});
  // at() throws: on frames that are built, and on tables that were asked before.
  ExpectOnlyIn({"learn/announcer.cc", "learn/binding_table.cc", "learn/forgeries.cc",
                "wire/neighbour_frames.cc"},
               R"([\w)\]]\.at\((?!\)))", {"wire", "learn"});
}

// value() is that of an option that Next() returned true for, or of what said ok() above.
TEST(SourceGatesTest, ClassA10_ValueIsAskedForFirst) {
  const std::regex kValue(R"((\w+)(?:\.|->)value\(\))");
  const std::vector<Line> lines = LinesOf({"wire", "learn"});
  constexpr int kAbove = 8;
  int seen = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    std::smatch match;
    if (!std::regex_search(lines[i].code, match, kValue)) continue;
    ++seen;
    const std::string name = match[1];
    const std::regex asked("\\b" + name + R"(((\.|->)(ok|has_value)\(\)|\.Next\(\)))");
    bool is_asked = false;
    for (size_t j = i; j-- > 0 && lines[j].file == lines[i].file &&
                       lines[i].number - lines[j].number <= kAbove;) {
      is_asked = is_asked || std::regex_search(lines[j].code, asked);
    }
    EXPECT_TRUE(is_asked) << lines[i].file << ":" << lines[i].number << ":" << lines[i].code;
  }
  EXPECT_GT(seen, 5);
}

// Class S2: who waits, waits in the event loop, which frames, answers and timers end.
TEST(SourceGatesTest, ClassS2_NothingSleepsAndNothingWaitsForAnAnswer) {
  ExpectOnlyIn({}, R"(\b(u?sleep|nanosleep|clock_nanosleep|SleepFor|sleep_for|sleep_until)\s*\()",
               kFolders);
  ExpectOnlyIn({}, R"(\b(mnl_cb_run|system_clock|wait_for|condition_variable)\b)",
               {"capture", "learn", "wire", "ring"});
}

// Class S5: deadlines are of a clock that nobody sets and that goes on during suspend.
TEST(SourceGatesTest, ClassS5_DeadlinesAreOfTheBootClock) {
  // event_loop: is told when the wall clock jumps, which it does at a resume.
  ExpectOnlyIn({"runtime/event_loop.cc"}, R"(\bCLOCK_REALTIME\b)", kFolders);
  // The log's lines have the time of day.
  ExpectOnlyIn({"runtime/event_writer.cc"}, R"(\babsl::Now\(|\btime\(|\bgettimeofday\()", kFolders);
}

// Class O1: what the network says reaches no shell and no other program. exec_worker: the command
// line of who started l3sync-open. start_applier: a child that runs nothing.
TEST(SourceGatesTest, ClassO1_NoProgramIsRunButTheWorker) {
  ExpectOnlyIn({"helper/exec_worker.cc", "helper/start_applier.cc"},
               R"(\b(system|popen|v?fork|posix_spawnp?|exec(v|ve|vp|vpe|l|le|lp|veat))\s*\()",
               kFolders);
  ExpectOnlyIn({}, R"(\b(setenv|putenv|wordexp|dlopen)\s*\()",
               {"capture", "learn", "netlink", "ring", "runtime", "wire", "worker"});
}

// Class O5: there is no file, no path and no socket with a name in the file system. instance_lock:
// an abstract name, which has no owner and no mode; it takes and gives nothing. open_socket: a
// socket without a name, to ask for an interface. start_applier, inherited: one of a pair without
// names. exec_worker, sandbox: /dev/null, for standard streams.
TEST(SourceGatesTest, ClassO5_NoFileAndNoSocketOfAPath) {
  ExpectOnlyIn({"helper/open_socket.cc", "helper/start_applier.cc", "worker/inherited.cc",
                "worker/instance_lock.cc"},
               R"(\bAF_UNIX\b|\bsockaddr_un\b)", kFolders);
  ExpectOnlyIn(
      {"helper/exec_worker.cc", "sandbox/sandbox.cc"},
      R"(\b(creat|fopen|freopen|mkdirat?|mkfifo|mknod|unlinkat?|renameat2?|rename|symlink|chmod|chown|truncate|mkstemp)\s*\()"
      R"(|\bO_(WRONLY|RDWR|CREAT|TRUNC|APPEND)\b|\bof?stream\b)",
      kFolders);
}

}  // namespace
}  // namespace l3sync
