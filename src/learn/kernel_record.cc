#include "learn/kernel_record.h"

#include <algorithm>

namespace l3sync {

std::string_view NameView(const InterfaceName& name) {
  const auto end = std::find(name.begin(), name.end(), '\0');
  return {name.data(), static_cast<size_t>(end - name.begin())};
}

InterfaceName MakeInterfaceName(std::string_view name) {
  InterfaceName result{};
  const size_t length = std::min(name.size(), result.size() - 1);
  std::copy_n(name.begin(), length, result.begin());
  return result;
}

}  // namespace l3sync
