#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

#include "learn/event.h"

namespace l3sync {

enum class LogFormat : uint8_t { kText, kJson };

// One line for people, without the line end: what happened to which address of which slave, why,
// for how long. Names of interfaces are made safe for a terminal; nothing else in an event is text.
std::string FormatText(const Event& event);
// One JSON object, without the line end, with the members of l3sync(8).
std::string FormatJson(const Event& event, absl::Time time);

// Names and values, for the last event: lines of their own in text, a member of the object in JSON.
using CounterList = std::vector<std::pair<std::string, uint64_t>>;
std::string FormatStoppedText(const Event& event, const CounterList& counters);
std::string FormatStoppedJson(const Event& event, absl::Time time, const CounterList& counters);

}  // namespace l3sync
