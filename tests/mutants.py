"""Finds the length checks of C++ sources, and takes them out; for mutation_check.py."""

import collections
import dataclasses
import itertools
import re

# What a comparison is about that guards a length: a size, a rest, a count with a limit.
LENGTH = re.compile(r"size\(\)|remaining\(\)|total\(\)|length|units|kM(?:ax|in)[A-Z]|captured|extension_headers")
COMPARISON = re.compile(r" (==|!=|<=|>=|<|>) ")
OFF_BY_ONE = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
# A read that may not fit, or a part of the parser that says whether all could be read.
READ = re.compile(r"(!?)(?<!\w)(?:(\w+)(?:\.|->)(Read\w+|Skip)|ReadSpan|ReadFixedFields|ReadHeader|HasStrictLengths)\(")
CONDITION = re.compile(r"(?:if \(|\|\||&&|return)\s*\(?$")  # what a condition follows
READ_SIZES = {"ReadU8": 1, "ReadU16": 2, "ReadU32": 4, "ReadIpv4": 4, "ReadMac": 6, "ReadIpv6": 16}
# The error of a walk over options, and a reason that a part of the parser returns.
REASON = re.compile(r"(?<=\()\w+\.error\(\)(?=\))|(?<=return )\w+\.error\(\)(?=;)|(?<=if \()reason(?=\))|"
                    r"(?<=if \(const auto reason = )[^{}]*(?=\) \{)")
SMALLER = re.compile(r"std::min\(")

MUTANT_HEADER = """#pragma once
#include <cstdlib>
// True if `number` is the mutant that this run is of.
inline bool L3syncMutant(int number) {
  static const char* const chosen = std::getenv("L3SYNC_MUTANT");
  return chosen != nullptr && std::atoi(chosen) == number;
}
"""


@dataclasses.dataclass
class Mutant:
    file: str  # below the root
    start: int  # offsets of what is replaced
    end: int
    line: int
    condition: str  # as it stands, white space folded
    change: str  # what becomes of it, in words
    code: str  # and in C++
    occurrence: int  # of the same condition and change in the file

    def describe(self):
        which = f" #{self.occurrence}" if self.occurrence > 1 else ""
        return f"{self.file} | {self.condition}{which} | {self.change}"


def blank_comments(text):
    """The same text, of the same length, without comments and strings."""
    pattern = re.compile(r'//[^\n]*|"(?:\\.|[^"\\\n])*"')
    return pattern.sub(lambda match: " " * len(match[0]), text)


def extent(text, at, step, closing, opening):
    """From `at` in the direction of `step` to where the expression ends that a comparison is in:
    at an unmatched parenthesis or an operator that binds less."""
    depth = 0
    while 0 <= at < len(text):
        if text[at] in closing:
            depth += 1
        elif text[at] in opening:
            if depth == 0:
                break
            depth -= 1
        elif depth == 0:
            pair = text[at:at + 2] if step > 0 else text[at - 1:at + 1]
            if text[at] in ";,?" or pair in ("&&", "||", " =", "= "):
                break
            if text[at] == ":" and ":" not in (text[at - 1], text[at + 1]):
                break
            if step < 0 and text[:at + 1].endswith("return"):
                break
        at += step
    return at


def call_end(text, at):
    """Behind the parenthesis that closes the first one at or after `at`."""
    depth = 0
    for end in range(text.index("(", at), len(text)):
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        if depth == 0:
            return end + 1
    raise ValueError("no end of a call")


def comparisons(text):
    for match in COMPARISON.finditer(text):
        start = extent(text, match.start(), -1, ")]}", "([{") + 1
        start += len(text[start:]) - len(text[start:].lstrip())
        end = start + len(text[start:extent(text, match.end(), 1, "([{", ")]}")].rstrip())
        if not LENGTH.search(text[start:end]):
            continue
        yield start, end, "false", "false"
        yield start, end, "true", "true"
        if other := OFF_BY_ONE.get(match[1]):
            yield start, end, f"{match[1]} becomes {other}", f"({text[start:match.start(1)]}{other}{text[match.end(1):end]})"


def read_size(text, match):
    """In bytes; None if only the running program knows it."""
    if match[3] in READ_SIZES:
        return READ_SIZES[match[3]]
    argument = re.match(r"\w+", text[match.end():])
    if argument is None or match[3] not in ("Skip", "ReadSpan"):
        return None
    constant = re.search(rf"constexpr size_t {argument[0]} = (\d+);", text)
    return int(constant[1]) if constant else int(argument[0]) if argument[0].isdigit() else None


def is_covered(text, matches, index):
    """True if a later read of the same chain (a || b, a && b) and reader asks for as many bytes at
    least: a read that fails takes nothing, so the later one fails as well, and its failure is the
    chain's."""
    size = read_size(text, matches[index])
    for before, after in zip(matches[index:], matches[index + 1:]):
        between = text[call_end(text, before.start()):after.start()].strip()
        if size is None or between not in ("||", "&&") or after[2] != before[2]:
            return False
        if (read_size(text, after) or 0) >= size:
            return True
    return False


def reads(text):
    matches = list(READ.finditer(text))
    for index, match in enumerate(matches):
        # A loop that reads on behind the end would never end: there is no check to take out. And what
        # is no condition is a definition, or its result is a reason.
        if not CONDITION.search(text[:match.start()]) or is_covered(text, matches, index):
            continue
        end = call_end(text, match.start())
        call = text[match.start():end].lstrip("!")
        yield match.start(), end, "failure unnoticed", f"(static_cast<void>({call}), {'false' if match[1] else 'true'})"


def reasons(text):
    none = "std::optional<DropReason>()"
    for match in REASON.finditer(text):
        yield match.start(), match.end(), "no reason", f"(static_cast<void>({match[0]}), {none})"


def sizes(text):
    for match in SMALLER.finditer(text):
        end = call_end(text, match.start())
        yield match.start(), end, "min becomes max", "std::max" + text[match.end() - 1:end]


def find_mutants(root, file):
    """Each length check of one file, and what it becomes:
    a comparison that is about a length: false, true, and its neighbour (< and <=);
    a read whose failure is looked at: the failure is not noticed;
    the error of a walk over options, or a reason that a part of the parser returns: none;
    the smaller of two sizes: the larger."""
    text = blank_comments((root / file).read_text())
    counts = collections.Counter()
    mutants = []
    for start, end, change, code in sorted([*comparisons(text), *reads(text), *reasons(text), *sizes(text)]):
        condition = " ".join(text[start:end].split())
        counts[condition, change] += 1
        line = text.count("\n", 0, start) + 1
        mutants.append(Mutant(file, start, end, line, condition, change, code, counts[condition, change]))
    return mutants


def mutated_text(root, file, numbered):
    """The file with all its mutants, [(number, Mutant)], each asleep until it is chosen."""
    text = (root / file).read_text()
    result, at = "", 0
    for (start, end), group in itertools.groupby(numbered, key=lambda pair: (pair[1].start, pair[1].end)):
        if start < at:
            raise ValueError(f"{file}: conditions overlap at offset {start}")
        chosen = "".join(f"L3syncMutant({number}) ? {mutant.code} : " for number, mutant in group)
        result += text[at:start] + "(" + chosen + "(" + text[start:end] + "))"
        at = end
    return '#include "mutant.h"\n' + result + text[at:]
