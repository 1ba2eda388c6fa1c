#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"

#include "learn/kernel_record.h"
#include "learn/monotonic_time.h"
#include "netlink/rtnl_message.h"
#include "netlink/rtnl_port.h"
#include "tests/fakes/fake_rtnl_port.h"
#include "tests/fakes/rtnl_encoding.h"

namespace l3sync {

// The part of Linux that l3sync talks to: links with ipvlan ports, addresses with lifetimes and the
// local routes that come with them, routes, neighbours, and rtnetlink over it with the errors and
// notifications of Linux 6.1. Thread-safe: a test changes links while the netlink thread sends
// requests.
class FakeKernel {
 public:
  // --- The world. Each change is notified as the kernel does.

  int32_t AddLink(std::string_view name, bool is_up = true);  // such as a parent
  // In mode l2 unless the parent's port has another already.
  int32_t AddSlave(std::string_view name, int32_t parent, LinkKind kind = LinkKind::kIpvtap,
                   bool is_up = true);
  // A link with every field given, ifindex included; its port's mode and flags become those of the
  // record.
  void PutLink(const LinkRecord& record);
  // The link's addresses go before it, and a parent's slaves too.
  void DeleteLink(int32_t ifindex);
  void MoveLinkToOtherNetns(int32_t ifindex);
  void RenameLink(int32_t ifindex, std::string_view name);
  void SetUp(int32_t ifindex, bool is_up);
  void SetMac(int32_t ifindex, const MacAddress& mac);
  void SetKind(int32_t ifindex, LinkKind kind);  // before anybody asks
  // As a new slave in another mode does it: the siblings' notifications come first and tell the old
  // one.
  void SetPort(int32_t parent, PortMode mode, uint16_t flags);

  // By somebody else than l3sync. The record's lifetimes count from now.
  void PutAddress(const AddressRecord& record);
  // False if there is none.
  bool RemoveAddress(int32_t ifindex, const IpAddress& address);
  void AddRoute(const std::vector<RouteRecord>& next_hops);
  void AddNeighbour(const NeighbourRecord& neighbour);

  // Lifetimes count in this time, which only goes on here. What has expired by then goes, with its
  // notification.
  void AdvanceTo(MonotonicTime now);

  // --- What is there.

  std::optional<AddressRecord> FindAddress(int32_t ifindex, const IpAddress& address) const;
  std::vector<AddressRecord> Addresses(int32_t ifindex) const;
  bool HasLocalRoute(int32_t ifindex, const IpAddress& address) const;
  // Messages received so far, of a type such as RTM_NEWADDR.
  size_t RequestCount(uint16_t type) const;

  // --- Frames sent to a slave.

  struct Delivery {
    int32_t ifindex = 0;
    Bytes frame;
  };
  void SendDelivery(int32_t ifindex, ByteSpan frame);
  std::vector<Delivery> deliveries() const;

  // --- Waiting for an event. False after |timeout|.

  // |predicate| is looked at again after every change and may call the methods above.
  bool WaitUntil(absl::Duration timeout, absl::FunctionRef<bool()> predicate) const;
  bool WaitForAddress(int32_t ifindex, const IpAddress& address, absl::Duration timeout) const;
  bool WaitForNoAddress(int32_t ifindex, const IpAddress& address, absl::Duration timeout) const;

  // --- Faults. Each concerns the next request that comes, or the next dump.

  void LoseNextAnswer();  // the request takes effect, but its answer does not come
  void DuplicateNextAnswer();
  void AnswerNextWith(int error);  // the request takes no effect
  void FailNextSends(int error, int count = 1);
  void InterruptNextDump();           // NLM_F_DUMP_INTR
  void FailNextDump(int error);       // in NLMSG_DONE
  void StallNextDump();               // its end does not come
  void DropNotifications(bool drop);  // those meanwhile are lost; ENOBUFS tells
  // The local route of an IPv6 address that is put from now on comes only after so many
  // RTM_DELROUTE did not find it.
  void DelayLocalRoutes(int attempts);

  // --- rtnetlink. The ports must not outlive this object.

  std::unique_ptr<RtnlPort> OpenRequestPort();
  std::unique_ptr<RtnlPort> OpenNotificationPort();
  // Takes one datagram of requests and returns the answers, a datagram each. Notifications go to
  // the ports.
  std::vector<Bytes> Apply(ByteSpan requests, uint32_t port_id = 1);
  // For FakeRtnlPort: 0 or a positive errno; the answers go to |queue|.
  int Send(uint32_t port_id, ByteSpan requests, DatagramQueue* queue);

 private:
  struct Address {
    AddressRecord record;
    MonotonicTime valid_until;
    MonotonicTime preferred_until;
    bool has_local_route = false;
    int route_delay = 0;  // IPv6: RTM_DELROUTE that will not find it yet
  };
  struct Link {
    LinkRecord record;
    std::vector<Address> addresses;
  };
  struct Port {
    PortMode mode = PortMode::kL2;
    uint16_t flags = 0;
  };

  // All below are called with mutex_ held.
  int ApplyOne(const RtnlMessage& request, uint32_t port_id, std::vector<Bytes>* answers);
  int ApplyNewAddress(const RtnlMessage& request, uint32_t port_id);
  int ApplyDeleteAddress(const RtnlMessage& request, uint32_t port_id);
  int ApplyDeleteRoute(const RtnlMessage& request);
  int ApplyReadLink(const RtnlMessage& request, uint32_t port_id, std::vector<Bytes>* answers);
  void ApplyDump(const RtnlMessage& request, uint32_t port_id, std::vector<Bytes>* answers);
  std::vector<Bytes> DumpMessages(const RtnlMessage& request, const EncodedHeader& header) const;

  Link* FindLink(int32_t ifindex);
  Address* FindExact(Link* link, const AddressRecord& record);
  bool IsTakenInPort(const Link& link, const IpAddress& address) const;
  LinkRecord Shown(const Link& link) const;           // with the port's mode and flags
  AddressRecord Shown(const Address& address) const;  // with the lifetimes that are left
  void AddAddress(Link* link, const AddressRecord& record, const EncodedHeader& cause);
  void SetLifetimes(Address* address, uint32_t valid_sec, uint32_t preferred_sec) const;
  void EraseAddress(Link* link, size_t index, const EncodedHeader& cause);
  void EraseLink(int32_t ifindex, bool moved);
  void NotifyLink(const Link& link);
  void NotifyAddress(const AddressRecord& record, const EncodedHeader& cause);
  void Notify(const Bytes& message);
  void Changed();

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  uint64_t version_ = 0;

  MonotonicTime now_;
  int32_t last_ifindex_ = 1;  // 1 is lo's
  std::map<int32_t, Link> links_;
  std::map<int32_t, Port> ports_;  // by parent
  std::vector<std::vector<RouteRecord>> routes_;
  std::vector<NeighbourRecord> neighbours_;
  std::vector<Delivery> deliveries_;
  std::map<uint16_t, size_t> request_counts_;

  uint32_t last_port_id_ = 100;
  std::vector<std::weak_ptr<DatagramQueue>> subscribers_;

  bool lose_answer_ = false;
  bool duplicate_answer_ = false;
  int answer_error_ = 0;
  int send_error_ = 0;
  int send_error_count_ = 0;
  bool interrupt_dump_ = false;
  int dump_error_ = 0;
  bool stall_dump_ = false;
  bool drop_notifications_ = false;
  int route_delay_ = 0;
};

}  // namespace l3sync
