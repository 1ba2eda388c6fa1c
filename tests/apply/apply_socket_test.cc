#include "apply/apply_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include "gtest/gtest.h"

namespace l3sync {
namespace {

class ApplySocketTest : public ::testing::Test {
 protected:
  ApplySocketTest() : applier_(Ends()), socket_(worker_) {}
  ~ApplySocketTest() override {
    if (applier_ >= 0) close(applier_);
  }
  // Returns the applier's.
  int Ends() {
    std::array<int, 2> ends{};
    [[maybe_unused]] const int made =
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data());
    worker_ = ends[0];
    return ends[1];
  }

  int worker_ = -1;
  int applier_;
  ApplySocket socket_;
};

TEST_F(ApplySocketTest, RequestIsOneDatagramWithItsPayload) {
  ApplyRequest request;
  request.verb = ApplyVerb::kDeliver;
  request.payload_length = 3;
  const std::vector<uint8_t> payload = {1, 2, 3};
  EXPECT_EQ(socket_.Send(request, payload), 0);
  std::array<uint8_t, 4096> buffer{};
  const ssize_t size = recv(applier_, buffer.data(), buffer.size(), 0);
  ASSERT_EQ(size, static_cast<ssize_t>(sizeof(request) + 3));
  ByteSpan received;
  EXPECT_TRUE(ParseApplyRequest(ByteSpan(buffer).first(static_cast<size_t>(size)), &received));
  EXPECT_EQ(std::vector<uint8_t>(received.begin(), received.end()), payload);
}

TEST_F(ApplySocketTest, AnswerComesBack) {
  ApplyAnswer answer;
  EXPECT_EQ(socket_.Receive(&answer), EAGAIN);
  const ApplyAnswer sent = {7, EEXIST};
  ASSERT_EQ(send(applier_, &sent, sizeof(sent), 0), static_cast<ssize_t>(sizeof(sent)));
  EXPECT_EQ(socket_.Receive(&answer), 0);
  EXPECT_EQ(answer.sequence, 7);
  EXPECT_EQ(answer.error, EEXIST);
}

// Class P3: a full pipe is an answer, and a closed one another.
TEST_F(ApplySocketTest, ClassP3_FullSocketIsNoEnd) {
  int error = 0;
  for (int i = 0; i < 100000 && error == 0; ++i) error = socket_.Send({}, {});
  EXPECT_EQ(error, EAGAIN);
}

TEST_F(ApplySocketTest, ClassP3_ApplierThatIsGoneIsTold) {
  close(applier_);
  applier_ = -1;
  ApplyAnswer answer;
  EXPECT_EQ(socket_.Receive(&answer), EPIPE);
  EXPECT_EQ(socket_.Send({}, {}), EPIPE);
}

TEST_F(ApplySocketTest, FinishIsSeenAndWaitsForTheApplier) {
  pollfd waited = {.fd = applier_, .events = POLLIN, .revents = 0};
  socket_.Finish(absl::ZeroDuration());
  EXPECT_EQ(poll(&waited, 1, 0), 1);
  std::array<uint8_t, 16> buffer{};
  EXPECT_EQ(recv(applier_, buffer.data(), buffer.size(), 0), 0);
  close(applier_);
  applier_ = -1;
  socket_.Finish(absl::InfiniteDuration());  // returns
}

}  // namespace
}  // namespace l3sync
