#include "applier/reply_injector.h"

#include <cerrno>

#include "absl/strings/str_cat.h"

#include "netlink/ask_kernel.h"
#include "netlink/injection_request.h"

namespace l3sync {

ReplyInjector::ReplyInjector(RtnlPort* port, ReplySender* sender, int32_t parent_ifindex)
    : port_(port), sender_(sender), name_(DeviceName(parent_ifindex)) {
  DeleteDevice();
}

ReplyInjector::~ReplyInjector() { DeleteDevice(); }

std::string ReplyInjector::DeviceName(int32_t parent_ifindex) {
  return absl::StrCat("l3sync", absl::Hex(parent_ifindex));
}

int ReplyInjector::Send(int32_t ifindex, ByteSpan frame) {
  if (device_ == 0) {
    if (const int error = MakeDevice(); error != 0) return error;
  }
  int error = Ask(BuildAddRedirect(request(), ++sequence_, device_, ifindex));
  if (error == ENODEV && FindDevice().ifindex != device_) {
    // Not the slave is gone, but what somebody took for an idle device.
    if (error = MakeDevice(); error != 0) return error;
    error = Ask(BuildAddRedirect(request(), ++sequence_, device_, ifindex));
  }
  if (error != 0) return error;
  error = sender_->Send(device_, frame);
  // The slave has the frame by now, or no device has it: dev_queue_xmit() returned.
  static_cast<void>(Ask(BuildRemoveRedirect(request(), ++sequence_, device_)));
  return error;
}

int ReplyInjector::MakeDevice() {
  device_ = 0;
  if (const int error = Ask(BuildMakeDummy(request(), ++sequence_, name_)); error != 0) {
    return error;
  }
  const int32_t made = FindDevice().ifindex;
  if (made == 0) return ENODEV;
  // Of no effect in a kernel without IPv6, which has nothing to say either.
  static_cast<void>(Ask(BuildKeepSilent(request(), ++sequence_, made)));
  int error = Ask(BuildSetUp(request(), ++sequence_, made));
  if (error == 0) error = Ask(BuildAddClsact(request(), ++sequence_, made));
  if (error == 0) {
    device_ = made;
  } else {
    DeleteDevice();
  }
  return error;
}

void ReplyInjector::DeleteDevice() {
  if (const int32_t device = FindDevice().ifindex; device != 0) {
    static_cast<void>(Ask(BuildDeleteLink(request(), ++sequence_, device)));
  }
  device_ = 0;
}

LinkRecord ReplyInjector::FindDevice() {
  LinkRecord link;
  const int error = Ask(BuildFindLink(request(), ++sequence_, name_), &link);
  // What is no dummy, or has the name only as an alternative one, is somebody else's.
  const bool is_ours = error == 0 && link.kind == LinkKind::kDummy && NameView(link.name) == name_;
  return is_ours ? link : LinkRecord{};
}

int ReplyInjector::Ask(ByteSpan request, LinkRecord* link) {
  return AskKernel(port_, request, sequence_, link);
}

}  // namespace l3sync
