#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace l3sync {

struct HelperRun {
  int exit_status = -1;                      // of the helper, or of what it ran
  std::map<std::string, std::string> probe;  // what the probe printed; empty if it was not run
  std::string errors;                        // standard error
};

// Runs l3sync-open with `arguments`, in which "PROBE" is the path of the probe. `prepare` is called
// in the process that becomes the helper. `wrapper`: words that come before the helper's own, a
// program that runs it.
HelperRun RunHelper(const std::vector<std::string>& arguments,
                    const std::function<void()>& prepare = {},
                    const std::vector<std::string>& wrapper = {});

// Makes the interface "parent", a veth.
void MakeParent();

// For `prepare`: a member of some groups, as root often is.
void JoinGroups();
// For `prepare`: nobody, who has no privilege.
void BecomeNobody();
// For `prepare`: nobody, but with these capabilities, as a container or a service manager gives
// them.
void BecomeNobodyWith(const std::vector<unsigned>& capabilities);

}  // namespace l3sync
