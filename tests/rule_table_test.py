#!/usr/bin/env python3
"""What rule_table.py finds, on a small tree of its own."""

import pathlib
import tempfile
import unittest

import rule_table

CC_TESTS = """// C2: one copy is to be had.
TEST(FilterTest, AdmitsOneCopy) {}

TEST_F(KernelTest, K2F15ReplaceRefreshes) {}

TEST(LeaseTest, S4_8_Ends) {}

// Class S1: a flood.
TEST(FloodTest, ClassA6_A7_IsCapped) {}
"""
PY_TESTS = '''def test_slave_flaps(
        world):
    """F17, P4-1 to P4-3: back again."""
'''


class RuleTableTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.source = pathlib.Path(folder.name)
        self.rows = {rule: "not | nobody needed it" for rule in rule_table.RULES}
        for rule, test in [("C2", "FilterTest.AdmitsOneCopy"), ("K2", "KernelTest.K2F15ReplaceRefreshes"),
                           ("F15", "KernelTest.K2F15ReplaceRefreshes"), ("S4-8", "LeaseTest.S4_8_Ends"),
                           *((rule, "test_links.py::test_slave_flaps") for rule in ("F17", "P4-1", "P4-2", "P4-3"))]:
            self.rows[rule] = f"done | `{test}`"
        self.classes = {number: "not | there is no shell" for number in rule_table.CLASSES}
        self.classes |= {number: "done | `FloodTest.ClassA6_A7_IsCapped`" for number in ("A6", "A7", "S1")}
        self.rules = "The text of " + ", ".join(f"**{rule}**" for rule in rule_table.RULES)
        self.write("tests/learn/some_test.cc", CC_TESTS)
        self.write("netns-harness/tests/test_links.py", PY_TESTS)

    def write(self, name, text):
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def write_table(self, name, kind, rows):
        self.write(name, f"| {kind} | state | tests |\n|---|---|---|\n" +
                   "".join(f"| {number} | {row} |\n" for number, row in rows.items()))

    def errors(self):
        self.write("docs/rules.md", self.rules)
        self.write_table("docs/rule-table.md", "rule", self.rows)
        self.write_table("docs/bug-classes.md", "class", self.classes)
        return rule_table.errors_of(self.source)[0]

    def test_what_agrees_is_silent(self):
        self.assertEqual(self.errors(), [])

    def test_test_that_is_gone(self):
        self.write("tests/learn/some_test.cc", CC_TESTS.replace("AdmitsOneCopy", "AdmitsOne"))
        self.assertIn("C2: there is no test FilterTest.AdmitsOneCopy", self.errors())

    def test_test_that_lost_its_number(self):
        self.write("tests/learn/some_test.cc", CC_TESTS.replace("// C2: one", "// One"))
        self.write("netns-harness/tests/test_links.py", PY_TESTS.replace("F17, ", ""))
        self.assertEqual(self.errors(), ["C2: FilterTest.AdmitsOneCopy does not carry the number",
                                         "F17: test_links.py::test_slave_flaps does not carry the number"])

    def test_rule_without_a_row(self):
        del self.rows["T7"]
        self.assertEqual(self.errors(), ["T7 has no row"])

    def test_rule_that_does_not_exist(self):
        self.rows["T8"] = "not | what?"
        self.write("tests/learn/some_test.cc", CC_TESTS + "// T9\nTEST(A, B) {}\n")
        self.assertEqual(self.errors(), ["T8 is no rule", "T9, which A.B carries, is no rule"])

    def test_done_without_a_test_or_a_text(self):
        self.rows["C3"] = "done | surely"
        self.rules = self.rules.replace("**C2**", "")
        self.assertEqual(self.errors(), ["C3 is done, and no test is named",
                                         "C2 is done, and docs/rules.md does not say what it is"])

    def test_partly_and_not_say_why(self):
        self.rows["C2"] = "partly | `FilterTest.AdmitsOneCopy`;"
        self.rows["C3"] = "not | "
        self.assertEqual(self.errors(), ["C2 is partly, and the row does not say why",
                                         "C3 is not, and the row does not say why"])

    def test_class_that_no_test_carries(self):
        self.write("tests/learn/some_test.cc", CC_TESTS.replace("ClassA6_A7", "ClassA6").replace("Class S1", "S1"))
        self.classes["A6"] = self.classes["A7"] = self.classes["S1"] = "done | `FloodTest.ClassA6_IsCapped`"
        self.assertEqual(self.errors(), ["A7: FloodTest.ClassA6_IsCapped does not carry the number",
                                         "S1: FloodTest.ClassA6_IsCapped does not carry the number"])

    def test_class_that_does_not_exist_or_has_no_row(self):
        del self.classes["O5"]
        self.write("tests/learn/some_test.cc", CC_TESTS + "// Class B1\nTEST(A, ClassA13_B) {}\n")
        self.assertEqual(self.errors(), ["O5 has no row", "A13, which A.ClassA13_B carries, is no class",
                                         "B1, which A.ClassA13_B carries, is no class"])

    def test_line_that_is_no_row(self):
        self.rows["C2"] = "done: `FilterTest.AdmitsOneCopy`"
        self.assertIn("not a row: | C2 | done: `FilterTest.AdmitsOneCopy` |", self.errors())


if __name__ == "__main__":
    unittest.main()
