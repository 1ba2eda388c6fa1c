#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wire/ip_address.h"

namespace l3sync {

// The command line of l3sync-open(8).
struct HelperOptions {
  std::string user = "l3sync";
  bool dry_run = false;
  bool hold = false;  // never with dry_run
  std::vector<IpPrefix> deny;
  std::vector<IpAddress> bind;  // the addresses only
  bool announce = false;
  bool help = false;
  bool version = false;
  std::string parent;                // empty only with help or version
  std::vector<std::string> command;  // never empty but with help or version
};

inline constexpr char kHelperUsage[] = "usage: l3sync-open [OPTION...] PARENT -- COMMAND [ARG...]";

// `arguments` without the program's name. nullopt: wrong usage, and `error` says what and what to
// do.
std::optional<HelperOptions> ParseHelperOptions(const std::vector<std::string>& arguments,
                                                std::string* error);

}  // namespace l3sync
