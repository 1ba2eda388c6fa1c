#include "tests/runtime/worker_bed.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>

#include "tests/wire/frame_builder.h"

namespace l3sync {
namespace {

using ::l3sync::testing::BuildDhcp4;
using ::l3sync::testing::BuildUdp4Frame;
using ::l3sync::testing::Concat;
using ::l3sync::testing::Option;

constexpr std::array<uint8_t, 6> kSharedMac = {0x02, 0, 0, 0, 0, 0x99};
constexpr std::array<uint8_t, 6> kRouterMac = {0x02, 0, 0, 0, 0, 0x01};
const IpAddress kServer = IpAddress::V4(0xc0000201);

std::vector<uint8_t> BytesOf(const IpAddress& address) {
  return {address.bytes().begin(), address.bytes().end()};
}

// A DHCPv4 payload with the fixed fields that matter here.
std::vector<uint8_t> Message(uint8_t op, uint32_t xid, const IpAddress& ciaddr,
                             const IpAddress& yiaddr, std::vector<uint8_t> options) {
  options.push_back(255);
  testing::Dhcp4Parts parts;
  parts.op = op;
  parts.options = std::move(options);
  std::vector<uint8_t> payload = BuildDhcp4(parts);
  for (size_t i = 0; i < 4; ++i) payload[4 + i] = static_cast<uint8_t>(xid >> (24 - 8 * i));
  std::copy_n(ciaddr.bytes().begin(), 4, payload.begin() + 12);
  std::copy_n(yiaddr.bytes().begin(), 4, payload.begin() + 16);
  return payload;
}

void SetMacs(const std::array<uint8_t, 6>& destination, const std::array<uint8_t, 6>& source,
             std::vector<uint8_t>* frame) {
  std::copy(destination.begin(), destination.end(), frame->begin());
  std::copy(source.begin(), source.end(), frame->begin() + 6);
}

}  // namespace

WorkerBed::WorkerBed(bool dry_run) : signal_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  parent = kernel.AddLink("h0");
  kernel.SetMac(parent, {kSharedMac});
  t0 = kernel.AddSlave("t0", parent);
  t1 = kernel.AddSlave("t1", parent);
  options.learner.parent_ifindex = parent;
  options.learner.dry_run = dry_run;
  options.parent_name = MakeInterfaceName("h0");
  applier_ = std::make_unique<FakeApplier>(
      &kernel, ApplyRules{.parent_ifindex = parent, .deny = {}, .configured = {}}, &hold,
      kHoldNumber);
}

WorkerBed::~WorkerBed() {
  if (worker_.joinable()) Stop();
  close(signal_fd_);
}

void WorkerBed::Start() {
  links_ = kernel.OpenRequestPort();
  dumps_ = kernel.OpenRequestPort();
  notifications_ = kernel.OpenNotificationPort();
  std::array<int, 2> log{};
  [[maybe_unused]] const int piped = pipe(log.data());
  log_read_fd_ = log[0];
  log_write_fd_ = log[1];
  log_reader_ = std::thread([this] { ReadLog(); });
  worker_ = std::thread([this] {
    WorkerSetup setup;
    setup.engine = options;
    setup.log_format = LogFormat::kJson;
    setup.frames = &frames;
    setup.ports = {links_.get(), dumps_.get(), notifications_.get(),
                   options.learner.dry_run ? nullptr : applier_.get()};
    if (has_hold) setup.ports.hold = &hold;
    setup.clock = &clock_;
    setup.log_fd = log_write_fd_;
    setup.signal_fd = signal_fd_;
    outcome_ = Worker::Run(setup);
    close(log_write_fd_);
  });
  WaitForLine({"\"ready\""});
}

Worker::Outcome WorkerBed::Stop() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t size = write(signal_fd_, &one, sizeof(one));
  return WaitForEnd();
}

Worker::Outcome WorkerBed::WaitForEnd() {
  worker_.join();
  log_reader_.join();
  close(log_read_fd_);
  uint64_t rings = 0;
  [[maybe_unused]] const ssize_t size = read(signal_fd_, &rings, sizeof(rings));
  return outcome_;
}

void WorkerBed::ReadLog() {
  std::string rest;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t size = read(log_read_fd_, buffer.data(), buffer.size());
    if (size <= 0) return;
    rest.append(buffer.data(), static_cast<size_t>(size));
    const std::lock_guard lock(mutex_);
    for (size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
      lines_.push_back(rest.substr(0, end));
      rest.erase(0, end + 1);
    }
    new_line_.notify_all();
  }
}

namespace {

int Count(const std::vector<std::string>& lines, const std::vector<std::string>& words) {
  return static_cast<int>(std::count_if(lines.begin(), lines.end(), [&](const std::string& line) {
    return std::all_of(words.begin(), words.end(), [&](const std::string& word) {
      return line.find(word) != std::string::npos;
    });
  }));
}

}  // namespace

bool WorkerBed::WaitForLine(const std::vector<std::string>& words, int count) {
  std::unique_lock lock(mutex_);
  return new_line_.wait_for(lock, absl::ToChronoSeconds(kPatience),
                            [&] { return Count(lines_, words) >= count; });
}

int WorkerBed::CountLines(const std::vector<std::string>& words) {
  const std::lock_guard lock(mutex_);
  return Count(lines_, words);
}

void WorkerBed::PushClient(int32_t slave, uint32_t xid, std::vector<uint8_t> dhcp_options,
                           const IpAddress& ciaddr) {
  auto frame = BuildUdp4Frame(
      {.source = ciaddr,
       .destination = IpAddress::V4(0xffffffff),
       .source_port = 68,
       .destination_port = 67,
       .payload = Message(1, xid, ciaddr, IpAddress::V4(0), std::move(dhcp_options))});
  SetMacs(MacAddress::Broadcast().bytes, kSharedMac, &frame);
  frames.Push(slave, PacketType::kOutgoing, std::move(frame));
}

void WorkerBed::PushServer(uint32_t xid, const IpAddress& address,
                           std::vector<uint8_t> dhcp_options) {
  auto frame = BuildUdp4Frame(
      {.source = kServer,
       .destination = address,
       .payload = Message(2, xid, IpAddress::V4(0), address, std::move(dhcp_options))});
  SetMacs(kSharedMac, kRouterMac, &frame);
  frames.Push(parent, PacketType::kHost, std::move(frame));
}

void WorkerBed::ForgeTagged(int32_t slave, const IpAddress& address) {
  auto frame =
      BuildUdp4Frame({.source = kServer,
                      .destination = address,
                      .payload = Message(2, 7, IpAddress::V4(0), address,
                                         Concat({Option(53, {2}), Option(54, BytesOf(kServer))}))});
  SetMacs(kRouterMac, kSharedMac, &frame);
  const std::vector<uint8_t> tag = {0x81, 0, 0, 5};
  frame.insert(frame.begin() + 12, tag.begin(), tag.end());
  frames.Push(slave, PacketType::kOutgoing, std::move(frame));
}

void WorkerBed::Discover(int32_t slave, uint32_t xid) {
  PushClient(slave, xid, Option(53, {1}), IpAddress::V4(0));
}

void WorkerBed::Request(int32_t slave, uint32_t xid, const IpAddress& address) {
  PushClient(slave, xid,
             Concat({Option(53, {3}), Option(50, BytesOf(address)), Option(54, BytesOf(kServer))}),
             IpAddress::V4(0));
}

void WorkerBed::Release(int32_t slave, const IpAddress& address) {
  PushClient(slave, 0x7e1ea5e, Concat({Option(53, {7}), Option(54, BytesOf(kServer))}), address);
}

void WorkerBed::Offer(uint32_t xid, const IpAddress& address) {
  PushServer(xid, address, Concat({Option(53, {2}), Option(54, BytesOf(kServer))}));
}

void WorkerBed::Ack(uint32_t xid, const IpAddress& address, uint32_t lease_sec) {
  std::vector<uint8_t> lease;
  for (int shift = 24; shift >= 0; shift -= 8)
    lease.push_back(static_cast<uint8_t>(lease_sec >> shift));
  PushServer(xid, address,
             Concat({Option(53, {5}), Option(54, BytesOf(kServer)), Option(51, lease)}));
}

}  // namespace l3sync
