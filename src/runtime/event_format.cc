#include "runtime/event_format.h"

#include <nlohmann/json.hpp>
#include <string.h>

#include <array>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace l3sync {
namespace {

// An interface's name may hold any byte but '/' and white space (dev_valid_name()).
std::string SafeName(const InterfaceName& name, int32_t ifindex) {
  std::string safe;
  for (const char c : NameView(name)) {
    if (c > ' ' && c < 0x7f && c != '\\') {
      safe.push_back(c);
    } else {
      absl::StrAppendFormat(&safe, "\\x%02x", static_cast<unsigned char>(c));
    }
  }
  return safe.empty() ? absl::StrCat("interface ", ifindex) : safe;
}

// The kernel has errors that the C library has no words for, such as ENOTSUPP (524).
std::string WordsOf(int error, const char* words) {
  return words != nullptr ? words : absl::StrCat("error ", error);
}

std::string LifetimeText(uint32_t seconds) {
  if (seconds == kInfiniteLifetimeSec) return "without end";
  return absl::StrCat("for ", absl::FormatDuration(absl::Seconds(seconds)));
}

std::string_view OriginText(Origin origin) {
  switch (origin) {
    case Origin::kNone:
      return "";
    case Origin::kDhcp4Offer:
      return "offered by DHCP";
    case Origin::kDhcp4Ack:
      return "leased by DHCP";
    case Origin::kDhcp6Reply:
      return "leased by DHCPv6";
    case Origin::kLinkLocal:
      return "the guest's link-local address";
    case Origin::kSlaac:
      return "SLAAC in a prefix of the router";
    case Origin::kAdopted:
    case Origin::kAdoptedLease:
      return "set by an earlier run";
    case Origin::kBind:
      return "--bind";
  }
  return "";
}

// ": offered by DHCP, for 1m, xid 1a2b3c4d", as far as there is something to say.
std::string Details(const Event& event) {
  std::string details(OriginText(event.origin));
  const auto add = [&](const std::string& text) {
    absl::StrAppend(&details, details.empty() ? "" : ", ", text);
  };
  if (event.has_lifetimes) add(LifetimeText(event.valid_sec));
  if (event.has_lifetimes && event.preferred_sec == 0) add("deprecated");
  if (event.has_xid) add(absl::StrFormat("xid %08x", event.xid));
  return details.empty() ? "" : absl::StrCat(": ", details);
}

std::string Because(const Event& event) {
  if (event.reason == Reason::kNone) return "";
  const std::string reason(ReasonText(event.reason));
  // A mend that can be typed names the interfaces.
  const bool is_port = event.kind == EventKind::kPortChanged;
  const std::string name = SafeName(event.name, event.ifindex);
  const std::string other =
      event.other_ifindex == 0 ? "" : SafeName(event.other_name, event.other_ifindex);
  std::string text = absl::StrCat(
      ": ", absl::StrReplaceAll(reason, {{"PARENT", name}, {"SLAVE", is_port ? other : name}}));
  if (event.other_ifindex != 0 && !is_port) absl::StrAppend(&text, " (", other, ")");
  if (event.error != 0)
    absl::StrAppend(&text, " (", WordsOf(event.error, strerrordesc_np(event.error)), ")");
  return text;
}

// " (192.0.2.7, xid 1a2b3c4d)", as far as there is something to say.
std::string ForgedText(const Event& event) {
  std::string text = event.address.has_value() ? event.address.ToString() : "";
  if (event.has_xid) {
    absl::StrAppendFormat(&text, "%sxid %08x", text.empty() ? "" : ", ", event.xid);
  }
  return text.empty() ? "" : absl::StrCat(" (", text, ")");
}

std::string LinkLine(const Event& event, const std::string& name) {
  switch (event.kind) {
    case EventKind::kLinkAdded:
      return event.reason == Reason::kNone ? name + ": served from now on"
                                           : absl::StrCat(name, ": not served", Because(event));
    case EventKind::kLinkRemoved:
      return absl::StrCat(name, ": no longer served",
                          event.reason == Reason::kNone ? ": it is gone" : Because(event));
    case EventKind::kPortChanged:
      return event.reason == Reason::kNone
                 ? name + ": all slaves are in mode l2 without flags: served"
                 : name + Because(event);
    case EventKind::kParentGone:
      return name + ": the parent is gone, and its slaves with it; start again when it is back";
    case EventKind::kDelegationIgnored:
      return name +
             ": the server delegates a prefix to the guest: it gets no route; add one by hand";
    case EventKind::kGuestQuarantined:
      return absl::StrCat(name, ": guest quarantined", Because(event), ForgedText(event),
                          "; until 10 minutes after the last such message it keeps what it has and "
                          "gets nothing new; if it is a server or router of this network, "
                          "--bind=",
                          name, "=ADDRESS gives it its addresses");
    case EventKind::kGuestReleased:
      return name + ": guest released: it has sent no server's or router's message for 10 minutes";
    case EventKind::kParentReflects:
      return absl::StrCat(name, ": guests can forge messages", Because(event));
    case EventKind::kResync:
      return absl::StrCat(name, ": reading links and addresses from the kernel", Because(event));
    case EventKind::kReady:
      return absl::StrCat(name, ": ready", event.dry_run ? " (dry run: nothing is changed)" : "",
                          event.reason == Reason::kNone ? "" : ", but", Because(event));
    default:
      return absl::StrCat(
          name, ": stopped",
          event.dry_run ? " (dry run)" : "; the addresses stay until their lifetimes end");
  }
}

std::string AddressLine(const Event& event, const std::string& name) {
  const std::string head = absl::StrCat(name, ": ", event.address.ToString(), " ");
  const std::string_view would = event.dry_run ? "would be " : "";
  const auto line = [&](std::string_view what, const std::string& rest) {
    return absl::StrCat(head, std::string(would), std::string(what), rest);
  };
  switch (event.kind) {
    case EventKind::kAddressRequested:
      return absl::StrCat(head, event.dry_run ? "would be put" : "is being put", " on the slave",
                          Details(event));
    case EventKind::kAddressConfirmed:
      return absl::StrCat(head, "is on the slave", Details(event));
    case EventKind::kAddressRefreshed:
      return line("refreshed", Details(event));
    case EventKind::kAddressRemoved:
      return line("removed", Because(event));
    case EventKind::kAddressRefused:
      return line("refused", Because(event));
    case EventKind::kAddressConflict:
      return absl::StrCat(
          head, "is used by another machine on the network, too: ", event.mac.ToString(),
          "; give that machine another address, or take this one out of the DHCP server's pool");
    case EventKind::kReplyUndelivered:
      return absl::StrCat(head, "reply not delivered", Because(event));
    default:
      return absl::StrCat(head, "reply delivered", Details(event));
  }
}

std::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kInfo:
      return "info";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  return "";
}

int64_t JsonLifetime(uint32_t seconds) {
  return seconds == kInfiniteLifetimeSec ? int64_t{-1} : int64_t{seconds};
}

}  // namespace

std::string FormatText(const Event& event) {
  const std::string name = SafeName(event.name, event.ifindex);
  const bool is_of_address =
      event.address.has_value() && event.kind != EventKind::kGuestQuarantined;
  return is_of_address ? AddressLine(event, name) : LinkLine(event, name);
}

namespace {

nlohmann::ordered_json JsonOf(const Event& event, absl::Time time) {
  nlohmann::ordered_json json;
  json["time"] = absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone());
  json["level"] = SeverityName(event.severity);
  json["event"] = EventName(event.kind);
  if (event.name[0] != '\0' || event.ifindex != 0) json["interface"] = NameView(event.name);
  if (event.ifindex != 0) json["ifindex"] = event.ifindex;
  if (event.address.has_value()) json["address"] = event.address.ToString();
  if (event.origin != Origin::kNone) json["origin"] = OriginName(event.origin);
  if (event.has_lifetimes) {
    json["valid_lifetime"] = JsonLifetime(event.valid_sec);
    json["preferred_lifetime"] = JsonLifetime(event.preferred_sec);
  }
  if (event.has_xid) json["xid"] = absl::StrFormat("%08x", event.xid);
  if (event.reason != Reason::kNone) json["reason"] = ReasonName(event.reason);
  if (event.other_ifindex != 0) json["other_interface"] = NameView(event.other_name);
  if (event.has_mac) json["mac"] = event.mac.ToString();
  if (event.error != 0) json["error"] = WordsOf(event.error, strerrorname_np(event.error));
  if (event.dry_run) json["dry_run"] = true;
  return json;
}

std::string Dump(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string FormatJson(const Event& event, absl::Time time) { return Dump(JsonOf(event, time)); }

std::string FormatStoppedText(const Event& event, const CounterList& counters) {
  std::string text = FormatText(event);
  for (const auto& [name, value] : counters) absl::StrAppend(&text, "\n  ", name, " ", value);
  return text;
}

std::string FormatStoppedJson(const Event& event, absl::Time time, const CounterList& counters) {
  nlohmann::ordered_json json = JsonOf(event, time);
  json["counters"] = nlohmann::ordered_json::object();
  for (const auto& [name, value] : counters) json["counters"][name] = value;
  return Dump(json);
}

}  // namespace l3sync
