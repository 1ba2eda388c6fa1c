#include "sandbox/sandbox.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace l3sync {
namespace {

// Every right over files that the first version of Landlock knows (linux/landlock.h), and no rule
// that gives one back.
constexpr uint64_t kAllFileRights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

// What needs no look at its arguments: it gives no way to anything outside.
constexpr int kHarmless[] = {
    SCMP_SYS(read),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(futex),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(getrandom),
    SCMP_SYS(close),
    SCMP_SYS(shutdown),
    SCMP_SYS(getsockopt),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(sched_yield),
    SCMP_SYS(membarrier),
};

// Of a thread that glibc starts.
constexpr int kForThreads[] = {SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(rt_sigaction),
                               SCMP_SYS(sched_getaffinity)};

class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_KILL_PROCESS)) {}
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;
  ~Filter() {
    if (context_ != nullptr) seccomp_release(context_);
  }

  void Allow(int call) { Note(seccomp_rule_add(context_, SCMP_ACT_ALLOW, call, 0)); }
  // If argument `index`, under `mask`, is `value`.
  void AllowIf(int call, unsigned index, uint64_t mask, uint64_t value) {
    Note(seccomp_rule_add(context_, SCMP_ACT_ALLOW, call, 1,
                          SCMP_CMP(index, SCMP_CMP_MASKED_EQ, mask, value)));
  }
  // No system call has the number -1: the kernel answers ENOSYS, or what a debugger that skips a
  // call wants it to answer (strace's fault injection).
  void AllowNone() {
    Note(seccomp_attr_set(context_, SCMP_FLTATR_API_TSKIP, 1));
    Allow(-1);
  }
  void AnswerWith(int error, int call) {
    Note(seccomp_rule_add(context_, SCMP_ACT_ERRNO(static_cast<uint16_t>(error)), call, 0));
  }
  // 0 or a positive errno.
  int Load() {
    if (context_ == nullptr) return ENOMEM;
    if (error_ == 0) Note(seccomp_load(context_));
    return error_;
  }

 private:
  void Note(int result) {
    if (result < 0 && error_ == 0) error_ = -result;
  }

  scmp_filter_ctx context_;
  int error_ = 0;
};

int LoadFilter(const SandboxRules& rules) {
  constexpr uint64_t kWhole = 0xffffffff;
  Filter filter;
  for (const int call : kHarmless) filter.Allow(call);
  filter.AllowNone();
  for (const int fd : rules.write_fds) {
    filter.AllowIf(SCMP_SYS(write), 0, kWhole, static_cast<uint64_t>(fd));
  }
  for (const int fd : rules.send_fds) {
    filter.AllowIf(SCMP_SYS(sendto), 0, kWhole, static_cast<uint64_t>(fd));
  }
  // Memory, but none that can be run.
  filter.AllowIf(SCMP_SYS(mmap), 2, PROT_EXEC, 0);
  filter.AllowIf(SCMP_SYS(mprotect), 2, PROT_EXEC, 0);
  if (rules.starts_threads) {
    for (const int call : kForThreads) filter.Allow(call);
    filter.AllowIf(SCMP_SYS(clone), 0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM);
    // Its flags can't be looked at; glibc then uses clone().
    filter.AnswerWith(ENOSYS, SCMP_SYS(clone3));
  }
  return filter.Load();
}

int ForbidFiles() {
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = kAllFileRights;
  const long ruleset = syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0);
  if (ruleset < 0) {
    // A kernel without it, or that was started without it. The filter allows no open() either.
    return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : errno;
  }
  const long restricted = syscall(SYS_landlock_restrict_self, ruleset, 0);
  const int error = errno;
  close(static_cast<int>(ruleset));
  return restricted == 0 ? 0 : error;
}

int SetLimit(__rlimit_resource resource, rlim_t value) {
  const rlimit limit = {value, value};
  return setrlimit(resource, &limit) == 0 ? 0 : errno;
}

// All numbers below the lowest that is free are taken, and from there on none may be used.
int ForbidDescriptors() {
  const int lowest_free = dup(STDERR_FILENO);
  if (lowest_free < 0) return errno;
  close(lowest_free);
  return SetLimit(RLIMIT_NOFILE, static_cast<rlim_t>(lowest_free));
}

}  // namespace

int DetachStandardStreams() {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0) return errno;
  if (null > STDERR_FILENO) close(null);
  return 0;
}

int EnterSandbox(const SandboxRules& rules) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return errno;
  }
  for (const auto& step : {ForbidFiles, ForbidDescriptors}) {
    if (const int error = step(); error != 0) return error;
  }
  if (const int error = SetLimit(RLIMIT_CORE, 0); error != 0) return error;
  return LoadFilter(rules);
}

}  // namespace l3sync
