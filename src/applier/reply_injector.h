#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "applier/reply_sender.h"
#include "learn/kernel_record.h"
#include "netlink/rtnl_port.h"

namespace l3sync {

// Delivers to one slave, whatever the flags of its port: a private port drops what would loop, and
// vepa sends it to the wire (kernel-facts C). A frame that goes out on a dummy device of l3sync's
// own is taken there by traffic control, which lets it come in on the slave. The filter that says
// so is there during the delivery only, so that nothing else ever takes this way.
//
// The device is made when it is first needed. It goes with this object; one that a killed l3sync
// left goes when the next begins. Used by the applier only.
class ReplyInjector : public ReplySender {
 public:
  // `port` (MnlPort::OpenRequestPort, and for nobody else) and `sender` are not owned. Needs
  // CAP_NET_ADMIN; without it nothing is left over, and Send fails.
  ReplyInjector(RtnlPort* port, ReplySender* sender, int32_t parent_ifindex);
  ReplyInjector(const ReplyInjector&) = delete;
  ReplyInjector& operator=(const ReplyInjector&) = delete;
  ~ReplyInjector() override;

  // EOPNOTSUPP, ENOENT: the kernel lacks the device, the classifier or the action. EEXIST: somebody
  // has a device of the same name.
  int Send(int32_t ifindex, ByteSpan frame) override;

  // "l3sync" and the parent's ifindex in hexadecimal, which fits any.
  static std::string DeviceName(int32_t parent_ifindex);

 private:
  int MakeDevice();
  void DeleteDevice();
  // The device of our name, or ifindex 0.
  LinkRecord FindDevice();
  int Ask(ByteSpan request, LinkRecord* link = nullptr);
  MutableByteSpan request() { return MutableByteSpan(request_); }

  RtnlPort* port_;
  ReplySender* sender_;
  const std::string name_;
  int32_t device_ = 0;  // ifindex; 0: to be made
  uint32_t sequence_ = 0;
  alignas(4) std::array<uint8_t, 256> request_;
};

}  // namespace l3sync
