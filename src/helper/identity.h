#pragma once

#include <sys/types.h>

#include <string>

namespace l3sync {

// Who the worker is to be.
struct Identity {
  bool change = false;  // false: who the helper is; uid, gid and groups stay
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;  // for messages: "user l3sync", "uid 1000"
};

// Who the worker can be, when the helper was asked for `user`. Warns when that is not `user`:
// without root, and in a user namespace, ids can't be changed. Stops when there is no such user,
// when it is root, and when the helper is root without the capabilities to become somebody else.
Identity ResolveIdentity(const std::string& user);

}  // namespace l3sync
