#include "gtest/gtest.h"

#include "random_sequence.h"

// What must hold, whatever was said and done.
namespace l3sync::testing {

void RandomSequence::ExpectSafe() {
  const BindingTable& table = bed_.learner().bindings();
  for (const IpAddress& address : table.All()) {
    const Binding* binding = table.Find(address);
    EXPECT_TRUE(bed_.learner().IsServed(binding->ifindex)) << address.ToString();
    EXPECT_GE(binding->valid_until, bed_.now()) << address.ToString() << " outlived its lifetime";
    EXPECT_NE(address, Ip("127.0.0.1"));
  }
  for (const int32_t slave : kSlaves) {
    EXPECT_LE(table.CountOf(slave), BindingTable::kMaxPerSlave);
    EXPECT_LE(table.CountDhcpOf(slave), BindingTable::kMaxDhcpPerSlave);
  }
  for (const auto& [address, entry] : bed_.kernel().addresses()) {
    EXPECT_FALSE(entry.valid_until.is_never()) << address.ToString() << " never ends (I3)";
  }
}

void RandomSequence::ExpectEqual() {
  std::map<IpAddress, int32_t> wanted, there;
  for (const auto& [address, binding] : Bindings()) wanted[address] = binding.first;
  for (const auto& [address, entry] : bed_.kernel().addresses()) {
    there[address] = entry.ifindex;
    EXPECT_FALSE(entry.local_route) << address.ToString();
  }
  EXPECT_EQ(wanted, there);
}

void RandomSequence::ExpectDelivered() {
  std::map<std::tuple<Dhcp4Type, uint32_t, IpAddress>, int> delivered;
  for (const int32_t slave : kSlaves) {
    for (const Reply& reply : bed_.DeliveredTo(slave)) {
      EXPECT_TRUE(askers_.contains({reply.xid, slave})) << reply << " to " << slave;
      ++delivered[{reply.type, reply.xid, reply.address}];
    }
  }
  for (const auto& [reply, count] : delivered) EXPECT_LE(count, said_[reply]);
}

// I4: whatever a guest says, its siblings keep what they have and get nothing, but for the turns of
// offers that it stood in the way of.
void RandomSequence::ExpectNothingOfOthers(int32_t slave, const Snapshot& before) {
  const Snapshot after = Bindings();
  for (const auto& [address, binding] : after) {
    const auto known = before.find(address);
    if (binding.first == slave || binding.second == Origin::kDhcp4Offer) continue;
    EXPECT_TRUE(known != before.end() && known->second.first == binding.first)
        << address.ToString() << " came to " << binding.first << " by a frame of " << slave;
  }
  for (const auto& [address, binding] : before) {
    if (binding.first == slave || binding.second == Origin::kDhcp4Offer) continue;
    const auto it = after.find(address);
    EXPECT_TRUE(it != after.end() && it->second.first == binding.first)
        << address.ToString() << " of " << binding.first << " went by a frame of " << slave;
  }
}

// A server's word reaches who asked for it, and moves no lease but that of a slave that is down.
void RandomSequence::ExpectOnlyAskers(uint32_t xid, const IpAddress& address,
                                      const Snapshot& before) {
  for (const auto& [other, binding] : Bindings()) {
    const auto known = before.find(other);
    if (known != before.end() && known->second.first == binding.first) continue;
    EXPECT_TRUE(askers_.contains({xid, binding.first}) || binding.second == Origin::kDhcp4Offer ||
                !other.is_v4())
        << other.ToString() << " came to " << binding.first << ", which did not ask";
    if (known == before.end() || !other.is_v4()) continue;
    if (!bed_.kernel().IsUp(known->second.first)) continue;
    EXPECT_EQ(known->second.second, Origin::kDhcp4Offer) << other.ToString() << " was leased";
    EXPECT_TRUE(other == address || binding.second == Origin::kDhcp4Offer);
  }
}

}  // namespace l3sync::testing
