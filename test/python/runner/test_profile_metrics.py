"""Numbers of a profile: from Nsight Compute's raw page, and from the driver's facts about the compiled code."""
import unittest

from kiln_runner.profile.metrics import profile_of, read_page
from kiln_runner.profile.occupancy import Block, Multiprocessor, block_limits, limiter, occupancy

from .drive import REPOSITORY

PAGE = (REPOSITORY / "test/fixtures/profile/raw-page.csv").read_text()
H100 = Multiprocessor(threads=2048, registers=65536, shared=233472, shared_reserved=1024, blocks=32)
A100 = Multiprocessor(threads=2048, registers=65536, shared=167936, shared_reserved=1024, blocks=32)


class RawPage(unittest.TestCase):
    def test_every_launch_is_read_with_its_shares_its_limiter_and_its_longest_waits(self) -> None:
        first = profile_of(read_page(PAGE)[0])
        stalls = first.pop("stalls")
        self.assertEqual(first, {
            "registers": 40, "occupancyTheoretical": 0.75, "occupancyAchieved": 0.6890000000000001, "occupancyLimiter": "registers",
            "durationNs": 21504.0, "memoryPeakShare": 0.9127, "computePeakShare": 1.0, "l2HitRate": 0.33399999999999996,
            "bankConflictShare": 0.25,
        })
        self.assertEqual([stall["reason"] for stall in stalls], ["long scoreboard", "wait", "barrier", "short scoreboard", "math pipe throttle"])
        # Of all the time between two instructions, issuing included.
        self.assertAlmostEqual(stalls[0]["share"], 12.5 / 20)

    def test_what_the_counters_could_not_tell_is_left_open(self) -> None:
        second = profile_of(read_page(PAGE)[1])
        self.assertEqual((second["l2HitRate"], second["stalls"], second["bankConflictShare"]), (None, [], 0.0))
        self.assertEqual(second["occupancyLimiter"], "shared memory")

    def test_times_are_read_in_whatever_unit_they_come(self) -> None:
        for unit, expected in (("us", 21504e3), ("usecond", 21504e3), ("msecond", 21504e6), ("second", 21504e9), ("cycle", None)):
            rows = read_page(PAGE.replace('"ns"', f'"{unit}"'))
            self.assertEqual(profile_of(rows[0])["durationNs"], expected, unit)

    def test_a_page_of_other_metrics_or_of_none_gives_no_numbers(self) -> None:
        self.assertEqual(read_page(""), [])
        self.assertEqual(read_page("==ERROR== something\n"), [])
        self.assertEqual(read_page('"ID","Kernel Name"\n"",""\n'), [])
        sparse = profile_of(read_page('"ID","Kernel Name","other"\n"","","%"\n"0","k","5"\n')[0])
        self.assertEqual(set(map(str, sparse.values())), {"None", "[]"})


class Occupancy(unittest.TestCase):
    def test_the_scarcest_resource_limits_and_warps_alone_is_no_want(self) -> None:
        cases = (
            (H100, Block(256, 32, 0), 8, 1.0, "warps"),
            (H100, Block(256, 64, 0), 4, 0.5, "registers"),
            (H100, Block(256, 168, 0), 1, 0.125, "registers"),
            (H100, Block(128, 32, 100 * 1024), 2, 0.125, "shared memory"),
            (A100, Block(128, 32, 100 * 1024), 1, 0.0625, "shared memory"),
            (H100, Block(32, 32, 0), 32, 0.5, "block size"),
            (H100, Block(33, 32, 0), 32, 1.0, "warps"),
        )
        for device, block, blocks, share, name in cases:
            with self.subTest(block=block):
                self.assertEqual(min(block_limits(device, block).values()), blocks)
                self.assertEqual(occupancy(device, block, blocks), share)
                self.assertEqual(limiter(device, block), name)


if __name__ == "__main__":
    unittest.main()
