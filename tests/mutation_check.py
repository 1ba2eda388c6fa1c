#!/usr/bin/env python3
"""Takes each length check out of src/wire, one at a time, and runs the tests of wire against it.

A mutant that no test notices is printed with file and line, and the exit status is 1. What is
mutated is found by the rules in mutants.find_mutants(). All mutants are built into one wire_test, from a
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
import hashlib
import json
import os
import pathlib
import subprocess
import sys

from mutants import MUTANT_HEADER, find_mutants, mutated_text

ROOT = pathlib.Path(__file__).resolve().parent.parent
EQUIVALENTS = pathlib.Path(__file__).with_name("mutation_equivalents.txt")
MUTATED = "src/wire"
SCRIPTS = ["tests/mutants.py", "tests/mutation_check.py"]
COPIED = ["CMakeLists.txt", "cmake", "bpf", "src", "tests"]
CPU_LIMIT_SEC = 30  # for one run of wire_test, which takes some five; a mutant may loop for ever
JOBS = 2
SLOW_TESTS = 8


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
        content = mutated_text(ROOT, file, by_file[file]).encode() if file in by_file else (ROOT / file).read_bytes()
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
    # Of the processor's time, not of the clock's: a busy machine makes no mutant noticed.
    command = ["prlimit", f"--cpu={CPU_LIMIT_SEC}", program, "--gtest_brief=1", "--gtest_fail_fast", *arguments]
    return subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          cwd=program.parent).returncode == 0


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
        digest = hashlib.sha256()
        for file in source_files([MUTATED, *SCRIPTS]):
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
    mutants = [mutant for file in source_files([MUTATED]) if file.endswith((".h", ".cc")) for mutant in find_mutants(ROOT, file)]
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
