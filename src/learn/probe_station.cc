#include "learn/probe_station.h"

#include "wire/neighbour_frames.h"

namespace l3sync {

std::vector<uint8_t> BuildProbe(const MacAddress& mac, const IpAddress& target) {
  if (target.is_v4()) {
    const ArpFrame frame = BuildArpProbe(mac, kProbeMac, target);
    return {frame.begin(), frame.end()};
  }
  const NdFrame frame = BuildNeighbourProbe(mac, kProbeMac, kProbeSource, target);
  return {frame.begin(), frame.end()};
}

}  // namespace l3sync
