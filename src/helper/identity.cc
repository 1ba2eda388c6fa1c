#include "helper/identity.h"

#include <cap-ng.h>
#include <pwd.h>
#include <unistd.h>

#include <fstream>

#include "helper/stop.h"

namespace l3sync {
namespace {

// In the first user namespace every id is mapped to itself (user_namespaces(7)). In others it is
// rare that the ids of /etc/passwd are mapped, and setgroups() may be denied.
bool InUserNamespace() {
  std::ifstream map("/proc/self/uid_map");
  std::string inside, outside, count;
  // A map that can't be read: the ids are to change, and it is an error if they don't.
  return map >> inside >> outside >> count &&
         (inside != "0" || outside != "0" || count != "4294967295");
}

bool HasCapability(unsigned capability) {
  return capng_have_capability(CAPNG_EFFECTIVE, capability) == 1;
}

}  // namespace

Identity ResolveIdentity(const std::string& user) {
  Identity same = {false, geteuid(), getegid(), "uid " + std::to_string(geteuid())};
  if (same.uid != 0) {
    Warn("started without root: " + same.name + " stays, --user is not used");
    return same;
  }
  if (InUserNamespace()) {
    Warn("in a user namespace: uid and gid stay, --user is not used");
    return same;
  }
  const passwd* const entry = getpwnam(user.c_str());
  if (entry == nullptr) {
    Stop(kExitFailure, user + ": no such user; \"useradd --system --shell /usr/sbin/nologin " +
                           user + "\" makes it, --user=USER names another");
  }
  if (entry->pw_uid == 0) {
    Stop(kExitUsage, "--user=" + user + ": the worker must not be root; name another user");
  }
  if (!HasCapability(CAP_SETUID) || !HasCapability(CAP_SETGID)) {
    Stop(kExitNoPermission,
         "root without CAP_SETUID and CAP_SETGID can't become " + user +
             "; grant them, or start as that user with CAP_NET_RAW and CAP_NET_ADMIN");
  }
  return {true, entry->pw_uid, entry->pw_gid, "user " + user};
}

}  // namespace l3sync
