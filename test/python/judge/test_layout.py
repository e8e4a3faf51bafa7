import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner"))
from kiln_runner.judge.layout import GUARD_BYTES, Guard, buffer_name, distance, guards_of, place  # noqa: E402


class Layout(unittest.TestCase):
    def test_buffers_are_aligned_and_every_one_has_its_own_guards_that_overlap_nothing(self) -> None:
        placed, end = place([("0/a", 5), ("0/b", 4096), ("candidate.tmp", 1)], 128, GUARD_BYTES)
        spans = [(p.offset, p.offset + p.bytes) for p in placed.values()]
        spans += [(g.offset, g.offset + g.bytes) for g in guards_of(placed)]
        self.assertTrue(all(p.offset % 256 == 0 for p in placed.values()))
        self.assertTrue(all(stop <= start for (_, stop), (start, _) in zip(sorted(spans), sorted(spans)[1:])))
        self.assertGreaterEqual(min(spans)[0], 128)
        self.assertLessEqual(max(stop for _, stop in spans), end)

    def test_the_guard_behind_a_buffer_starts_at_the_very_next_byte(self) -> None:
        placed, _ = place([("0/a", 5)], 0, GUARD_BYTES)
        after = next(g for g in guards_of(placed) if g.side == "after")
        self.assertEqual(after.offset, placed["0/a"].offset + 5)

    def test_distances_count_from_the_nearest_edge(self) -> None:
        self.assertEqual(distance(Guard("a", "after", 0, 100), 0, 7), 0)
        self.assertEqual(distance(Guard("a", "before", 0, 100), 3, 99), 0)
        self.assertEqual(distance(Guard("a", "before", 0, 100), 3, 95), 4)

    def test_people_see_the_names_of_the_problem(self) -> None:
        self.assertEqual((buffer_name("3/a"), buffer_name("candidate.tmp")), ("a", "tmp"))


if __name__ == "__main__":
    unittest.main()
