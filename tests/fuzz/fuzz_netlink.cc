// Datagrams of rtnetlink, as a dump or as notifications: whatever the kernel says, the link table
// is what a model has that knows nothing but the whole history, and the changes that it tells lead
// there too (class O4).
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <map>
#include <set>
#include <vector>

#include "fuzz_target.h"
#include "netlink/link_table.h"
#include "netlink/rtnl_message.h"

namespace l3sync::fuzz {
namespace {

constexpr int32_t kParent = 2;
constexpr size_t kMaxDatagrams = 32768;

// A slave as the table knows it.
struct Known {
  InterfaceName name{};
  bool is_up = false;
  friend bool operator==(const Known&, const Known&) = default;
};
using Table = std::map<int32_t, Known>;

// The last thing that was said of each link and was not overtaken.
class Model {
 public:
  void BeginDump() {
    in_dump_ = true;
    notified_.clear();
    dumped_.clear();
  }
  void EndDump() {
    if (!in_dump_) return;
    in_dump_ = false;
    std::erase_if(last_, [this](const auto& entry) {
      return !notified_.contains(entry.first) && !dumped_.contains(entry.first);
    });
  }
  void Hear(const LinkRecord& record) {
    if (!record.is_answer) {
      if (in_dump_) notified_.insert(record.ifindex);
    } else if (!in_dump_ || notified_.contains(record.ifindex)) {
      return;
    } else {
      dumped_.insert(record.ifindex);
    }
    last_[record.ifindex] = record;
  }
  Table Slaves() const {
    Table slaves;
    for (const auto& [ifindex, record] : last_) {
      if (IsMember(record, LinkKind::kIpvtap)) slaves[ifindex] = {record.name, record.is_up};
    }
    return slaves;
  }
  bool HasPort() const {
    return std::any_of(last_.begin(), last_.end(), [](const auto& entry) {
      return IsMember(entry.second, LinkKind::kIpvtap) || IsMember(entry.second, LinkKind::kIpvlan);
    });
  }
  bool HasParent() const {
    const auto parent = last_.find(kParent);
    return parent != last_.end() && !parent->second.deleted;
  }

 private:
  static bool IsMember(const LinkRecord& record, LinkKind kind) {
    return record.kind == kind && !record.deleted && record.parent_ifindex == kParent &&
           !record.parent_in_other_netns && record.ifindex != kParent;
  }

  std::map<int32_t, LinkRecord> last_;
  std::set<int32_t> notified_, dumped_;
  bool in_dump_ = false;
};

// What somebody has who sees only the changes.
void Follow(const LinkChanges& changes, Table* follower) {
  for (const LinkChange& change : changes.changes) {
    const bool is_known = follower->contains(change.ifindex);
    switch (change.kind) {
      case LinkChange::Kind::kSlaveAdded:
        Require(!is_known, "only what was not there is added");
        (*follower)[change.ifindex].name = change.name;
        break;
      case LinkChange::Kind::kSlaveRemoved:
      case LinkChange::Kind::kSlaveMovedAway:
        Require(is_known, "only what was there is removed");
        follower->erase(change.ifindex);
        break;
      case LinkChange::Kind::kSlaveRenamed:
        Require(is_known && (*follower)[change.ifindex].name == change.old_name, "its old name");
        (*follower)[change.ifindex].name = change.name;
        break;
      case LinkChange::Kind::kSlaveUp:
      case LinkChange::Kind::kSlaveDown:
        Require(is_known, "only what is there goes up or down");
        break;
      default:
        break;
    }
  }
}

class Reader {
 public:
  void Read(const RtnlMessage& message) {
    ReadOthers(message);
    const bool is_answer = (message.flags & NLM_F_MULTI) != 0;
    if (message.type == NLMSG_DONE) return EndDump();
    if (is_answer && !is_dumping_) BeginDump();
    std::optional<LinkRecord> link = ParseLink(message);
    if (!link) return;
    Require(link->ifindex > 0, "a link has an index");
    Require(link->name.back() == '\0' && link->name.front() != '\0', "a name that ends");
    link->is_answer = is_answer;
    model_.Hear(*link);
    Follow(table_.Update(*link), &follower_);
    Compare();
  }

 private:
  // What these give is for the learner, whole or not at all.
  static void ReadOthers(const RtnlMessage& message) {
    if (const auto address = ParseAddress(message)) {
      Require(address->address.has_value(), "an address record has one");
      Require(address->prefix_length <= address->address.bit_length(), "A12: of an address");
    }
    if (const auto neighbour = ParseNeighbour(message)) {
      Require(neighbour->address.has_value(), "a neighbour has an address");
    }
    if (const auto routes = ParseRoute(message)) {
      for (const RouteRecord& route : *routes) {
        const IpPrefix& destination = route.destination;
        Require(destination.address.has_value(), "a route has a destination");
        Require(destination.length <= destination.address.bit_length(), "A12: of a route");
      }
      Require(routes->size() <= message.bytes.size() / sizeof(rtnexthop) + 1, "A6: next hops");
    }
    if (const auto error = ParseError(message)) Require(*error >= 0, "an errno is positive");
    if (const auto done = ParseDone(message)) Require(*done >= 0, "an errno is positive");
  }
  void BeginDump() {
    is_dumping_ = true;
    model_.BeginDump();
    table_.BeginDump();
  }
  void EndDump() {
    is_dumping_ = false;
    model_.EndDump();
    Follow(table_.EndDump(), &follower_);
    Compare();
  }
  void Compare() {
    Table slaves;
    Table names;
    for (const auto& [ifindex, slave] : table_.slaves()) {
      Require(slave.ifindex == ifindex, "a slave is where its index says");
      slaves[ifindex] = {slave.name, slave.is_up};
      names[ifindex] = {slave.name, false};
    }
    Require(slaves == model_.Slaves(), "the table is what the history makes of it");
    Require(names == follower_, "the changes lead to the table");
    Require(table_.port().has_value() == model_.HasPort(), "a port has a slave");
    Require(table_.is_parent_known() == model_.HasParent(), "the parent is known");
  }

  LinkTable table_{kParent};
  Model model_;
  Table follower_;
  bool is_dumping_ = false;
};

}  // namespace
}  // namespace l3sync::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace l3sync;
  using namespace l3sync::fuzz;
  if (size > kMaxDatagrams) return 0;
  const ExactCopy datagram({data, size});
  Reader reader;
  size_t messages = 0;
  MessageWalk walk(datagram.bytes());
  for (auto message = walk.Current(); message; walk.Advance(), message = walk.Current()) {
    Require(++messages <= size / sizeof(nlmsghdr), "A3: each message takes a header's bytes");
    reader.Read(*message);
  }
  return 0;
}
