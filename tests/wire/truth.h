#pragma once

#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "wire/drop_reason.h"
#include "wire/frame.h"

// What another dissector said of a captured frame, in the form of the captures' README: a JSON
// object a frame.
namespace l3sync::testing {

using Json = nlohmann::json;

// A parsed frame in the same form: the keys that l3sync has a value for or could have one for; null
// is "none". Keys that the truth has only in its list of options are the same as in Derived().
Json Describe(const ParsedFrame& frame);

// The truth's counterpart of what Describe() says: the same keys, some of them worked out from the
// list of options.
Json Derived(const Json& truth);

// The keys in which `ours` differs from `truth`, with both values; empty if equal. If `subset`, a
// null or an empty list of ours differs from nothing.
std::vector<std::string> Differences(const Json& ours, const Json& truth, bool subset);

// True if the truth shows what `reason` claims of the frame. Each reason that may drop a frame of
// the kinds dhcp4, dhcp6, rs, ra, ns and na is spelt out; any other explains nothing.
bool Explains(DropReason reason, const Json& truth);

}  // namespace l3sync::testing
