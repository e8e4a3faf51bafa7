import os
import unittest
from unittest import mock

from kiln_runner.hostwork import descendants

from .processes import python


class Descendants(unittest.TestCase):
    def test_each_child_is_found_once_with_lists_of_the_kernel_and_without(self) -> None:
        with python("import time; time.sleep(600)") as child:
            for are_listed in (True, False):
                with self.subTest(are_listed=are_listed), mock.patch.object(descendants, "_are_listed", return_value=are_listed):
                    self.assertEqual(list(descendants._children(os.getpid())).count(child.pid), 1)  # pyright: ignore[reportPrivateUsage]


if __name__ == "__main__":
    unittest.main()
