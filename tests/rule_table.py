#!/usr/bin/env python3
"""Checks docs/rule-table.md and docs/bug-classes.md, which say of each rule, and of each class of
bugs, what its state is and which tests show it.

Every number has one row. A row that says "done" or "partly" names tests that exist and carry the
number, in their name or in the comment before them (Python: in the docstring), and docs/rules.md
has the rule's text; a row that says "partly" or "not" says why. A number that a test carries is
one of a row. A class is carried as ClassA1_... in a name (A1_..., O1_... and X1_... will do, which are no
rule's), and as "class A1" in a text.

usage: rule_table.py SOURCE_DIR
"""

import ast
import pathlib
import re
import sys

# The last number of each series.
SERIES = {"C": 5, "E": 3, "P4-": 6, "S4-": 17, "P6-": 4, "S6-": 9, "N": 6, "L": 5, "D": 8, "T": 7, "K": 7, "F": 21, "Q": 4}
CLASS_SERIES = {"A": 12, "S": 9, "P": 4, "O": 5, "X": 9}

NUMBER = re.compile(r"\b(?:[CENLDTKFQ]\d{1,2}|[PS][46]-\d{1,2})\b")
RANGE = re.compile(r"\b([CENLDTKFQ]|[PS][46]-)(\d{1,2}) to \1(\d{1,2})\b")
NUMBER_IN_NAME = re.compile(r"_?(?:([PS][46])_(\d{1,2})|([CENLDTKFQ]\d{1,2}))(?=[A-Z_]|$)")
CLASS = re.compile(r"\b[Cc]lass ([A-Z]\d{1,2})\b")
CLASS_IN_NAME = re.compile(r"_?(?:Class([A-Z]\d{1,2})|([AOX]\d{1,2}))(?=[A-Z_]|$)")
ROW = re.compile(r"^\| (\S+) \| (done|partly|not) \| (.*) \|$")
TEST = re.compile(r"`(\w+(?:\.py::|\.)\w+)`")
CC_TEST = re.compile(r"((?:^[ \t]*//.*\n)*)^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", re.M)


def all_of(series):
    return [f"{letters}{number}" for letters, last in series.items() for number in range(1, last + 1)]


RULES = all_of(SERIES)
CLASSES = all_of(CLASS_SERIES)


def rules_in(text):
    numbers = set(NUMBER.findall(text))
    for series, first, last in RANGE.findall(text):
        numbers |= {f"{series}{number}" for number in range(int(first), int(last) + 1)}
    return numbers


def rules_in_name(name):
    """At the beginning of a C++ name: S4_3_OfferIs..., K3_F6_Address..., K2F15Replace..."""
    return {match[3] or f"{match[1]}-{match[2]}" for match in matches_at_start(NUMBER_IN_NAME, name)}


def classes_in(text):
    return set(CLASS.findall(text))


def classes_in_name(name):
    return {match[1] or match[2] for match in matches_at_start(CLASS_IN_NAME, name)}


def matches_at_start(pattern, name):
    while match := pattern.match(name):
        yield match
        name = name[match.end():]


def tests_of(source):
    """Of each test its own name, and the comment or docstring that it has."""
    for path in sorted(source.glob("tests/**/*.cc")):
        for comment, suite, name in CC_TEST.findall(path.read_text()):
            yield f"{suite}.{name}", name, comment
    for path in sorted(source.glob("netns-harness/tests/test_*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield f"{path.name}::{node.name}", "", ast.get_docstring(node) or ""


def errors_of_row(number, state, text, tests):
    named = TEST.findall(text)
    if state != "not" and not named:
        yield f"{number} is {state}, and no test is named"
    if state != "done" and not re.search(r"\w", TEST.sub("", text)):
        yield f"{number} is {state}, and the row does not say why"
    for name in named:
        if name not in tests:
            yield f"{number}: there is no test {name}"
        elif number not in tests[name]:
            yield f"{number}: {name} does not carry the number"


def errors_of_table(path, numbers, kind, tests):
    """What is wrong with the table, and the state of each number."""
    states, errors = {}, []
    for line in path.read_text().splitlines():
        if not (match := ROW.match(line)):
            if line.startswith("|") and not line.startswith((f"| {kind}", "|--")):
                errors.append(f"not a row: {line}")
            continue
        number, state, text = match.groups()
        if number in states:
            errors.append(f"{number} has two rows")
        if number not in numbers:
            errors.append(f"{number} is no {kind}")
        states[number] = state
        errors += errors_of_row(number, state, text, tests)
    errors += [f"{number} has no row" for number in numbers if number not in states]
    for name, carried in tests.items():
        errors += [f"{number}, which {name} carries, is no {kind}" for number in sorted(carried - set(numbers))]
    return errors, states


def errors_of(source):
    """What is wrong, and the state of each rule and of each class."""
    tests = list(tests_of(source))
    errors, rules = errors_of_table(source / "docs/rule-table.md", RULES, "rule",
                                    {key: rules_in_name(name) | rules_in(text) for key, name, text in tests})
    described = rules_in((source / "docs/rules.md").read_text())
    errors += [f"{rule} is {state}, and docs/rules.md does not say what it is"
               for rule, state in rules.items() if state != "not" and rule not in described]
    more, classes = errors_of_table(source / "docs/bug-classes.md", CLASSES, "class",
                                    {key: classes_in_name(name) | classes_in(text) for key, name, text in tests})
    return errors + more, rules, classes


def main():
    errors, *tables = errors_of(pathlib.Path(sys.argv[1]))
    if errors:
        print("docs/rule-table.md and docs/bug-classes.md do not agree with the tests (how to edit them is said at their "
              "top):")
        print("\n".join(errors))
        return 1
    for kind, states in zip(("rules", "classes"), tables):
        counts = {state: list(states.values()).count(state) for state in ("done", "partly", "not")}
        print(f"{len(states)} {kind}: " + ", ".join(f"{count} {state}" for state, count in counts.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
