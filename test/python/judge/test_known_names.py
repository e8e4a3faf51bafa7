"""Names of compiled code in a message: bounded, and nothing in them that a terminal obeys."""
import unittest

from kiln_runner.judge.known_names import NAME_CHARS_MAX, NAMES_MAX, known_names


class KnownNames(unittest.TestCase):
    def test_they_are_listed(self) -> None:
        self.assertEqual(known_names(["add", "scale"]), "add, scale")

    def test_many_are_counted(self) -> None:
        self.assertTrue(known_names(["f"] * (NAMES_MAX + 3)).endswith(", f and 3 more"))

    def test_a_long_one_is_cut(self) -> None:
        self.assertEqual(known_names(["x" * (NAME_CHARS_MAX + 1)]), "x" * NAME_CHARS_MAX + "\u2026")

    def test_what_a_terminal_obeys_is_replaced(self) -> None:
        self.assertEqual(known_names(["a\x1b[31m\u202eb\n"]), "a?[31m?b?")


if __name__ == "__main__":
    unittest.main()
