#!/usr/bin/env python3
"""Takes each length check out of src/wire, one at a time, and runs the tests of wire against it.

A mutant that no test notices is printed with file and line, and the exit status is 1. What is
mutated is found by the rules in find_mutants(). All mutants are built into one wire_test, from a
copy of the sources in BUILD_DIR, and chosen at run time by the variable L3SYNC_MUTANT. Which were
noticed is kept there until src/wire changes, so that a run that was interrupted goes on where it
was, and after a test was added only the survivors run again. Delete BUILD_DIR if a test was taken
away.

A mutant that behaves as the original does can't be noticed. Such are listed with their reasons in
mutation_equivalents.txt; one that is listed there and noticed, or not there any more, is an error.

usage: mutation_check.py [--list] [--only TEXT] [BUILD_DIR]

--list shows the mutants and builds nothing; --only takes those whose description has TEXT.
BUILD_DIR is build/mutation if not given.
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import hashlib
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
EQUIVALENTS = pathlib.Path(__file__).with_name("mutation_equivalents.txt")
MUTATED = "src/wire"
COPIED = ["CMakeLists.txt", "cmake", "bpf", "src", "tests"]
TIMEOUT_SEC = 120  # for one run of wire_test, which takes a few; a mutant may loop for ever
JOBS = 2
SLOW_TESTS = 8

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
    file: str  # below ROOT
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


def find_mutants(file):
    """Each length check of one file, and what it becomes:
    a comparison that is about a length: false, true, and its neighbour (< and <=);
    a read whose failure is looked at: the failure is not noticed;
    the error of a walk over options, or a reason that a part of the parser returns: none;
    the smaller of two sizes: the larger."""
    text = blank_comments((ROOT / file).read_text())
    counts = collections.Counter()
    mutants = []
    for start, end, change, code in sorted([*comparisons(text), *reads(text), *reasons(text), *sizes(text)]):
        condition = " ".join(text[start:end].split())
        counts[condition, change] += 1
        line = text.count("\n", 0, start) + 1
        mutants.append(Mutant(file, start, end, line, condition, change, code, counts[condition, change]))
    return mutants


def mutated_text(file, numbered):
    """The file with all its mutants, [(number, Mutant)], each asleep until it is chosen."""
    text = (ROOT / file).read_text()
    result, at = "", 0
    for (start, end), group in itertools.groupby(numbered, key=lambda pair: (pair[1].start, pair[1].end)):
        if start < at:
            raise ValueError(f"{file}: conditions overlap at offset {start}")
        chosen = "".join(f"L3syncMutant({number}) ? {mutant.code} : " for number, mutant in group)
        result += text[at:start] + "(" + chosen + "(" + text[start:end] + "))"
        at = end
    return '#include "mutant.h"\n' + result + text[at:]


def write_if_new(path, content):
    """What is unchanged keeps its time, so that it is not compiled again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)


def source_files(folders):
    for folder in folders:
        path = ROOT / folder
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                yield str(file.relative_to(ROOT))


def write_tree(tree, mutants):
    by_file = collections.defaultdict(list)
    for number, mutant in enumerate(mutants, start=1):
        by_file[mutant.file].append((number, mutant))
    wanted = {str(tree / "src/mutant.h")}
    write_if_new(tree / "src/mutant.h", MUTANT_HEADER.encode())
    for file in source_files(COPIED):
        wanted.add(str(tree / file))
        content = mutated_text(file, by_file[file]).encode() if file in by_file else (ROOT / file).read_bytes()
        write_if_new(tree / file, content)
    for path in tree.rglob("*"):
        if path.is_file() and str(path) not in wanted:
            path.unlink()


def build(build_dir, mutants):
    """Returns the program. With AddressSanitizer: a read behind the end is noticed if it does no
    other harm, too."""
    tree, out = build_dir / "tree", build_dir / "out"
    write_tree(tree, mutants)
    subprocess.run(["cmake", "-S", tree, "-B", out, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
                    "-DCMAKE_CXX_FLAGS=-O1 -w", "-DL3SYNC_SANITIZE=address"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", out, "--target", "wire_test", "-j", str(JOBS)], check=True)
    return out / "tests/wire/wire_test"


def run_tests(program, number, *arguments):
    """Whether the tests pass against the mutant; 0 is the original. Time runs out: they don't."""
    environment = {name: value for name, value in os.environ.items() if name != "L3SYNC_CAPTURES"}
    environment["L3SYNC_MUTANT"] = str(number)
    try:
        return subprocess.run([program, "--gtest_brief=1", "--gtest_fail_fast", *arguments], env=environment,
                              timeout=TIMEOUT_SEC, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              cwd=program.parent).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def slow_tests(program):
    """The names of those that take most of the time, ":" between them. Most mutants are noticed
    without them."""
    output = program.with_suffix(".json")
    if not run_tests(program, 0, f"--gtest_output=json:{output}"):
        sys.exit("wire_test fails without any mutant")
    tests = [(float(test["time"].rstrip("s")), f"{test['classname']}.{test['name']}")
             for suite in json.loads(output.read_text())["testsuites"] for test in suite["testsuite"]]
    return ":".join(name for _, name in sorted(tests)[-SLOW_TESTS:])


def passes(program, slow, number):
    return run_tests(program, number, f"--gtest_filter=-{slow}") and run_tests(program, number, f"--gtest_filter={slow}")


class Noticed:
    """The mutants that were noticed, by Mutant.describe(); kept in a file, for these sources only."""

    def __init__(self, path):
        digest = hashlib.sha256(pathlib.Path(__file__).read_bytes())
        for file in source_files([MUTATED]):
            digest.update(file.encode() + b"\0" + (ROOT / file).read_bytes())
        self.path = path
        self.sources = digest.hexdigest()
        kept = json.loads(path.read_text()) if path.exists() else {}
        self.descriptions = set(kept["noticed"] if kept.get("sources") == self.sources else [])

    def add(self, mutant):
        self.descriptions.add(mutant.describe())
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps({"sources": self.sources, "noticed": sorted(self.descriptions)}, indent=1))
        new.replace(self.path)


def read_equivalents():
    """{description: reason}"""
    equivalents = {}
    for line in EQUIVALENTS.read_text().splitlines():
        if line and not line.startswith("#"):
            description, _, reason = line.rpartition(" | ")
            equivalents[description] = reason
    return equivalents


def run_missing(build_dir, mutants, chosen):
    """Returns the descriptions of those that were noticed, now or before."""
    noticed = Noticed(build_dir / "noticed.json")
    missing = [number for number in chosen if mutants[number - 1].describe() not in noticed.descriptions]
    if missing:
        program = build(build_dir, mutants)
        slow = slow_tests(program)
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            runs = {pool.submit(passes, program, slow, number): mutants[number - 1] for number in missing}
            for run in concurrent.futures.as_completed(runs):
                print("survived" if run.result() else "noticed ", runs[run].describe(), flush=True)
                if not run.result():
                    noticed.add(runs[run])
    return noticed.descriptions


def report(mutants, chosen, noticed):
    """The exit status."""
    equivalents = read_equivalents()
    survivors = [mutants[number - 1] for number in chosen if mutants[number - 1].describe() not in noticed]
    unnoticed = [mutant for mutant in survivors if mutant.describe() not in equivalents]
    known = {mutant.describe() for mutant in mutants}
    stale = [text for text in equivalents if text not in known or text in noticed]
    for mutant in unnoticed:
        print(f"{mutant.file}:{mutant.line}: no test notices: {mutant.condition}: {mutant.change}")
    for text in stale:
        print(f"{EQUIVALENTS.name}: no such mutant survives: {text}")
    print(f"{len(chosen)} mutants: {len(chosen) - len(survivors)} noticed, "
          f"{len(survivors) - len(unnoticed)} equivalent, {len(unnoticed)} not noticed")
    return 1 if unnoticed or stale else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--only", metavar="TEXT", default="")
    parser.add_argument("build_dir", nargs="?", type=pathlib.Path, default=ROOT / "build/mutation")
    arguments = parser.parse_args()
    mutants = [mutant for file in source_files([MUTATED]) if file.endswith((".h", ".cc")) for mutant in find_mutants(file)]
    chosen = [number for number, mutant in enumerate(mutants, start=1) if arguments.only in mutant.describe()]
    if arguments.list:
        for number in chosen:
            print(f"{mutants[number - 1].line}: {mutants[number - 1].describe()}")
        print(len(chosen))
        return 0
    arguments.build_dir.mkdir(parents=True, exist_ok=True)
    return report(mutants, chosen, run_missing(arguments.build_dir.resolve(), mutants, chosen))


if __name__ == "__main__":
    sys.exit(main())
