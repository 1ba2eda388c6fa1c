#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "tests/fuzz/slow_parser.h"
#include "wire/frame.h"

namespace l3sync::testing {

// What l3sync's parser made of a frame, in the words of the slow one: every field that it gives to
// others is in it.
slow::Description Describe(const ParsedFrame& frame);

// Both parsers read `frame`. nullopt if they say the same, or both reject it; else what each says.
std::optional<std::string> Difference(const slow::Bytes& frame, const FrameMetadata& metadata);

// What the kernel may say of the same bytes: nothing, an unfinished checksum (which lets a changed
// frame past the checksums), a tag that it stripped.
inline constexpr std::array<FrameMetadata, 4> kEveryMetadata = {{
    {},
    {.checksum_partial = true},
    {.vlan_present = true, .vlan_tci = 0xe000, .checksum_partial = true},
    {.vlan_present = true, .vlan_tci = 0x0fff},
}};

// The first difference under any of kEveryMetadata.
std::optional<std::string> AnyDifference(const slow::Bytes& frame);

}  // namespace l3sync::testing
