#pragma once

#include <linux/filter.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "absl/types/span.h"

namespace l3sync {

// A frame, and what the kernel knows of it.
struct FilterInput {
  std::vector<uint8_t> frame;
  uint32_t ifindex = 0;
  uint32_t packet_type = 0;
  std::optional<uint16_t> vlan_tci;  // of a tag that was stripped
};

struct FilterResult {
  uint32_t length = 0;  // of the frame, to be handed over; 0: none
  size_t steps = 0;
};

// Runs a classic BPF program as the kernel does (bpf_convert_filter(), bpf_check_classic()): A and
// X begin at 0, a load past the frame's end returns 0. Knows the instructions that our programs
// have, throws at others and at what the kernel would refuse. Remembers which instructions ran, and
// which way they jumped.
class BpfInterpreter {
 public:
  explicit BpfInterpreter(std::vector<sock_filter> program)
      : program_(std::move(program)),
        ran_(program_.size()),
        jumped_(program_.size()),
        fell_through_(program_.size()) {}

  FilterResult Run(const FilterInput& input) {
    uint32_t a = 0, x = 0;
    FilterResult result;
    for (size_t pc = 0;;) {
      const sock_filter& instruction = program_.at(pc);
      ran_[pc] = true;
      ++result.steps;
      const uint32_t k = instruction.k;
      switch (instruction.code) {
        case BPF_LD | BPF_W | BPF_ABS:
        case BPF_LD | BPF_H | BPF_ABS:
        case BPF_LD | BPF_B | BPF_ABS:
        case BPF_LD | BPF_W | BPF_IND:
        case BPF_LD | BPF_B | BPF_IND: {
          const uint64_t offset = uint64_t{k} + (BPF_MODE(instruction.code) == BPF_IND ? x : 0);
          const auto value = Load(input, offset, SizeOf(instruction.code));
          if (!value) {
            return result;
          }
          a = *value;
          break;
        }
        case BPF_LDX | BPF_B | BPF_MSH: {
          const auto value = Load(input, k, 1);
          if (!value) {
            return result;
          }
          x = 4 * (*value & 15);
          break;
        }
        case BPF_LDX | BPF_W | BPF_IMM:
          x = k;
          break;
        case BPF_MISC | BPF_TAX:
          x = a;
          break;
        case BPF_JMP | BPF_JEQ | BPF_K:
          Jump(a == k, &pc);
          break;
        case BPF_JMP | BPF_JEQ | BPF_X:
          Jump(a == x, &pc);
          break;
        case BPF_JMP | BPF_JGT | BPF_K:
          Jump(a > k, &pc);
          break;
        case BPF_JMP | BPF_JSET | BPF_K:
          Jump((a & k) != 0, &pc);
          break;
        case BPF_RET | BPF_K:
          result.length = k;
          return result;
        default:
          throw std::logic_error("an instruction that the interpreter does not know");
      }
      ++pc;
    }
  }

  // The instructions that no Run reached, or at which none went one of the two ways.
  std::vector<size_t> Uncovered() const {
    std::vector<size_t> uncovered;
    for (size_t pc = 0; pc < program_.size(); ++pc) {
      const bool is_jump = BPF_CLASS(program_[pc].code) == BPF_JMP;
      if (!ran_[pc] || (is_jump && (!jumped_[pc] || !fell_through_[pc]))) {
        uncovered.push_back(pc);
      }
    }
    return uncovered;
  }

 private:
  static size_t SizeOf(uint16_t code) {
    return BPF_SIZE(code) == BPF_W ? 4 : BPF_SIZE(code) == BPF_H ? 2 : 1;
  }

  static std::optional<uint32_t> Load(const FilterInput& input, uint64_t offset, size_t size) {
    switch (static_cast<int64_t>(offset) - (int64_t{1} << 32) - SKF_AD_OFF) {
      case SKF_AD_PKTTYPE:
        return input.packet_type;
      case SKF_AD_IFINDEX:
        return input.ifindex;
      case SKF_AD_VLAN_TAG_PRESENT:
        return input.vlan_tci.has_value() ? 1 : 0;
      case SKF_AD_VLAN_TAG:
        return input.vlan_tci.value_or(0);
      default:
        break;
    }
    if (offset + size > input.frame.size()) {
      return std::nullopt;
    }
    uint32_t value = 0;
    for (const uint8_t byte : absl::MakeConstSpan(input.frame).subspan(offset, size)) {
      value = value << 8 | byte;
    }
    return value;
  }

  void Jump(bool condition, size_t* pc) {
    (condition ? jumped_ : fell_through_)[*pc] = true;
    *pc += condition ? program_[*pc].jt : program_[*pc].jf;
  }

  const std::vector<sock_filter> program_;
  std::vector<bool> ran_, jumped_, fell_through_;
};

}  // namespace l3sync
