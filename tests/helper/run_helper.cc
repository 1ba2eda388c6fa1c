#include "tests/helper/run_helper.h"

#include <cap-ng.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "gtest/gtest.h"

#include "tests/bpf/network_namespace.h"

namespace l3sync {
namespace {

// Copies that everybody may run: the folder of the build may be closed to nobody.
class Programs {
 public:
  Programs() {
    char name[] = "/tmp/l3sync-helper-test-XXXXXX";
    folder_ = mkdtemp(name);
    std::filesystem::copy_file(L3SYNC_OPEN, helper());
    std::filesystem::copy_file(HELPER_PROBE, probe());
    for (const auto& path : {folder_, helper(), probe()}) {
      std::filesystem::permissions(path, std::filesystem::perms(0755));
    }
  }
  ~Programs() { std::filesystem::remove_all(folder_); }
  Programs(const Programs&) = delete;
  Programs& operator=(const Programs&) = delete;

  std::filesystem::path helper() const { return folder_ / "l3sync-open"; }
  std::filesystem::path probe() const { return folder_ / "probe"; }

 private:
  std::filesystem::path folder_;
};

std::string ReadAll(int fd) {
  std::string text;
  char part[4096];
  for (ssize_t length = 0; (length = read(fd, part, sizeof part)) > 0;) {
    text.append(part, static_cast<size_t>(length));
  }
  close(fd);
  return text;
}

[[noreturn]] void Exec(std::vector<std::string> words) {
  // Under ptrace, and once the ids have changed, LeakSanitizer can't look and fails.
  setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  _exit(126);
}

}  // namespace

HelperRun RunHelper(const std::vector<std::string>& arguments, const std::function<void()>& prepare,
                    const std::vector<std::string>& wrapper) {
  const Programs programs;
  std::vector<std::string> words = wrapper;
  words.push_back(programs.helper());
  for (const std::string& argument : arguments) {
    words.push_back(argument == "PROBE" ? programs.probe().string() : argument);
  }
  int out[2], err[2];
  EXPECT_EQ(pipe2(out, O_CLOEXEC), 0);
  EXPECT_EQ(pipe2(err, O_CLOEXEC), 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    if (prepare) {
      prepare();
    }
    Exec(std::move(words));
  }
  close(out[1]);
  close(err[1]);
  HelperRun run;
  std::istringstream lines(ReadAll(out[0]));
  for (std::string line; std::getline(lines, line);) {
    const size_t equals = line.find('=');
    if (equals != std::string::npos) {
      run.probe[line.substr(0, equals)] = line.substr(equals + 1);
    }
  }
  run.errors = ReadAll(err[0]);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  run.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return run;
}

void MakeParent() { Shell("ip link add parent type veth peer name router"); }

void JoinGroups() {
  const gid_t groups[] = {0, 4, 27};
  if (setgroups(3, groups) != 0) {
    _exit(125);
  }
}

void BecomeNobodyWith(const std::vector<unsigned>& capabilities) {
  prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  const bool changed = setgroups(0, nullptr) == 0 && setresgid(65534, 65534, 65534) == 0 &&
                       setresuid(65534, 65534, 65534) == 0;
  capng_clear(CAPNG_SELECT_ALL);
  for (const unsigned capability : capabilities) {
    capng_update(CAPNG_ADD,
                 static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE |
                                           CAPNG_AMBIENT),
                 capability);
  }
  if (!changed || capng_apply(CAPNG_SELECT_CAPS) != 0 || capng_apply(CAPNG_SELECT_AMBIENT) != 0) {
    _exit(125);
  }
}

void BecomeNobody() { BecomeNobodyWith({}); }

}  // namespace l3sync
