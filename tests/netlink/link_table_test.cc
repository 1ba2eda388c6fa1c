#include "netlink/link_table.h"

#include <linux/if_link.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace l3sync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = LinkChange::Kind;

constexpr int32_t kParent = 2;

class LinkTableTest : public ::testing::Test {
 protected:
  static LinkRecord Parent() {
    LinkRecord record;
    record.ifindex = kParent;
    record.name = MakeInterfaceName("eth0");
    record.is_up = true;
    record.mac = {{2, 0, 0, 0, 0, 1}};
    return record;
  }
  static LinkRecord Slave(int32_t ifindex, const char* name) {
    LinkRecord record;
    record.ifindex = ifindex;
    record.name = MakeInterfaceName(name);
    record.kind = LinkKind::kIpvtap;
    record.parent_ifindex = kParent;
    record.is_up = true;
    return record;
  }
  static LinkRecord Answer(LinkRecord record) {
    record.is_answer = true;
    return record;
  }
  static LinkRecord Deletion(LinkRecord record) {
    record.deleted = true;
    return record;
  }
  std::vector<Kind> Update(const LinkRecord& record) { return Keep(table_.Update(record)); }
  std::vector<Kind> EndDump() { return Keep(table_.EndDump()); }
  std::vector<Kind> Keep(LinkChanges changes) {
    last_ = std::move(changes);
    std::vector<Kind> kinds;
    for (const LinkChange& change : last_.changes) kinds.push_back(change.kind);
    return kinds;
  }

  LinkTable table_{kParent};
  LinkChanges last_;
};

TEST_F(LinkTableTest, SlaveIsAddedAndFound) {
  EXPECT_THAT(Update(Slave(5, "guest0")), ElementsAre(Kind::kSlaveAdded));
  EXPECT_EQ(last_.changes[0].ifindex, 5);
  EXPECT_EQ(NameView(last_.changes[0].name), "guest0");
  ASSERT_NE(table_.Find(5), nullptr);
  EXPECT_TRUE(table_.Find(5)->is_up);
  EXPECT_EQ(table_.Find(6), nullptr);
  EXPECT_THAT(Update(Slave(5, "guest0")), IsEmpty());
}

TEST_F(LinkTableTest, SlaveIsRemovedWhenDeleted) {
  Update(Slave(5, "guest0"));
  EXPECT_THAT(Update(Deletion(Slave(5, "guest0"))), ElementsAre(Kind::kSlaveRemoved));
  EXPECT_EQ(NameView(last_.changes[0].name), "guest0");
  EXPECT_EQ(table_.Find(5), nullptr);
  EXPECT_THAT(Update(Deletion(Slave(5, "guest0"))), IsEmpty());
}

// Class S6.
TEST_F(LinkTableTest, SlaveThatMovesToAnotherNamespaceIsNamedSo) {
  Update(Slave(5, "guest0"));
  LinkRecord record = Deletion(Slave(5, "guest0"));
  record.moved_to_other_netns = true;
  EXPECT_THAT(Update(record), ElementsAre(Kind::kSlaveMovedAway));
  EXPECT_EQ(table_.Find(5), nullptr);
}

TEST_F(LinkTableTest, OthersAreNotSlaves) {
  LinkRecord on_other_parent = Slave(5, "guest0");
  on_other_parent.parent_ifindex = 3;
  EXPECT_THAT(Update(on_other_parent), IsEmpty());
  LinkRecord from_other_netns = Slave(6, "guest1");
  from_other_netns.parent_in_other_netns = true;
  EXPECT_THAT(Update(from_other_netns), IsEmpty());
  LinkRecord macvtap = Slave(7, "guest2");
  macvtap.kind = LinkKind::kMacvtap;
  EXPECT_THAT(Update(macvtap), IsEmpty());
  EXPECT_THAT(table_.slaves(), IsEmpty());
  EXPECT_EQ(last_.needs_reread, 0);
}

// C1: the lower device of a bond or VLAN parent shows a second OUT copy of each frame.
TEST_F(LinkTableTest, LowerDeviceOfTheParentIsNotServed) {
  LinkRecord vlan = Parent();
  vlan.parent_ifindex = 9;
  Update(vlan);
  LinkRecord lower = Parent();
  lower.ifindex = 9;
  lower.name = MakeInterfaceName("lower0");
  EXPECT_THAT(Update(lower), IsEmpty());
  EXPECT_EQ(table_.Find(9), nullptr);
}

// Class S6.
TEST_F(LinkTableTest, RenameAndIndexReuseAreFollowed) {
  Update(Slave(5, "guest0"));
  EXPECT_THAT(Update(Slave(5, "web")), ElementsAre(Kind::kSlaveRenamed));
  EXPECT_EQ(NameView(last_.changes[0].name), "web");
  EXPECT_EQ(NameView(last_.changes[0].old_name), "guest0");

  Update(Deletion(Slave(5, "web")));
  EXPECT_THAT(Update(Slave(5, "mail")), ElementsAre(Kind::kSlaveAdded));
  EXPECT_EQ(NameView(table_.Find(5)->name), "mail");
}

TEST_F(LinkTableTest, IndexGivenToAnotherLinkRemovesTheSlave) {
  Update(Slave(5, "guest0"));
  LinkRecord veth;
  veth.ifindex = 5;
  veth.name = MakeInterfaceName("veth0");
  EXPECT_THAT(Update(veth), ElementsAre(Kind::kSlaveRemoved));
}

TEST_F(LinkTableTest, NamesThatChangePlacesAreTwoRenames) {
  Update(Slave(5, "a"));
  Update(Slave(6, "b"));
  EXPECT_THAT(Update(Slave(5, "b")), ElementsAre(Kind::kSlaveRenamed));
  EXPECT_THAT(Update(Slave(6, "a")), ElementsAre(Kind::kSlaveRenamed));
}

TEST_F(LinkTableTest, F17UpAndDownAreTold) {
  Update(Slave(5, "guest0"));
  LinkRecord down = Slave(5, "guest0");
  down.is_up = false;
  EXPECT_THAT(Update(down), ElementsAre(Kind::kSlaveDown));
  EXPECT_FALSE(table_.Find(5)->is_up);
  EXPECT_THAT(Update(Slave(5, "guest0")), ElementsAre(Kind::kSlaveUp));
}

TEST_F(LinkTableTest, ParentsChangesAreTold) {
  EXPECT_FALSE(table_.is_parent_known());
  EXPECT_THAT(Update(Parent()), IsEmpty());
  EXPECT_TRUE(table_.is_parent_known());
  LinkRecord changed = Parent();
  changed.name = MakeInterfaceName("wan");
  changed.mac = {{2, 0, 0, 0, 0, 2}};
  changed.is_up = false;
  EXPECT_THAT(Update(changed),
              ElementsAre(Kind::kParentRenamed, Kind::kParentMacChanged, Kind::kParentDown));
  EXPECT_EQ(table_.parent().mac, changed.mac);
  changed.is_up = true;
  EXPECT_THAT(Update(changed), ElementsAre(Kind::kParentUp));
  EXPECT_THAT(Update(Deletion(changed)), ElementsAre(Kind::kParentGone));
  EXPECT_EQ(NameView(last_.changes[0].name), "wan");
  EXPECT_FALSE(table_.is_parent_known());
}

TEST_F(LinkTableTest, PlainIpvlanSlaveOfTheHostIsNamedAndLeftAlone) {
  LinkRecord record = Slave(5, "ipvl0");
  record.kind = LinkKind::kIpvlan;
  EXPECT_THAT(Update(record), ElementsAre(Kind::kHostSlaveFound));
  EXPECT_EQ(table_.Find(5), nullptr);
  EXPECT_THAT(Update(record), IsEmpty()) << "named once";
  EXPECT_THAT(Update(Deletion(record)), IsEmpty());
  EXPECT_THAT(Update(Slave(5, "tap")), ElementsAre(Kind::kSlaveAdded));
  EXPECT_THAT(Update(record), ElementsAre(Kind::kSlaveRemoved, Kind::kHostSlaveFound));
}

// --- Mode and flags of the port (F1).

TEST_F(LinkTableTest, F1ModeL3IsNotServed) {
  LinkRecord record = Slave(5, "guest0");
  record.mode = PortMode::kL3;
  EXPECT_THAT(Update(record), ElementsAre(Kind::kSlaveAdded, Kind::kPortChanged));
  EXPECT_FALSE(table_.is_served());
  EXPECT_EQ(table_.Find(5), nullptr);
  EXPECT_TRUE(table_.slaves().contains(5));
}

TEST_F(LinkTableTest, F1FlagIsTold) {
  LinkRecord record = Slave(5, "guest0");
  record.port_flags = IPVLAN_F_PRIVATE;
  EXPECT_THAT(Update(record), ElementsAre(Kind::kSlaveAdded, Kind::kPortChanged));
  EXPECT_TRUE(table_.is_served());
  EXPECT_EQ(table_.port()->flags, IPVLAN_F_PRIVATE);
}

TEST_F(LinkTableTest, F1SiblingsNotificationIsNotBelievedAboutTheMode) {
  Update(Slave(5, "guest0"));
  Update(Slave(6, "guest1"));
  LinkRecord new_slave = Slave(7, "guest2");
  new_slave.mode = PortMode::kL3;
  // Its own notification is no better than the siblings', so the port is read.
  EXPECT_THAT(Update(new_slave), ElementsAre(Kind::kSlaveAdded));
  EXPECT_EQ(last_.needs_reread, 5);
  LinkRecord truth = Answer(Slave(5, "guest0"));
  truth.mode = PortMode::kL3;
  EXPECT_THAT(Update(truth), ElementsAre(Kind::kPortChanged));
  EXPECT_EQ(last_.needs_reread, 0) << "an answer asks for no other";
  for (const int32_t ifindex : {5, 6, 7}) EXPECT_EQ(table_.Find(ifindex), nullptr);

  Update(Slave(6, "guest1"));  // a sibling still says l2
  EXPECT_FALSE(table_.is_served());
  EXPECT_THAT(Update(Answer(Slave(5, "guest0"))), ElementsAre(Kind::kPortChanged));
  EXPECT_NE(table_.Find(7), nullptr);
}

TEST_F(LinkTableTest, F1PlainIpvlanSlaveMayChangeThePortToo) {
  Update(Slave(5, "guest0"));
  LinkRecord plain = Slave(6, "ipvl0");
  plain.kind = LinkKind::kIpvlan;
  plain.mode = PortMode::kL3;
  Update(plain);
  EXPECT_EQ(last_.needs_reread, 5);
}

TEST_F(LinkTableTest, AnswerToReadLinkTellsNothingButModeAndFlags) {
  Update(Slave(5, "guest0"));
  LinkRecord late = Answer(Slave(5, "old-name"));
  late.is_up = false;
  EXPECT_THAT(Update(late), IsEmpty());
  EXPECT_EQ(NameView(table_.Find(5)->name), "guest0");
  EXPECT_THAT(Update(Answer(Slave(6, "unknown"))), IsEmpty());
  EXPECT_EQ(table_.Find(6), nullptr);
}

TEST_F(LinkTableTest, PortGoesWithItsLastSlave) {
  LinkRecord record = Slave(5, "guest0");
  record.mode = PortMode::kL3;
  Update(record);
  Update(Deletion(record));
  EXPECT_FALSE(table_.port().has_value());
  EXPECT_THAT(Update(Slave(6, "guest1")), ElementsAre(Kind::kSlaveAdded));
  EXPECT_NE(table_.Find(6), nullptr);
}

// --- Dumps (K5).

TEST_F(LinkTableTest, K5DumpAddsWhatIsNewAndRemovesWhatIsGone) {
  Update(Parent());
  Update(Slave(5, "guest0"));
  table_.BeginDump();
  EXPECT_THAT(Update(Answer(Parent())), IsEmpty());
  EXPECT_THAT(Update(Answer(Slave(6, "guest1"))), ElementsAre(Kind::kSlaveAdded));
  EXPECT_EQ(last_.needs_reread, 0);
  EXPECT_THAT(EndDump(), ElementsAre(Kind::kSlaveRemoved));
  EXPECT_EQ(last_.changes[0].ifindex, 5);
  EXPECT_THAT(EndDump(), IsEmpty());
}

TEST_F(LinkTableTest, K5ParentThatTheDumpDoesNotShowIsGone) {
  Update(Parent());
  table_.BeginDump();
  EXPECT_THAT(EndDump(), ElementsAre(Kind::kParentGone));
}

TEST_F(LinkTableTest, K5FailedDumpRemovesNothing) {
  Update(Slave(5, "guest0"));
  table_.BeginDump();
  table_.AbandonDump();
  EXPECT_THAT(EndDump(), IsEmpty());
  EXPECT_NE(table_.Find(5), nullptr);
}

TEST_F(LinkTableTest, SlaveThatIsMadeDuringADumpStays) {
  table_.BeginDump();
  Update(Slave(5, "guest0"));
  EXPECT_THAT(EndDump(), IsEmpty());
  EXPECT_NE(table_.Find(5), nullptr);
}

TEST_F(LinkTableTest, DumpDoesNotBringBackWhatANotificationRemoved) {
  Update(Slave(5, "guest0"));
  table_.BeginDump();
  Update(Deletion(Slave(5, "guest0")));
  EXPECT_THAT(Update(Answer(Slave(5, "guest0"))), IsEmpty());
  EXPECT_EQ(table_.Find(5), nullptr);
  EXPECT_THAT(EndDump(), IsEmpty());
}

TEST_F(LinkTableTest, DumpDoesNotOverrideANewerNotification) {
  Update(Slave(5, "guest0"));
  table_.BeginDump();
  LinkRecord down = Slave(5, "renamed");
  down.is_up = false;
  Update(down);
  LinkRecord older = Answer(Slave(5, "guest0"));
  older.mode = PortMode::kL3s;
  EXPECT_THAT(Update(older), ElementsAre(Kind::kPortChanged)) << "only of mode and flags";
  EXPECT_THAT(EndDump(), IsEmpty());
  EXPECT_EQ(NameView(table_.slaves().at(5).name), "renamed");
  EXPECT_FALSE(table_.slaves().at(5).is_up);
}

TEST_F(LinkTableTest, SlavesBeyondTheLimitAreCounted) {
  for (size_t i = 0; i < LinkTable::kMaxSlaves; ++i) {
    table_.Update(Slave(static_cast<int32_t>(i) + 10, "guest"));
  }
  EXPECT_EQ(table_.slaves_beyond_limit(), 0);
  EXPECT_THAT(Update(Slave(100000, "one-more")), IsEmpty());
  EXPECT_EQ(table_.slaves_beyond_limit(), 1);
  EXPECT_EQ(table_.Find(100000), nullptr);
}

}  // namespace
}  // namespace l3sync
