#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "learn/command.h"
#include "learn/kernel_record.h"
#include "learn/monotonic_time.h"
#include "wire/bytes.h"

namespace l3sync::testing {

// The address table of a kernel with ipvtap slaves of one port, as the learner's commands see it:
// it keeps what was put, refuses what the kernel refuses, ends lifetimes, and says what changed.
// Rules F6, F15 to F17 of ipvlan and rtnetlink are in it.
class CommandKernel {
 public:
  struct Address {
    int32_t ifindex = 0;
    uint8_t prefix_length = 0;
    uint8_t protocol = 0;
    MonotonicTime valid_until;
    uint32_t preferred_sec = 0;  // as it was given
    bool local_route = false;
  };
  struct Delivered {
    int32_t ifindex = 0;  // of the slave that it was looped to; 0: to none
    std::vector<uint8_t> frame;
  };

  // An announcement.
  struct Sent {
    int32_t ifindex = 0;
    std::vector<uint8_t> frame;
  };

  // ---- Knobs
  bool notifies_before_answering = false;
  int lose_notifications = 0;  // that many of the next ones
  // Answers every command of the kind with the error, and does nothing.
  void Refuse(CommandKind kind, int error) { refused_[kind] = error; }
  void Accept(CommandKind kind) { refused_.erase(kind); }
  void AcceptAll() {
    refused_.clear();
    misreported_.clear();
  }
  // Answers the next command of the kind with the error although it was done.
  void MisreportNext(CommandKind kind, int error) { misreported_[kind] = error; }

  // ---- What others do to it
  void AddLink(int32_t ifindex, bool is_up) { links_[ifindex] = is_up; }
  bool IsUp(int32_t ifindex) const {
    const auto link = links_.find(ifindex);
    return link != links_.end() && link->second;
  }
  void RemoveLink(int32_t ifindex);
  void SetUp(int32_t ifindex,
             bool is_up);  // down: the IPv6 addresses go; up: local routes are back
  void PutForeign(int32_t ifindex, const IpPrefix& address);
  void PutOwn(int32_t ifindex, const IpAddress& address, uint32_t valid_sec, MonotonicTime now,
              uint8_t protocol = kAddressProtocol);
  void Delete(const IpAddress& address, MonotonicTime now);
  void Expire(MonotonicTime now);
  MonotonicTime NextExpiry() const;
  void Sleep(absl::Duration time);  // lifetimes stand still

  // ---- Commands
  void Execute(const Command& command, ByteSpan frame, MonotonicTime now);
  // A dump of everything, as the engine asks for every now and then.
  void DumpAll(MonotonicTime now, bool complete = true);

  // What there is to tell, in order.
  std::deque<KernelRecord> records;

  const std::map<IpAddress, Address>& addresses() const { return addresses_; }
  const Address* Find(const IpAddress& address) const;
  const std::vector<Delivered>& delivered() const { return delivered_; }
  const std::vector<Sent>& sent() const { return sent_; }
  // The slaves that probes were looped to, with what was asked; 0: to none.
  const std::vector<std::pair<int32_t, std::vector<uint8_t>>>& probed() const { return probed_; }
  // Every command that was executed.
  const std::vector<Command>& executed() const { return executed_; }

 private:
  int Put(const Command& command, MonotonicTime now);
  int Remove(const Command& command, MonotonicTime now);
  int Deliver(const Command& command, ByteSpan frame);
  int Announce(const Command& command);
  int Probe(const Command& command);
  void Dump(const Command& command, MonotonicTime now);
  AddressRecord RecordOf(const IpAddress& address, MonotonicTime now) const;
  void Notify(const AddressRecord& record);

  std::map<int32_t, bool> links_;
  std::map<IpAddress, Address> addresses_;
  std::map<CommandKind, int> refused_, misreported_;
  std::vector<Delivered> delivered_;
  std::vector<Sent> sent_;
  std::vector<std::pair<int32_t, std::vector<uint8_t>>> probed_;
  std::vector<Command> executed_;
};

}  // namespace l3sync::testing
