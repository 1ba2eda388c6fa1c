#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "capture/frame_source.h"
#include "netlink/rtnl_port.h"
#include "runtime/engine.h"
#include "runtime/event_writer.h"
#include "runtime/netlink_thread.h"

namespace l3sync {

// All that a worker runs on. The pointers are not owned and must outlive Run.
struct WorkerSetup {
  EngineOptions engine;
  LogFormat log_format = LogFormat::kText;
  FrameSource* frames = nullptr;
  NetlinkPorts ports;
  const Clock* clock = nullptr;
  int log_fd = 2;
  int signal_fd = -1;  // readable: stop
  // Called on the caller's thread when everything is open and no thread runs yet, with the
  // descriptors that are written to. Not 0: a positive errno, and nothing runs. May be empty.
  std::function<int(const std::vector<int>& written)> seal;
};

// The wiring: rings, threads, and nothing else. The threads never end before `signal_fd` is
// readable or the parent or the applier is gone.
class Worker {
 public:
  enum class Outcome : uint8_t { kStopped, kParentGone, kApplierGone, kNoResources };
  // On the caller's thread, which writes the log meanwhile. kNoResources: errno says which.
  static Outcome Run(const WorkerSetup& setup);
};

}  // namespace l3sync
