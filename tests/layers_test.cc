// Arrows point one way: a folder may include only what design and CONTRIBUTING.md let it.
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "gtest/gtest.h"

namespace l3sync {
namespace {

using Folders = std::set<std::string>;

// Itself apart.
const std::map<std::string, Folders> kMayInclude = {
    {"ring", {}},
    {"wire", {}},
    {"learn", {"wire"}},
    {"capture", {"wire"}},
    {"apply", {"wire"}},
    {"netlink", {"apply", "learn", "wire"}},
    {"runtime", {"apply", "capture", "learn", "netlink", "ring", "wire"}},
    {"sandbox", {}},
    {"worker", {"apply", "capture", "learn", "netlink", "ring", "runtime", "sandbox", "wire"}},
    {"applier", {"apply", "learn", "netlink", "runtime", "sandbox", "wire"}},
    {"helper", {"applier", "apply", "bpf", "netlink", "wire"}},
    {"bpf", {}},
};

// What a pure folder must not even name: no syscall, no clock, no log, no thread.
const std::set<std::string> kImpureHeaders = {"unistd.h",
                                              "sys/socket.h",
                                              "time.h",
                                              "ctime",
                                              "chrono",
                                              "thread",
                                              "mutex",
                                              "atomic",
                                              "iostream",
                                              "fstream",
                                              "absl/time/clock.h",
                                              "sys/epoll.h"};

Folders IncludesOf(const std::filesystem::path& file) {
  static const std::regex kInclude("^\\s*#\\s*include\\s*[<\"]([^>\"]+)[>\"]");
  std::ifstream in(file);
  Folders includes;
  std::string line;
  std::smatch match;
  while (std::getline(in, line)) {
    if (std::regex_search(line, match, kInclude)) includes.insert(match[1]);
  }
  return includes;
}

std::filesystem::path PathOf(const std::string& folder) {
  const std::filesystem::path root = L3SYNC_SOURCE_DIR;
  return folder == "bpf" ? root / "bpf" : root / "src" / folder;
}

TEST(LayersTest, ArrowsPointOneWay) {
  for (const auto& [folder, allowed] : kMayInclude) {
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(PathOf(folder))) {
      if (entry.path().extension() != ".h" && entry.path().extension() != ".cc") continue;
      ++files;
      for (const std::string& include : IncludesOf(entry.path())) {
        const std::string other = include.substr(0, include.find('/'));
        if (include == other || !kMayInclude.contains(other) || other == folder) continue;
        EXPECT_TRUE(allowed.contains(other)) << entry.path() << " includes " << include;
      }
    }
    EXPECT_GT(files, 0) << folder;
  }
}

TEST(LayersTest, EveryFolderOfTheSourceIsKnown) {
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(L3SYNC_SOURCE_DIR) / "src")) {
    if (!entry.is_directory()) continue;
    EXPECT_TRUE(kMayInclude.contains(entry.path().filename())) << entry.path();
  }
}

TEST(LayersTest, WireAndLearnArePure) {
  for (const std::string folder : {"wire", "learn"}) {
    for (const auto& entry : std::filesystem::directory_iterator(PathOf(folder))) {
      for (const std::string& include : IncludesOf(entry.path())) {
        EXPECT_FALSE(kImpureHeaders.contains(include)) << entry.path() << " includes " << include;
      }
    }
  }
}

}  // namespace
}  // namespace l3sync
