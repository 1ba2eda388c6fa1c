#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"

#include "learn/policy.h"
#include "runtime/event_format.h"

namespace l3sync {

// The command line of l3sync(8).
struct Options {
  enum class Action : uint8_t { kRun, kHelp, kVersion };
  Action action = Action::kRun;
  std::string parent;
  bool dry_run = false;
  std::vector<IpPrefix> deny;
  std::vector<ConfiguredAddress> bind;  // each address once
  Eui64Policy eui64 = Eui64Policy::kRefuse;
  bool announce = false;
  absl::Duration poll_interval = absl::Seconds(30);
  LogFormat log_format = LogFormat::kText;
};

// `error` is empty if the command line is right; else one line that names what is wrong and what
// would be right.
struct ParsedOptions {
  Options options;
  std::string error;
};
ParsedOptions ParseOptions(const std::vector<std::string>& arguments);

extern const char kHelp[];

}  // namespace l3sync
