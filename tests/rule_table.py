#!/usr/bin/env python3
"""Checks docs/rule-table.md, which says what each rule's state is and which tests show it.

Every rule has one row. A row that says "done" or "partly" names tests that exist and carry the
number, in their name or in the comment before them (Python: in the docstring), and docs/rules.md
has the rule's text; a row that says "partly" or "not" says why. A number that a test carries is
one of a rule.

usage: rule_table.py SOURCE_DIR
"""

import ast
import pathlib
import re
import sys

# The last number of each series.
SERIES = {"C": 5, "E": 3, "P4-": 6, "S4-": 17, "P6-": 4, "S6-": 9, "N": 6, "L": 5, "D": 8, "T": 7, "K": 7, "F": 21, "Q": 4}
RULES = [f"{series}{number}" for series, last in SERIES.items() for number in range(1, last + 1)]

NUMBER = re.compile(r"\b(?:[CENLDTKFQ]\d{1,2}|[PS][46]-\d{1,2})\b")
RANGE = re.compile(r"\b([CENLDTKFQ]|[PS][46]-)(\d{1,2}) to \1(\d{1,2})\b")
ROW = re.compile(r"^\| (\S+) \| (done|partly|not) \| (.*) \|$")
TEST = re.compile(r"`(\w+(?:\.py::|\.)\w+)`")
CC_TEST = re.compile(r"((?:^[ \t]*//.*\n)*)^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", re.M)


def numbers_in(text):
    numbers = set(NUMBER.findall(text))
    for series, first, last in RANGE.findall(text):
        numbers |= {f"{series}{number}" for number in range(int(first), int(last) + 1)}
    return numbers


def numbers_in_name(name):
    """At the beginning of a C++ name: S4_3_OfferIs..., K3_F6_Address..., K2F15Replace..."""
    numbers = set()
    while match := re.match(r"_?(?:([PS][46])_(\d{1,2})|([CENLDTKFQ]\d{1,2}))(?=[A-Z_]|$)", name):
        numbers.add(match[3] or f"{match[1]}-{match[2]}")
        name = name[match.end():]
    return numbers


def tests_of(source):
    """By name: the rule numbers that the test carries."""
    tests = {}
    for path in sorted(source.glob("tests/**/*.cc")):
        for comment, suite, name in CC_TEST.findall(path.read_text()):
            tests[f"{suite}.{name}"] = numbers_in_name(name) | numbers_in(comment)
    for path in sorted(source.glob("netns-harness/tests/test_*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                tests[f"{path.name}::{node.name}"] = numbers_in(ast.get_docstring(node) or "")
    return tests


def errors_of_row(rule, state, text, tests, described):
    named = TEST.findall(text)
    if rule not in RULES:
        yield f"{rule} is no rule"
    if state != "not" and not named:
        yield f"{rule} is {state}, and no test is named"
    if state != "not" and rule not in described:
        yield f"{rule} is {state}, and docs/rules.md does not say what it is"
    if state != "done" and not re.search(r"\w", TEST.sub("", text)):
        yield f"{rule} is {state}, and the row does not say why"
    for name in named:
        if name not in tests:
            yield f"{rule}: there is no test {name}"
        elif rule not in tests[name]:
            yield f"{rule}: {name} does not carry the number"


def errors_of(source):
    """What is wrong, and how many rules are in which state."""
    tests = tests_of(source)
    described = numbers_in((source / "docs/rules.md").read_text())
    states, errors = {}, []
    for line in (source / "docs/rule-table.md").read_text().splitlines():
        if not (match := ROW.match(line)):
            if line.startswith("|") and not line.startswith(("| rule", "|--")):
                errors.append(f"not a row: {line}")
            continue
        rule, state, text = match.groups()
        if rule in states:
            errors.append(f"{rule} has two rows")
        states[rule] = state
        errors += errors_of_row(rule, state, text, tests, described)
    errors += [f"{rule} has no row" for rule in RULES if rule not in states]
    for name, numbers in tests.items():
        errors += [f"{rule}, which {name} carries, is no rule" for rule in sorted(numbers - set(RULES))]
    return errors, states


def main():
    errors, states = errors_of(pathlib.Path(sys.argv[1]))
    if errors:
        print("docs/rule-table.md does not agree with the tests (how to edit it is said at its top):")
        print("\n".join(errors))
        return 1
    counts = {state: list(states.values()).count(state) for state in ("done", "partly", "not")}
    print(f"{len(states)} rules: " + ", ".join(f"{count} {state}" for state, count in counts.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
