#include "helper/drop_privileges.h"

#include <cap-ng.h>
#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "helper/stop.h"

namespace l3sync {
namespace {

bool Holds(capng_type_t set, unsigned capability) {
  return capng_have_capability(set, capability) == 1;
}

void ReadCapabilities() {
  capng_clear(CAPNG_SELECT_ALL);
  if (capng_get_caps_process() != 0) {
    Stop(kExitFailure, "can't read the capabilities of this process");
  }
}

// Needs CAP_SETPCAP, which whoever is not root seldom has. Without it the bounding set stays;
// no_new_privs then does alone what both do together.
bool DropBoundingSet(Kept kept) {
  ReadCapabilities();
  if (!Holds(CAPNG_EFFECTIVE, CAP_SETPCAP)) {
    return false;
  }
  capng_clear(CAPNG_SELECT_BOUNDS);
  if (kept == Kept::kNetAdmin) {
    capng_update(CAPNG_ADD, CAPNG_BOUNDING_SET, CAP_NET_ADMIN);
  }
  if (capng_apply(CAPNG_SELECT_BOUNDS) != 0) {
    StopWithErrno("can't drop the capability bounding set");
  }
  return true;
}

// Groups first: without root they can't be changed any more. KEEPCAPS, because leaving uid 0 takes
// the permitted capabilities away otherwise (capabilities(7)); what is not kept is dropped right
// after.
void DropIds(const Identity& identity) {
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) {
    StopWithErrno("PR_SET_KEEPCAPS");
  }
  if (setgroups(0, nullptr) != 0) {
    StopWithErrno("can't drop the supplementary groups");
  }
  if (setresgid(identity.gid, identity.gid, identity.gid) != 0) {
    StopWithErrno("can't change to the group of " + identity.name);
  }
  if (setresuid(identity.uid, identity.uid, identity.uid) != 0) {
    StopWithErrno("can't change to " + identity.name);
  }
}

void DropCapabilities(Kept kept) {
  capng_clear(CAPNG_SELECT_CAPS);
  capng_clear(CAPNG_SELECT_AMBIENT);
  if (kept == Kept::kNetAdmin) {
    const auto sets = static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED |
                                                CAPNG_INHERITABLE | CAPNG_AMBIENT);
    capng_update(CAPNG_ADD, sets, CAP_NET_ADMIN);
  }
  // Ambient last: it must be permitted and inheritable already.
  if (capng_apply(CAPNG_SELECT_CAPS) != 0 || capng_apply(CAPNG_SELECT_AMBIENT) != 0) {
    StopWithErrno("can't drop the capabilities");
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    StopWithErrno("PR_SET_NO_NEW_PRIVS");
  }
}

void VerifyIds(const Identity& identity) {
  uid_t uid[3];
  gid_t gid[3];
  if (getresuid(&uid[0], &uid[1], &uid[2]) != 0 || getresgid(&gid[0], &gid[1], &gid[2]) != 0) {
    StopWithErrno("can't read back uid and gid");
  }
  for (int i = 0; i < 3; ++i) {
    if (uid[i] != identity.uid || gid[i] != identity.gid) {
      Stop(kExitFailure, "uid or gid did not change to those of " + identity.name);
    }
  }
  if (identity.change && getgroups(0, nullptr) != 0) {
    Stop(kExitFailure, "supplementary groups are left");
  }
  if (identity.uid != 0 && setresuid(0, 0, 0) == 0) {
    Stop(kExitFailure, "root could be had again");
  }
}

void VerifyCapabilities(Kept kept) {
  ReadCapabilities();
  for (unsigned capability = 0; capability <= CAP_LAST_CAP; ++capability) {
    const bool is_kept = kept == Kept::kNetAdmin && capability == CAP_NET_ADMIN;
    for (const capng_type_t set :
         {CAPNG_EFFECTIVE, CAPNG_PERMITTED, CAPNG_INHERITABLE, CAPNG_AMBIENT}) {
      if (Holds(set, capability) != is_kept) {
        Stop(kExitFailure, "the capabilities are not those that were asked for");
      }
    }
  }
  if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) {
    Stop(kExitFailure, "no_new_privs is not set");
  }
}

// Asks the kernel itself: where libcap-ng can't read the bounding set, it takes it for empty.
void VerifyBoundingSet(Kept kept) {
  for (int capability = 0;; ++capability) {
    const int held = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    if (held < 0 && errno == EINVAL && capability > CAP_CHECKPOINT_RESTORE) {
      return;  // past the last of this kernel, which has at least those of Linux 5.9
    }
    if (held < 0) {
      StopWithErrno("PR_CAPBSET_READ");
    }
    if (held != 0 && (kept == Kept::kNothing || capability != CAP_NET_ADMIN)) {
      Stop(kExitFailure, "the capability bounding set was not dropped");
    }
  }
}

}  // namespace

void CheckPrivileges(bool dry_run) {
  ReadCapabilities();
  if (!Holds(CAPNG_EFFECTIVE, CAP_NET_RAW)) {
    Stop(kExitNoPermission, "no permission to capture (CAP_NET_RAW); start it as root");
  }
  if (!dry_run && !Holds(CAPNG_EFFECTIVE, CAP_NET_ADMIN)) {
    Stop(kExitNoPermission,
         "no permission to change addresses (CAP_NET_ADMIN); start it as root, or with --dry-run");
  }
}

void DropPrivileges(const Identity& identity, Kept kept) {
  const bool bounded = DropBoundingSet(kept);
  if (identity.change) {
    DropIds(identity);
  }
  DropCapabilities(kept);
  VerifyIds(identity);
  VerifyCapabilities(kept);
  if (bounded) {
    VerifyBoundingSet(kept);
  }
}

}  // namespace l3sync
