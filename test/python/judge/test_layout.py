import mmap
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner"))
from kiln_runner.judge.cpu.placing import OUT_OF_REACH_BYTES, fence
from kiln_runner.judge.layout import Guard, buffer_name, distance


class Layout(unittest.TestCase):
    def test_fenced_buffers_are_aligned_and_end_where_their_pages_do(self) -> None:
        sizes = {"0/a": 5, "0/b": 4096, "0/c": 4 * 1003, "candidate.tmp": 1}
        found = fence(sizes.items())
        for (name, place), (start, length) in zip(found.placements.items(), found.pages):
            self.assertEqual((place.offset % 256, place.bytes, start % mmap.PAGESIZE, length % mmap.PAGESIZE), (0, sizes[name], 0, 0))
            self.assertLess(start + length - place.offset - place.bytes, 256)
        self.assertEqual(found.placements["0/b"].offset + 4096, sum(found.pages[1]), "nothing between a whole page and its end")

    def test_pages_that_nobody_may_touch_lie_before_between_and_behind_all_fenced_buffers(self) -> None:
        found = fence([("0/a", 5), ("0/b", 4096)])
        edges = [0, *(edge for start, length in found.pages for edge in (start, start + length)), found.end]
        self.assertEqual([stop - start for start, stop in zip(edges[::2], edges[1::2])], [OUT_OF_REACH_BYTES] * 3)

    def test_guards_fill_all_of_the_pages_that_the_buffer_leaves(self) -> None:
        found = fence([("0/a", 5)])
        place, (start, length) = found.placements["0/a"], found.pages[0]
        self.assertEqual(
            found.guards(),
            [Guard("0/a", "before", start, place.offset - start), Guard("0/a", "after", place.offset + 5, start + length - place.offset - 5)],
        )

    def test_a_fault_is_told_of_the_nearest_buffer_and_one_far_from_all_of_none(self) -> None:
        found = fence([("0/a", 4096), ("0/b", 4096)])
        a, b = found.placements["0/a"], found.placements["0/b"]
        self.assertEqual(found.beside(a.offset + 4096), ("0/a", "after", 0))
        self.assertEqual(found.beside(b.offset - 9), ("0/b", "before", 8))
        self.assertIsNone(found.beside(b.offset + 4096 + OUT_OF_REACH_BYTES))

    def test_distances_count_from_the_nearest_edge(self) -> None:
        self.assertEqual(distance(Guard("a", "after", 0, 100), 0, 7), 0)
        self.assertEqual(distance(Guard("a", "before", 0, 100), 3, 99), 0)
        self.assertEqual(distance(Guard("a", "before", 0, 100), 3, 95), 4)

    def test_people_see_the_names_of_the_problem(self) -> None:
        self.assertEqual((buffer_name("3/a"), buffer_name("candidate.tmp")), ("a", "tmp"))


if __name__ == "__main__":
    unittest.main()
