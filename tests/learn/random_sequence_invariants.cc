#include <algorithm>
#include <variant>

#include "gtest/gtest.h"

#include "random_sequence.h"

// What must hold, whatever was said and done.
namespace l3sync::testing {
namespace {

// Lifetimes in the kernel are whole seconds.
constexpr absl::Duration kRounding = absl::Seconds(1);

}  // namespace

void RandomSequence::ExpectSafe() {
  const BindingTable& table = bed_.learner().bindings();
  EXPECT_LE(table.size(), BindingTable::kMax) << "I1";
  for (const int32_t slave : kSlaves) {
    size_t learned = 0, leased = 0;
    for (const IpAddress& address : table.AddressesOf(slave)) {
      const Binding* binding = table.Find(address);
      if (!binding->is_configured()) ++learned;
      // A DHCPv6 lease of what the guest had formed already takes no new room.
      if (binding->is_dhcp4()) ++leased;
    }
    EXPECT_LE(learned, BindingTable::kMaxPerSlave) << "I1";
    EXPECT_LE(leased, BindingTable::kMaxDhcpPerSlave) << "I1";
  }
  for (const IpAddress& address : table.All()) {
    const Binding* binding = table.Find(address);
    EXPECT_TRUE(bed_.learner().IsServed(binding->ifindex)) << address.ToString();
    EXPECT_GE(binding->valid_until, bed_.now()) << "I3: " << address.ToString() << " is past";
    EXPECT_EQ(Policy::CheckSpecial(address), Reason::kNone) << "T7: " << address.ToString();
    EXPECT_FALSE(host_.contains(address)) << "T7: the host has " << address.ToString();
    for (const IpPrefix& denied : policy_.deny) {
      EXPECT_FALSE(denied.Contains(address)) << "T7: " << address.ToString() << " is denied";
    }
    for (const ConfiguredAddress& configured : policy_.configured) {
      EXPECT_TRUE(configured.address != address || names_[binding->ifindex] == configured.slave)
          << "T2: " << address.ToString() << " is on " << binding->ifindex;
    }
  }
  for (const auto& [address, entry] : bed_.kernel().addresses()) {
    EXPECT_FALSE(entry.valid_until.is_never()) << "I3: " << address.ToString() << " never ends";
  }
  if (!is_obedient_) return;
  for (const Event& event : bed_.Events(EventKind::kAddressRefused)) {
    // EADDRINUSE among them: the learner would have an address on two slaves.
    EXPECT_EQ(event.error, 0) << "I2: refused by the kernel: " << event.address.ToString();
  }
  for (const Event& event : bed_.Events(EventKind::kAddressRemoved)) {
    EXPECT_NE(event.reason, Reason::kDeletedByOther) << event.address.ToString();
  }
}

void RandomSequence::ExpectEqual() {
  const BindingTable& table = bed_.learner().bindings();
  std::map<IpAddress, int32_t> wanted, there;
  for (const auto& [address, binding] : Bindings()) {
    // IPv6 comes back with the link (F17).
    if (address.is_v4() || bed_.kernel().IsUp(binding.first)) wanted[address] = binding.first;
  }
  for (const auto& [address, entry] : bed_.kernel().addresses()) {
    there[address] = entry.ifindex;
    EXPECT_FALSE(entry.local_route) << address.ToString();
    const Binding* binding = table.Find(address);
    if (binding == nullptr) continue;  // said below
    const bool is_endless = binding->valid_until.is_never();
    const MonotonicTime end =
        is_endless ? bed_.now() + Installer::kRollingLifetime : binding->valid_until;
    EXPECT_LE(entry.valid_until, end + kRounding)
        << "I3: " << address.ToString() << " would outlive its lifetime";
    EXPECT_TRUE(is_endless || !binding->is_dhcp() || entry.valid_until >= end - kRounding)
        << address.ToString() << " would end before its lease";
  }
  EXPECT_EQ(wanted, there) << "I5";
  for (const ConfiguredAddress& configured : policy_.configured) {
    if (host_.contains(configured.address)) continue;
    for (const auto& [slave, name] : names_) {
      if (name != configured.slave || !bed_.learner().IsServed(slave)) continue;
      const Binding* binding = table.Find(configured.address);
      EXPECT_TRUE(binding != nullptr && binding->ifindex == slave && binding->is_configured())
          << "T2: " << name << " lacks " << configured.address.ToString();
    }
  }
}

void RandomSequence::ExpectDelivered() {
  std::map<std::tuple<int, uint32_t, IpAddress>, int> delivered;
  for (const CommandKernel::Delivered& one : bed_.kernel().delivered()) {
    if (one.ifindex == 0) continue;
    const Parsed<ParsedFrame> frame = ParseFrame(one.frame, {});
    ASSERT_TRUE(frame.ok()) << DropReasonName(frame.drop_reason());
    std::tuple<int, uint32_t, IpAddress> reply;
    if (const auto* dhcp4 = std::get_if<Dhcp4Message>(&frame->message)) {
      reply = {static_cast<int>(dhcp4->type), dhcp4->xid, dhcp4->yiaddr};
    } else {
      const auto& dhcp6 = std::get<Dhcp6Message>(frame->message);
      reply = {static_cast<int>(dhcp6.type), dhcp6.xid, frame->destination};
    }
    EXPECT_TRUE(askers_.contains({std::get<1>(reply), one.ifindex}))
        << "I4: xid " << std::get<1>(reply) << " to " << one.ifindex;
    EXPECT_LE(++delivered[reply], said_[reply]) << "xid " << std::get<1>(reply) << " comes twice";
  }
}

// But for the turns of offers that it stood in the way of.
void RandomSequence::ExpectNothingOfOthers(int32_t slave, const Snapshot& before) {
  const Snapshot after = Bindings();
  for (const auto& [address, binding] : after) {
    const auto known = before.find(address);
    if (binding.first == slave || binding.second == Origin::kDhcp4Offer) continue;
    EXPECT_TRUE(known != before.end() && known->second.first == binding.first)
        << "I4: " << address.ToString() << " came to " << binding.first << " by " << slave;
  }
  for (const auto& [address, binding] : before) {
    if (binding.first == slave || binding.second == Origin::kDhcp4Offer) continue;
    const auto it = after.find(address);
    EXPECT_TRUE(it != after.end() && it->second.first == binding.first)
        << "I4: " << address.ToString() << " of " << binding.first << " went by " << slave;
  }
}

void RandomSequence::ExpectNothingNewInQuarantine(const Snapshot& before) {
  for (const auto& [address, binding] : Bindings()) {
    const auto [slave, origin] = binding;
    const auto forged = forged_.find(slave);
    const bool is_quarantined =
        forged != forged_.end() && bed_.now() - forged->second < Quarantine::kDuration;
    // What the kernel has of an earlier time is adopted, and what was configured may stay learned.
    const bool is_trusted =
        origin == Origin::kBind || origin == Origin::kAdopted || origin == Origin::kAdoptedLease;
    if (!is_quarantined || is_trusted) continue;
    const auto known = before.find(address);
    EXPECT_TRUE(known != before.end() && known->second.first == slave)
        << "Q2: " << address.ToString() << " came to " << slave << ", which forged";
  }
}

void RandomSequence::ExpectOnlyAskers(uint32_t xid, const IpAddress& address,
                                      const Snapshot& before) {
  for (const auto& [other, binding] : Bindings()) {
    const auto known = before.find(other);
    if (known != before.end() && known->second.first == binding.first) continue;
    // What it takes back may be another's by configuration.
    EXPECT_TRUE(askers_.contains({xid, binding.first}) || binding.second == Origin::kDhcp4Offer ||
                binding.second == Origin::kBind)
        << "I4: " << other.ToString() << " came to " << binding.first << ", which did not ask";
    if (known == before.end() || !bed_.kernel().IsUp(known->second.first)) continue;
    EXPECT_EQ(known->second.second, Origin::kDhcp4Offer)
        << "I4: " << other.ToString() << " was leased";
    EXPECT_TRUE(other == address || binding.second == Origin::kDhcp4Offer);
  }
}

}  // namespace l3sync::testing
