#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "wire/frame.h"

namespace l3sync::testing {

// A hand-made frame of tests/frames/, one case a file:
//
//   # what the case is, and its rule          '#' starts a comment anywhere
//   ! vlan_tci 5                              what the kernel says beside the bytes: vlan_tci N,
//   ! checksum_partial                        checksum_partial, wire_length N
//   ff ff ff ff ff ff   # destination MAC     two hex digits a byte
//
// ok_KIND*.hex is a message, drop_REASON[-VARIANT].hex is dropped for REASON, a name of
// DropReasonName().
struct FrameFile {
  std::string name;  // without folder and ".hex"
  std::vector<uint8_t> bytes;
  FrameMetadata metadata;

  // The REASON in the name; nullopt for a message.
  std::optional<std::string> expected_drop() const {
    constexpr std::string_view kDrop = "drop_";
    if (!name.starts_with(kDrop)) {
      return std::nullopt;
    }
    return name.substr(kDrop.size(), name.find('-') - kDrop.size());
  }
};

inline std::filesystem::path FrameFolder() {
  return std::filesystem::path(L3SYNC_SOURCE_DIR) / "tests" / "frames";
}

namespace internal {

inline void ReadMetadata(std::istringstream words, FrameMetadata* metadata) {
  std::string key;
  std::string value;
  words >> key >> value;
  if (key == "vlan_tci") {
    metadata->vlan_present = true;
    metadata->vlan_tci = static_cast<uint16_t>(std::stoul(value, nullptr, 0));
  } else if (key == "checksum_partial") {
    metadata->checksum_partial = true;
  } else if (key == "wire_length") {
    metadata->wire_length = static_cast<uint32_t>(std::stoul(value));
  } else {
    throw std::invalid_argument("unknown metadata: " + key);
  }
}

}  // namespace internal

// Throws if the file cannot be read or is not as described above: a broken case must not pass.
inline FrameFile LoadFrame(const std::string& name) {
  FrameFile frame{.name = name, .bytes = {}, .metadata = {}};
  std::ifstream file(FrameFolder() / (name + ".hex"));
  if (!file) {
    throw std::invalid_argument("no frame " + name);
  }
  for (std::string line; std::getline(file, line);) {
    line.resize(std::min(line.size(), line.find('#')));
    if (line.starts_with('!')) {
      internal::ReadMetadata(std::istringstream(line.substr(1)), &frame.metadata);
      continue;
    }
    std::istringstream words(line);
    for (std::string word; words >> word;) {
      uint8_t byte = 0;
      const char* const end = word.data() + word.size();
      const auto [stop, error] = std::from_chars(word.data(), end, byte, 16);
      if (word.size() != 2 || stop != end || error != std::errc()) {
        throw std::invalid_argument(word.append(": not a byte of ").append(name));
      }
      frame.bytes.push_back(byte);
    }
  }
  return frame;
}

// Every frame of the folder, by name.
inline std::vector<FrameFile> LoadAllFrames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(FrameFolder())) {
    if (entry.path().extension() == ".hex") {
      names.push_back(entry.path().stem().string());
    }
  }
  std::sort(names.begin(), names.end());
  std::vector<FrameFile> frames;
  frames.reserve(names.size());
  for (const std::string& name : names) {
    frames.push_back(LoadFrame(name));
  }
  return frames;
}

}  // namespace l3sync::testing
