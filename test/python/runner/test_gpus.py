"""What the inventory says of a GPU that reaches more than its own memory."""
import unittest

from kiln_runner.host.gpus import host_memory


class HostMemory(unittest.TestCase):
    def test_a_gpu_that_faults_on_memory_it_was_never_given_reaches_none(self) -> None:
        self.assertIsNone(host_memory({88: 0, 100: 0}.__getitem__))

    def test_pageable_memory_is_reached_through_the_page_tables_of_the_host_or_through_the_driver(self) -> None:
        self.assertIn("page tables of the CPU", str(host_memory({88: 1, 100: 1}.__getitem__)))
        self.assertIn("open kernel modules", str(host_memory({88: 1, 100: 0}.__getitem__)))


if __name__ == "__main__":
    unittest.main()
