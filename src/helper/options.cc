#include "helper/options.h"

#include <getopt.h>

#include <algorithm>
#include <sstream>

namespace l3sync {
namespace {

enum Option : int { kUser = 1, kDryRun, kHold, kDeny, kBind, kAnnounce, kHelp, kVersion };

constexpr option kOptions[] = {
    {"user", required_argument, nullptr, kUser},
    {"dry-run", no_argument, nullptr, kDryRun},
    {"hold", no_argument, nullptr, kHold},
    {"deny", required_argument, nullptr, kDeny},
    {"bind", required_argument, nullptr, kBind},
    {"announce", no_argument, nullptr, kAnnounce},
    {"help", no_argument, nullptr, kHelp},
    {"version", no_argument, nullptr, kVersion},
    {nullptr, 0, nullptr, 0},
};

std::vector<std::string> SplitAtCommas(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) {
    parts.push_back(part);
  }
  return parts;
}

bool ParseDeny(const std::string& value, HelperOptions* options, std::string* error) {
  for (const std::string& word : SplitAtCommas(value)) {
    const auto prefix = IpPrefix::Parse(word);
    if (!prefix) {
      *error = "--deny: " + word + " is no address or prefix, as in --deny=192.0.2.0/24";
      return false;
    }
    options->deny.push_back(*prefix);
  }
  return true;
}

// The addresses only: which slave they belong to is the worker's to know. The last '=' counts: an
// interface's name may hold one.
bool ParseBind(const std::string& value, HelperOptions* options, std::string* error) {
  const size_t equals = value.rfind('=');
  const std::vector<std::string> words =
      SplitAtCommas(equals == std::string::npos ? "" : value.substr(equals + 1));
  for (const std::string& word : words) {
    const auto address = IpAddress::Parse(word);
    if (!address) {
      break;
    }
    options->bind.push_back(*address);
    if (&word == &words.back()) {
      return true;
    }
  }
  *error = "--bind=" + value + " is not SLAVE=ADDRESS[,ADDRESS...], as in --bind=t0=192.0.2.7";
  return false;
}

// What stands before "--": the options, and the words that are none.
bool ParseOwnWords(std::vector<std::string> words, HelperOptions* options,
                   std::vector<std::string>* others, std::string* error) {
  std::string name = "l3sync-open";
  std::vector<char*> argv = {name.data()};
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  const int argc = static_cast<int>(argv.size()) - 1;
  optind = 0;  // glibc: begin anew
  opterr = 0;  // our own messages
  while (true) {
    switch (getopt_long(argc, argv.data(), ":", kOptions, nullptr)) {
      case -1:
        others->assign(argv.begin() + optind, argv.begin() + argc);
        return true;
      case kUser:
        options->user = optarg;
        break;
      case kDryRun:
        options->dry_run = true;
        break;
      case kHold:
        options->hold = true;
        break;
      case kDeny:
        if (!ParseDeny(optarg, options, error)) {
          return false;
        }
        break;
      case kBind:
        if (!ParseBind(optarg, options, error)) {
          return false;
        }
        break;
      case kAnnounce:
        options->announce = true;
        break;
      case kHelp:
        options->help = true;
        break;
      case kVersion:
        options->version = true;
        break;
      case ':':
        *error = std::string(argv[static_cast<size_t>(optind - 1)]) + " needs a value";
        return false;
      default: {
        const bool is_letter = optopt > kVersion;
        const std::string word = is_letter ? std::string("-") + static_cast<char>(optopt)
                                           : argv[static_cast<size_t>(optind - 1)];
        *error = word +
                 ": no such option, or one without a value; what the command is to see comes after "
                 "\"--\"";
        return false;
      }
    }
  }
}

}  // namespace

std::optional<HelperOptions> ParseHelperOptions(const std::vector<std::string>& arguments,
                                                std::string* error) {
  // getopt_long() would look for options among the command's words, if "--" was forgotten.
  const auto separator = std::find(arguments.begin(), arguments.end(), "--");
  HelperOptions options;
  std::vector<std::string> others;
  if (!ParseOwnWords({arguments.begin(), separator}, &options, &others, error)) {
    return std::nullopt;
  }
  if (options.help || options.version) {
    return options;
  }
  if (others.empty()) {
    *error = "no parent interface given";
    return std::nullopt;
  }
  if (separator == arguments.end() || separator + 1 == arguments.end()) {
    *error =
        "nothing to run: the command comes after \"--\", as in \"l3sync-open eth0 -- l3sync eth0\"";
    return std::nullopt;
  }
  if (others.size() > 1) {
    *error = others[1] + ": one parent interface only, then \"--\" and the command";
    return std::nullopt;
  }
  if (others[0].empty()) {
    *error = "the name of the parent interface is empty";
    return std::nullopt;
  }
  if (options.user.empty()) {
    *error = "the name of the user is empty";
    return std::nullopt;
  }
  if (options.hold && options.dry_run) {
    *error = "--hold makes an nftables table, and --dry-run changes nothing: leave out one of them";
    return std::nullopt;
  }
  options.parent = others[0];
  options.command.assign(separator + 1, arguments.end());
  return options;
}

}  // namespace l3sync
