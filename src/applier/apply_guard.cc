#include "applier/apply_guard.h"

#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <variant>

namespace l3sync {
namespace {

PolicyOptions OptionsOf(const ApplyRules& rules) {
  PolicyOptions options;
  options.deny = rules.deny;
  // A guest may have it, or not: the worker's to say.
  options.eui64 = Eui64Policy::kFirst;
  return options;
}

}  // namespace

ApplyGuard::ApplyGuard(ApplyRules rules) : rules_(std::move(rules)), policy_(OptionsOf(rules_)) {}

bool ApplyGuard::Push(const KernelRecord& record) {
  if (const auto* link = std::get_if<LinkRecord>(&record)) {
    ObserveLink(*link);
  } else if (const auto* address = std::get_if<AddressRecord>(&record)) {
    ObserveAddress(*address);
  } else if (const auto* route = std::get_if<RouteRecord>(&record)) {
    if (route->type == RTN_UNICAST) policy_.AddNextHop(route->gateway);
  } else if (const auto* mark = std::get_if<DumpMark>(&record)) {
    ObserveMark(*mark);
  } else if (std::holds_alternative<EventsLost>(record)) {
    needs_dump_ = true;
  }
  return true;
}

void ApplyGuard::ObserveMark(const DumpMark& mark) {
  if (mark.kind == DumpMark::Kind::kBegin) {
    in_dump_ = true;
    needs_dump_ = false;
    dumped_.clear();
    policy_.BeginDump();
    return;
  }
  const bool complete = mark.kind == DumpMark::Kind::kEnd;
  in_dump_ = false;
  policy_.EndDump(complete);
  if (complete) slaves_.swap(dumped_);
  is_ready_ = is_ready_ || complete;
  if (!complete) needs_dump_ = true;
}

void ApplyGuard::ObserveLink(const LinkRecord& link) {
  const bool is_slave = !link.deleted && link.kind == LinkKind::kIpvtap &&
                        link.parent_ifindex == rules_.parent_ifindex && !link.parent_in_other_netns;
  if (is_slave) {
    if (in_dump_) dumped_.try_emplace(link.ifindex);
    // Its addresses were taken for the host's, if they came before it.
    if (slaves_.try_emplace(link.ifindex).second && policy_.RemoveHostInterface(link.ifindex)) {
      needs_dump_ = true;
    }
    return;
  }
  // A dump may still show what has just gone.
  if (slaves_.erase(link.ifindex) + dumped_.erase(link.ifindex) > 0) needs_dump_ = true;
  if (link.deleted) policy_.RemoveHostInterface(link.ifindex);
}

void ApplyGuard::ObserveAddress(const AddressRecord& record) {
  const auto slave = slaves_.find(record.ifindex);
  const bool is_ours =
      IsOwnProtocol(record.protocol) && record.prefix_length == record.address.bit_length();
  if (record.deleted) {
    if (in_dump_) needs_dump_ = true;
    policy_.RemoveHostAddress(record.ifindex, record.address);
    if (slave != slaves_.end()) slave->second.erase(record.address);
    return;
  }
  if (slave == slaves_.end()) {
    policy_.AddHostAddress(record.ifindex, {record.address, record.prefix_length});
    return;
  }
  slave->second[record.address] = is_ours;
  if (in_dump_) dumped_[record.ifindex][record.address] = is_ours;
}

bool ApplyGuard::MayHave(const IpAddress& address) const {
  const bool is_configured = std::find(rules_.configured.begin(), rules_.configured.end(),
                                       address) != rules_.configured.end();
  const Reason reason = is_configured ? policy_.CheckConfigured(address)
                                      : policy_.Check(address, /*claimed_by_nd=*/false);
  return reason == Reason::kNone;
}

int ApplyGuard::CheckPut(const ApplyRequest& request, const IpAddress& address) const {
  if (!IsOwnProtocol(request.protocol) || !MayHave(address)) return EPERM;
  // To replace is to change the lifetime of an address, which is ours to do for our own only.
  const Addresses& addresses = slaves_.at(request.ifindex);
  const auto there = addresses.find(address);
  const bool is_others = there != addresses.end() && !there->second;
  return request.flag != 0 && is_others ? EPERM : 0;
}

int ApplyGuard::Check(const ApplyRequest& request, const IpAddress& address) const {
  if (!address.has_value()) return EPERM;
  const auto slave = slaves_.find(request.ifindex);
  if (slave == slaves_.end()) return ENODEV;
  if (request.verb == ApplyVerb::kPutAddress) return CheckPut(request, address);
  const auto there = slave->second.find(address);
  if (there == slave->second.end()) {
    return request.verb == ApplyVerb::kRemoveLocalRoute ? ESRCH : EADDRNOTAVAIL;
  }
  if (!there->second) return EPERM;
  return request.verb == ApplyVerb::kAnnounce && !rules_.announce ? EPERM : 0;
}

void ApplyGuard::NoteDone(const ApplyRequest& request, const IpAddress& address) {
  const auto slave = slaves_.find(request.ifindex);
  if (slave == slaves_.end()) return;
  if (request.verb == ApplyVerb::kPutAddress) {
    slave->second[address] = true;
    if (in_dump_) dumped_[request.ifindex][address] = true;
  } else if (request.verb == ApplyVerb::kRemoveAddress) {
    slave->second.erase(address);
    if (in_dump_) needs_dump_ = true;
  }
}

}  // namespace l3sync
