#pragma once

#include <optional>
#include <string>
#include <vector>

namespace l3sync {

// The command line of l3sync-open(8).
struct HelperOptions {
  std::string user = "l3sync";
  bool dry_run = false;
  bool hold = false;  // never with dry_run
  bool help = false;
  bool version = false;
  std::string parent;                // empty only with help or version
  std::vector<std::string> command;  // never empty but with help or version
};

inline constexpr char kHelperUsage[] =
    "usage: l3sync-open [--user=USER] [--dry-run | --hold] PARENT -- COMMAND [ARG...]";

// `arguments` without the program's name. nullopt: wrong usage, and `error` says what and what to
// do.
std::optional<HelperOptions> ParseHelperOptions(const std::vector<std::string>& arguments,
                                                std::string* error);

}  // namespace l3sync
