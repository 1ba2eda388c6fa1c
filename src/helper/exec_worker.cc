#include "helper/exec_worker.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <sstream>

#include "helper/stop.h"

namespace l3sync {
namespace {

constexpr int kFirstFd = 3;  // SD_LISTEN_FDS_START

// Twice, for a socket may sit where another is to go. dup2() leaves the copy open across exec.
void MoveToTheirPlaces(const std::vector<HandedOver>& sockets) {
  const int end = kFirstFd + static_cast<int>(sockets.size());
  std::vector<int> aside;
  for (const HandedOver& socket : sockets) {
    aside.push_back(fcntl(socket.fd, F_DUPFD_CLOEXEC, end));
    if (aside.back() < 0) {
      StopWithErrno("can't move a descriptor");
    }
  }
  for (size_t i = 0; i < aside.size(); ++i) {
    if (dup2(aside[i], kFirstFd + static_cast<int>(i)) < 0) {
      StopWithErrno("can't move a descriptor");
    }
  }
  // What was moved aside, what the helper opened, and what its caller leaked.
  if (close_range(static_cast<unsigned>(end), ~0U, 0) != 0) {
    StopWithErrno("can't close the other descriptors");
  }
}

// execvp() answers EACCES, too, when PATH has a folder that the user may not look into (root's own,
// often).
bool IsInPath(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    return true;
  }
  const char* const path = getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access(folder.append("/").append(name).c_str(), F_OK) == 0) {
      return true;
    }
  }
  return false;
}

}  // namespace

void SetVariable(const char* name, const std::string& value) {
  if (setenv(name, value.c_str(), 1) != 0) {
    StopWithErrno(name);
  }
}

void OpenStandardStreams() {
  int fd = 0;
  do {
    fd = open("/dev/null", O_RDWR);  // takes the lowest number that is free
    if (fd < 0) {
      StopWithErrno("/dev/null");
    }
  } while (fd <= STDERR_FILENO);
  close(fd);
}

void ExecWorker(const std::vector<HandedOver>& sockets, const std::vector<std::string>& command,
                const std::string& worker) {
  std::string names;
  for (const HandedOver& socket : sockets) {
    names.append(names.empty() ? "" : ":").append(socket.name);
  }
  MoveToTheirPlaces(sockets);
  SetVariable("LISTEN_FDS", std::to_string(sockets.size()));
  SetVariable("LISTEN_FDNAMES", names);
  SetVariable("LISTEN_PID", std::to_string(getpid()));

  std::vector<std::string> words = command;  // execvp() wants them writable
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  const int error = errno;
  if (error == ENOENT || (error == EACCES && !IsInPath(command[0]))) {
    Stop(kExitFailure, command[0] +
                           ": command not found; is it installed, in a folder of PATH that " +
                           worker + " may read?");
  }
  errno = error;
  StopWithErrno(command[0] + ": can't be run by " + worker);
}

}  // namespace l3sync
