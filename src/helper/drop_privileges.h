#pragma once

#include "helper/identity.h"

namespace l3sync {

// Stops if what the helper needs, or what the worker is to keep, is not there to begin with. Reads
// the capabilities of this process into libcap-ng's state, which ResolveIdentity looks at.
void CheckPrivileges(bool dry_run);

enum class Kept { kNothing, kNetAdmin };

// Becomes `identity`, with no supplementary group and no capability but what is `kept`. For ever:
// no_new_privs, and an empty rest of the bounding set. Looks at the result, and stops if it is
// anything else.
void DropPrivileges(const Identity& identity, Kept kept);

}  // namespace l3sync
