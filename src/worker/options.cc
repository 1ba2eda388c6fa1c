// absl::flags of Debian 12 knows only '_' in names and ends the program itself, with status 1, when
// a value is wrong. Its parsers of values are used (absl::ParseFlag), its registry of names is not.
#include "worker/options.h"

#include <array>
#include <string_view>
#include <utility>

#include "absl/flags/marshalling.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace l3sync {

const char kHelp[] =
    "Usage: l3sync-open PARENT -- l3sync [OPTION...] PARENT\n"
    "\n"
    "Puts the addresses that guests learn by DHCP and SLAAC on their ipvtap slaves of PARENT, in "
    "time for the\n"
    "first reply. Started by l3sync-open, which hands over the packet socket.\n"
    "\n"
    "  --dry-run                   parse, decide and log; change nothing\n"
    "  --deny=PREFIX[,PREFIX...]   never assign these addresses\n"
    "  --eui64=refuse|first        the address made of the MAC that all slaves share: for nobody "
    "(the default),\n"
    "                              or for the first guest that uses it\n"
    "  --poll-interval=DURATION    how often to compare with the kernel's table (default 30s)\n"
    "  --log-format=text|json      events to standard error (default text)\n"
    "  --help, --version\n"
    "\n"
    "See l3sync(8).\n";

namespace {

// Each returns an empty string, or what is wrong with `value`.
std::string SetDryRun(std::string_view value, Options* options) {
  std::string unused;
  if (value.empty()) {
    options->dry_run = true;
    return "";
  }
  return absl::ParseFlag(absl::string_view(value.data(), value.size()), &options->dry_run, &unused)
             ? ""
             : "is true or false";
}

std::string SetDeny(std::string_view value, Options* options) {
  for (const absl::string_view text :
       absl::StrSplit(absl::string_view(value.data(), value.size()), ',')) {
    const auto prefix = IpPrefix::Parse({text.data(), text.size()});
    if (!prefix.has_value()) {
      return absl::StrCat("is a list of prefixes such as 192.0.2.0/24,2001:db8::1, and '", text,
                          "' is none");
    }
    options->deny.push_back(*prefix);
  }
  return "";
}

std::string SetEui64(std::string_view value, Options* options) {
  if (value != "refuse" && value != "first") return "is 'refuse' or 'first'";
  options->eui64 = value == "first" ? Eui64Policy::kFirst : Eui64Policy::kRefuse;
  return "";
}

std::string SetPollInterval(std::string_view value, Options* options) {
  std::string unused;
  const bool parsed = absl::ParseFlag(absl::string_view(value.data(), value.size()),
                                      &options->poll_interval, &unused);
  const bool in_range =
      options->poll_interval >= absl::Seconds(1) && options->poll_interval <= absl::Hours(24);
  return parsed && in_range ? "" : "is a duration from 1s to 24h, such as 30s or 2m";
}

std::string SetLogFormat(std::string_view value, Options* options) {
  if (value != "text" && value != "json") return "is 'text' or 'json'";
  options->log_format = value == "json" ? LogFormat::kJson : LogFormat::kText;
  return "";
}

struct Option {
  std::string_view name;
  bool takes_value;
  std::string (*set)(std::string_view value, Options* options);
};

constexpr std::array<Option, 5> kOptions = {{
    {"dry-run", false, SetDryRun},
    {"deny", true, SetDeny},
    {"eui64", true, SetEui64},
    {"poll-interval", true, SetPollInterval},
    {"log-format", true, SetLogFormat},
}};

std::string SetOption(std::string_view name, bool has_value, std::string_view value,
                      Options* options) {
  for (const Option& option : kOptions) {
    if (option.name != name) continue;
    if (option.takes_value && !has_value) {
      return absl::StrCat("--", std::string(name), " needs a value: --", std::string(name),
                          "=VALUE");
    }
    const std::string wrong = option.set(value, options);
    return wrong.empty() ? "" : absl::StrCat("--", std::string(name), " ", wrong);
  }
  return absl::StrCat("unknown option --", std::string(name), "; l3sync --help lists them");
}

}  // namespace

ParsedOptions ParseOptions(const std::vector<std::string>& arguments) {
  ParsedOptions parsed;
  bool only_operands = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (only_operands || argument.size() < 2 || argument[0] != '-') {
      if (!parsed.options.parent.empty()) {
        parsed.error =
            absl::StrCat("one PARENT is enough: start one l3sync for '", arguments[i], "' as well");
        return parsed;
      }
      parsed.options.parent = arguments[i];
      continue;
    }
    if (argument == "--") {
      only_operands = true;
      continue;
    }
    if (argument == "--help") {
      parsed.options.action = Options::Action::kHelp;
      return parsed;
    }
    if (argument == "--version") {
      parsed.options.action = Options::Action::kVersion;
      return parsed;
    }
    if (argument.substr(0, 2) != "--") {
      parsed.error = absl::StrCat("unknown option ", arguments[i], "; l3sync --help lists them");
      return parsed;
    }
    const size_t equals = argument.find('=');
    const bool has_value = equals != std::string_view::npos;
    parsed.error =
        SetOption(argument.substr(2, has_value ? equals - 2 : std::string_view::npos), has_value,
                  has_value ? argument.substr(equals + 1) : "", &parsed.options);
    if (!parsed.error.empty()) return parsed;
  }
  if (parsed.options.parent.empty()) {
    parsed.error =
        "name the PARENT, the interface whose ipvtap slaves are to be served; `ip link` lists "
        "interfaces";
  }
  return parsed;
}

}  // namespace l3sync
