#include "learn/transactions.h"

#include <string_view>

#include "gtest/gtest.h"

namespace l3sync::testing {
namespace {

MonotonicTime At(int seconds) { return MonotonicTime::SinceBoot(absl::Seconds(seconds)); }

ClientIdentifier Id(std::string_view text) { return {text.begin(), text.end()}; }

Transaction Sent(int32_t ifindex, uint32_t xid, std::string_view id, int seconds,
                 RequestKind kind = RequestKind::kDiscover) {
  Transaction transaction;
  transaction.ifindex = ifindex;
  transaction.xid = xid;
  transaction.client_identifier = Id(id);
  transaction.kind = kind;
  transaction.last_sent = At(seconds);
  return transaction;
}

int32_t SlaveFor(const Transactions& transactions, uint32_t xid, std::string_view id, int seconds) {
  const auto match = transactions.Find(xid, Id(id), 0, At(seconds));
  return match.transaction == nullptr ? 0 : match.transaction->ifindex;
}

TEST(TransactionsTest, S4_16_RetransmissionKeepsItsPlaceAndLivesOn) {
  Transactions transactions;
  EXPECT_TRUE(transactions.Record(Sent(1, 7, "a", 0)));
  EXPECT_TRUE(transactions.Record(Sent(2, 7, "a", 1)));
  EXPECT_TRUE(transactions.Record(Sent(1, 7, "a", 100)));
  EXPECT_EQ(transactions.size(), 2);
  const auto match = transactions.Find(7, Id("a"), 0, At(130));
  ASSERT_NE(match.transaction, nullptr);
  EXPECT_EQ(match.transaction->ifindex, 1);
  EXPECT_EQ(match.transaction->first_sent, At(0));
  EXPECT_EQ(match.transaction->last_sent, At(100));
  EXPECT_FALSE(match.copied) << "the copy is 129 s old";
}

TEST(TransactionsTest, S4_1_RequestWithTheXidOfItsDiscoverReplacesIt) {
  Transactions transactions;
  transactions.Record(Sent(1, 7, "a", 0));
  transactions.Record(Sent(1, 7, "a", 2, RequestKind::kSelecting));
  EXPECT_EQ(transactions.size(), 1);
  EXPECT_EQ(transactions.Find(7, Id("a"), 0, At(3)).transaction->kind, RequestKind::kSelecting);
}

TEST(TransactionsTest, S4_2_IdentifierTellsApart) {
  Transactions transactions;
  transactions.Record(Sent(1, 7, "a", 0));
  transactions.Record(Sent(2, 7, "b", 1));
  transactions.Record(Sent(3, 7, "", 2));
  EXPECT_EQ(SlaveFor(transactions, 7, "a", 3), 1);
  EXPECT_EQ(SlaveFor(transactions, 7, "b", 3), 2);
  EXPECT_EQ(SlaveFor(transactions, 7, "", 3), 1) << "not echoed: the first of all";
  EXPECT_EQ(SlaveFor(transactions, 7, "c", 3), 3) << "invented for the one that sent none";
  EXPECT_EQ(SlaveFor(transactions, 8, "a", 3), 0);
}

TEST(TransactionsTest, S4_2_InventedIdentifierIsNotThatOfAClientThatHasOne) {
  Transactions transactions;
  transactions.Record(Sent(1, 7, "a", 0));
  EXPECT_EQ(SlaveFor(transactions, 7, "b", 1), 0);
}

TEST(TransactionsTest, S4_2_CopyLosesAndIsSeen) {
  Transactions transactions;
  transactions.Record(Sent(2, 7, "a", 5));
  transactions.Record(Sent(1, 7, "a", 6));
  const auto match = transactions.Find(7, Id("a"), 0, At(7));
  EXPECT_EQ(match.transaction->ifindex, 2);
  EXPECT_TRUE(match.copied);
}

TEST(TransactionsTest, S4_2_HolderOfTheLeaseComesBeforeTheFirst) {
  Transactions transactions;
  transactions.Record(Sent(2, 7, "a", 5));
  transactions.Record(Sent(1, 7, "a", 6));
  transactions.Record(Sent(3, 7, "b", 7));
  EXPECT_EQ(transactions.Find(7, Id("a"), 1, At(8)).transaction->ifindex, 1);
  EXPECT_EQ(transactions.Find(7, Id("a"), 2, At(8)).transaction->ifindex, 2);
  EXPECT_EQ(transactions.Find(7, Id("a"), 3, At(8)).transaction->ifindex, 2) << "not its own";
  EXPECT_EQ(transactions.Find(7, Id("a"), 9, At(8)).transaction->ifindex, 2);
}

TEST(TransactionsTest, HoldersOfOneSlaveAreFew) {
  Transactions transactions;
  EXPECT_TRUE(transactions.Record(Sent(1, 7, "a", 0)));
  EXPECT_TRUE(transactions.Record(Sent(1, 7, "b", 0)));
  EXPECT_FALSE(transactions.Record(Sent(1, 7, "c", 0)));
  EXPECT_TRUE(transactions.Record(Sent(2, 7, "c", 0)));
}

// One slave's own clients may share an xid without being anybody's copy.
TEST(TransactionsTest, S4_2_TwoClientsOfOneSlaveAreNoCopies) {
  Transactions transactions;
  transactions.Record(Sent(1, 7, "a", 5));
  transactions.Record(Sent(1, 7, "b", 6));
  EXPECT_FALSE(transactions.Find(7, Id(""), 0, At(7)).copied);
}

TEST(TransactionsTest, S4_1_EndsAfter120Seconds) {
  Transactions transactions;
  transactions.Record(Sent(1, 7, "a", 0));
  EXPECT_EQ(SlaveFor(transactions, 7, "a", 119), 1);
  EXPECT_EQ(SlaveFor(transactions, 7, "a", 120), 0) << "even before it is swept";
  transactions.Expire(At(119));
  EXPECT_EQ(transactions.size(), 1);
  transactions.Expire(At(120));
  EXPECT_EQ(transactions.size(), 0);
}

// T4
// Class S1: the oldest goes first.
TEST(TransactionsTest, S4_1_OneSlavesListIsBoundedAndItsOldestGoes) {
  Transactions transactions;
  transactions.Record(Sent(2, 1000, "", 0));
  for (uint32_t i = 0; i < 100; ++i) transactions.Record(Sent(1, i, "", 1 + static_cast<int>(i)));
  EXPECT_EQ(transactions.size(), Transactions::kMaxPerSlave + 1);
  EXPECT_EQ(SlaveFor(transactions, 83, "", 100), 0);
  EXPECT_EQ(SlaveFor(transactions, 84, "", 100), 1);
  EXPECT_EQ(SlaveFor(transactions, 1000, "", 100), 2) << "nobody else's";
}

// T4
TEST(TransactionsTest, HoldersOfOneXidAreBoundedAndTheFirstStay) {
  Transactions transactions;
  for (int32_t slave = 1; slave <= static_cast<int32_t>(Transactions::kMaxHolders); ++slave) {
    EXPECT_TRUE(transactions.Record(Sent(slave, 7, "a", slave)));
  }
  EXPECT_FALSE(transactions.Record(Sent(99, 7, "a", 20)));
  EXPECT_TRUE(transactions.Record(Sent(1, 7, "a", 21))) << "its retransmission is no new one";
  EXPECT_EQ(SlaveFor(transactions, 7, "a", 22), 1);
  EXPECT_EQ(transactions.size(), Transactions::kMaxHolders);
}

TEST(TransactionsTest, ForgottenSlaveLeavesTheOthers) {
  Transactions transactions;
  transactions.Record(Sent(1, 7, "a", 0));
  transactions.Record(Sent(2, 7, "a", 1));
  transactions.Record(Sent(1, 8, "a", 2));
  transactions.ForgetSlave(1);
  EXPECT_EQ(transactions.size(), 1);
  EXPECT_EQ(SlaveFor(transactions, 7, "a", 3), 2);
  for (uint32_t i = 0; i < Transactions::kMaxPerSlave; ++i) {
    transactions.Record(Sent(1, 100 + i, "a", 4));
  }
  EXPECT_EQ(transactions.size(), Transactions::kMaxPerSlave + 1) << "its count began anew";
}

}  // namespace
}  // namespace l3sync::testing
