// absl::flags of Debian 12 knows only '_' in names and ends the program itself, with status 1, when
// a value is wrong. Its parsers of values are used (absl::ParseFlag), its registry of names is not.
#include "worker/options.h"

#include <net/if.h>

#include <algorithm>
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
    "  --bind=SLAVE=ADDRESS[,...]  the guest on SLAVE has these addresses, whatever it says\n"
    "  --eui64=refuse|first        the address made of the MAC that all slaves share: for nobody "
    "(the default),\n"
    "                              or for the first guest that uses it\n"
    "  --announce                  tell the network where an address is, once its guest has it\n"
    "  --poll-interval=DURATION    how often to compare with the kernel's table (default 30s)\n"
    "  --log-format=text|json      events to standard error (default text)\n"
    "  --help, --version\n"
    "\n"
    "See l3sync(8).\n";

namespace {

// Each returns an empty string, or what is wrong with `value`.
std::string SetSwitch(std::string_view value, bool* on) {
  std::string unused;
  if (value.empty()) {
    *on = true;
    return "";
  }
  return absl::ParseFlag(absl::string_view(value.data(), value.size()), on, &unused)
             ? ""
             : "is true or false";
}

std::string SetDryRun(std::string_view value, Options* options) {
  return SetSwitch(value, &options->dry_run);
}

std::string SetAnnounce(std::string_view value, Options* options) {
  return SetSwitch(value, &options->announce);
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

// As the kernel's dev_valid_name() has it.
bool IsInterfaceName(std::string_view name) {
  return !name.empty() && name.size() < IFNAMSIZ && name != "." && name != ".." &&
         name.find_first_of("/: \t\n\v\f\r") == std::string_view::npos;
}

std::string AddBinding(const std::string& slave, const IpAddress& address, Options* options) {
  const auto same = [&](const ConfiguredAddress& other) { return other.address == address; };
  const auto known = std::find_if(options->bind.begin(), options->bind.end(), same);
  if (known != options->bind.end()) {
    if (known->slave == slave) return "";
    return absl::StrCat("gives ", address.ToString(), " to ", known->slave, " and to ", slave,
                        "; one slave can have it");
  }
  if (Policy::CheckSpecial(address) != Reason::kNone) {
    return absl::StrCat("names ", address.ToString(), ", which is not an address of a host");
  }
  const auto of_slave = std::count_if(options->bind.begin(), options->bind.end(),
                                      [&](const auto& other) { return other.slave == slave; });
  if (static_cast<size_t>(of_slave) >= ConfiguredAddresses::kMaxPerSlave) {
    return absl::StrCat("gives ", slave, " more than ", ConfiguredAddresses::kMaxPerSlave,
                        " addresses");
  }
  if (options->bind.size() >= ConfiguredAddresses::kMax) {
    return absl::StrCat("names more than ", ConfiguredAddresses::kMax, " addresses in all");
  }
  options->bind.push_back({slave, address});
  return "";
}

// The last '=' counts: an interface's name may hold one, and ',' too; an address does not.
std::string SetBind(std::string_view value, Options* options) {
  constexpr std::string_view kForm = "is SLAVE=ADDRESS[,ADDRESS...], such as t0=192.0.2.7,fe80::7";
  const size_t equals = value.rfind('=');
  if (equals == std::string_view::npos) return std::string(kForm);
  const std::string slave(value.substr(0, equals));
  if (!IsInterfaceName(slave)) {
    return absl::StrCat(std::string(kForm), ", and '", slave, "' is no name of an interface");
  }
  const std::string list(value.substr(equals + 1));
  for (const absl::string_view text : absl::StrSplit(list, ',')) {
    const auto address = IpAddress::Parse({text.data(), text.size()});
    if (!address.has_value()) {
      return absl::StrCat(std::string(kForm), ", and '", text, "' is no address");
    }
    std::string wrong = AddBinding(slave, *address, options);
    if (!wrong.empty()) return wrong;
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

constexpr std::array<Option, 7> kOptions = {{
    {"dry-run", false, SetDryRun},
    {"deny", true, SetDeny},
    {"bind", true, SetBind},
    {"eui64", true, SetEui64},
    {"announce", false, SetAnnounce},
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

// What is wrong with the options together; empty if nothing is.
std::string Contradiction(const Options& options) {
  for (const ConfiguredAddress& bind : options.bind) {
    const std::string option = absl::StrCat("--bind=", bind.slave, "=", bind.address.ToString());
    if (bind.slave == options.parent) {
      return absl::StrCat(option, ": ", bind.slave, " is the PARENT; name the slave of the guest");
    }
    for (const IpPrefix& prefix : options.deny) {
      if (!prefix.Contains(bind.address)) continue;
      return absl::StrCat(option, " and --deny=", prefix.ToString(),
                          " contradict each other; take one away");
    }
  }
  return "";
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
    return parsed;
  }
  parsed.error = Contradiction(parsed.options);
  return parsed;
}

}  // namespace l3sync
