"""Stamps of events that somebody changed: the device's own timer tells, on played clocks; and what the GPU's timer reads, on a played device."""
import ctypes
import math
import random
import sys
import unittest
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Callable, Optional

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner")]
import played_kernels as kernels  # noqa: E402
from played_kernels import Played, play  # noqa: E402

from kiln_runner.judge.clocks import stamps_are_doubtful  # noqa: E402
from kiln_runner.judge.gpu.driver import CC_MAJOR, CC_MINOR, MULTIPROCESSORS  # noqa: E402
from kiln_runner.judge.gpu.timing import LAUNCHES_WITHOUT_DELAY, RUNS_AHEAD_BESIDE, RUNS_AHEAD_MAX, Timer  # noqa: E402
from kiln_runner.judge.sampling import Sample  # noqa: E402
from kiln_runner.judge.schedule import TimedRun  # noqa: E402
from kiln_runner.judge.section import Section  # noqa: E402

TRIALS = 40
FLUSH_NS, TURN_NS, DRAW_NS, COPY_NS, LAUNCHING_NS = 20_000, 9_000, 15_000, 30_000, 1_000
RUN_NS = {"candidate": 80_000, "baseline": 120_000}


class Forged(unittest.TestCase):
    def trials(self, count: int = TRIALS, **how: object) -> list[Played]:
        return [play(kernels.honest, seed, **how) for seed in range(count)]

    def test_whoever_makes_its_own_stamps_closer_takes_no_record(self) -> None:
        # Few controls say less; a screening takes no record anyway.
        for how, least in (({}, 0.08), ({"cached": True}, 0.12), ({"confirms": True}, 0.08)):
            for share in (least, 0.3):
                played = self.trials(forges={"candidate": share}, **how)
                self.assertGreater(min(one.bought for one in played), 1 + share / 2, "it is faster by its events")
                self.assertFalse(any(one.measured.is_steady for one in played), (how, share))

    def test_whoever_makes_the_baselines_stamps_farther_takes_none_either(self) -> None:
        for how in ({}, {"confirms": True}):
            self.assertFalse(any(one.measured.is_steady for one in self.trials(forges={"baseline": -0.08}, **how)), how)

    def test_what_it_can_gain_unseen_is_a_few_microseconds(self) -> None:
        for share in (0.01, 0.02, 0.03, 0.04, 0.05):
            unseen = [one.bought for one in self.trials(forges={"candidate": share}) if one.measured.is_steady]
            self.assertLess(max(unseen, default=1), 1.055, share)

    def test_honest_sections_are_not_suspected_though_the_timer_goes_on_once_a_microsecond(self) -> None:
        for how in ({}, {"cached": True}, {"confirms": True}, {"batch": 8}):
            self.assertFalse(any(stamps_are_doubtful(one.measured.section, "candidate") for one in self.trials(200, **how)), how)

    def test_nothing_is_said_without_the_timer(self) -> None:
        runs = [TimedRun(side, 1, None, None) for _ in range(20) for side in RUN_NS]
        self.assertFalse(stamps_are_doubtful(Section(runs, [1e5] * 40), "candidate"))
        self.assertFalse(stamps_are_doubtful(Section(runs, [1e5] * 40, 0, [math.nan] * 40), "candidate"))
        forged = [9e3 if run.side == "candidate" else 3e3 for run in runs]
        self.assertTrue(stamps_are_doubtful(Section(runs, [1e5] * 40, 0, forged), "candidate"))


class PlayedGpu:
    """Kernels one after another, LAUNCHING_NS between them, and memory that holds what they say."""

    def __init__(self) -> None:
        self.now, self.memory, self._next = 1_000_000, {}, 1 << 20
        self.kernels: list[str] = []
        self._buffers: list[object] = []

    # --- the driver
    def attribute(self, which: int) -> int:
        return {CC_MAJOR: 9, CC_MINOR: 0, MULTIPROCESSORS: 132}[which]

    def reset_persisting_l2(self) -> None:
        self.kernels.append("reset")

    def event(self) -> dict[str, int]:
        return {}

    def record(self, event: dict[str, int]) -> None:
        event["at"] = self.now

    def wait(self, event: dict[str, int]) -> None:
        assert "at" in event, "nobody would wait for it"

    def elapsed_ns(self, start: dict[str, int], end: dict[str, int]) -> float:
        return float(end["at"] - start["at"])

    def fill(self, to: int, pattern: int, size: int) -> int:
        for at in range(to, to + size, 8):
            self.memory[at] = pattern
        return 1

    def host_buffer(self, size: int) -> int:
        self._buffers.append(ctypes.create_string_buffer(size))
        return ctypes.addressof(self._buffers[-1])

    def fetch(self, to: int, source: int, size: int) -> None:
        for at in range(0, size, 8):
            ctypes.c_uint64.from_address(to + at).value = self.memory[source + at]

    def allocate(self, size: int) -> int:
        start, self._next = self._next, self._next + size
        return start

    # --- kernels
    def run(self, name: str, spent_ns: int, starts: int = 0, ends: int = 0) -> None:
        self.kernels.append(name)
        self.now += LAUNCHING_NS
        if starts:
            self.memory[starts] = self.now
        self.now += spent_ns
        if ends:
            self.memory[ends] = max(self.memory[ends], self.now)

    def delay(self) -> object:
        return lambda ns, stamp=0: self.run("delay", ns, ends=stamp)

    def flush(self, _pointer: int, _multiprocessors: int) -> object:
        return lambda _size, stamp: self.run("flush", FLUSH_NS, ends=stamp)


class PlayedSamples:
    poisoned_bytes = 0

    def __init__(self, gpu: PlayedGpu) -> None:
        self._gpu = gpu

    def use(self) -> None:
        """The table is where it was."""

    def turn(self, _taken: Optional[Sample], _following: int, stamp: int = 0) -> int:
        self._gpu.run("turn", TURN_NS, starts=stamp)
        return 1


class PlayedCase:
    def __init__(self, gpu: PlayedGpu, changes_in_draws: bool = False) -> None:
        self._gpu, self.changes_in_draws, self.samples = gpu, changes_in_draws, PlayedSamples(gpu)
        self.waits_in_draws = False

    def draw(self, _seed: int, stamp: int = 0) -> int:
        self._gpu.run("draw", DRAW_NS, starts=stamp)
        return 1

    def restore(self) -> int:
        return self.draw(0) if self.changes_in_draws else 0

    def launch(self, runnable: "PlayedRunnable", _replica: int) -> None:
        for _ in runnable.launches[0]:
            self._gpu.run("work", runnable.time_ns)

    def snapshot(self, _replica: int, _look: int) -> None:
        self._gpu.now += COPY_NS


class PlayedRunnable:
    """`fill`: what filling its symbols does; None where it has none. `beside`: of one that runs in another process."""

    def __init__(self, time_ns: int, launches: int = 1, fill: Optional[Callable[[], None]] = None, beside: Optional["PlayedProcess"] = None) -> None:
        self.time_ns, self.launches, self.fills, self.beside = time_ns, [[None] * launches], [fill] if fill else [], beside

    def fill(self, replica: int) -> None:
        self.fills[replica]()


class PlayedProcess:
    """Copies in front of a run and behind it, and OWN_NS of it that are not the program's."""

    def __init__(self, run: Callable[[str, int], None]) -> None:
        self._run, self.waited = run, 0

    def before(self, is_timed: bool) -> int:
        assert is_timed
        self._run("in", COPY_NS)
        return 1

    def behind(self, end: dict[str, int]) -> None:
        assert "at" in end
        self._run("out", COPY_NS)

    def wait_for(self, end: dict[str, int]) -> None:
        self.waited += "at" in end

    def corrected(self, whole_ns: float) -> float:
        return whole_ns - OWN_NS


OWN_NS = 300.0


class ReadFromTheDevice(unittest.TestCase):
    def timed(self, runs: Sequence[TimedRun], runnables: Mapping[str, PlayedRunnable], inout: bool = False) -> Timer:
        gpu = PlayedGpu()
        self.gpu, timer = gpu, Timer(gpu, gpu, gpu, 50 << 20)
        self.times = timer.run(PlayedCase(gpu, inout), runs, runnables, random.Random(1))
        return timer

    def test_what_the_timer_has_beyond_the_events_is_launching_alone(self) -> None:
        """Behind a draw as elsewhere, with one launch or more than the queue holds, for every side, and more runs than are queued at once."""
        for inout in (False, True):
            for launches in (1, LAUNCHES_WITHOUT_DELAY + 1):
                runnables = {side: PlayedRunnable(ns, launches) for side, ns in RUN_NS.items()}
                runs = [TimedRun(side, 1, 7 if n % 5 == 3 else None, None) for n in range(RUNS_AHEAD_MAX) for side in RUN_NS]
                gaps = self.timed(runs, runnables, inout).gaps()
                self.assertEqual(gaps[:-1], [float(LAUNCHING_NS)] * (len(runs) - 1), (inout, launches))
                self.assertTrue(math.isnan(gaps[-1]), "for the last sample nobody waits")
                self.assertEqual(self.times[:2], [launches * (ns + LAUNCHING_NS) for ns in RUN_NS.values()])

    def test_behind_a_copy_nothing_is_said(self) -> None:
        runs = [TimedRun("candidate", 1, None, 0 if n == 3 else None, decoy=0 if n == 5 else None) for n in range(8)]
        gaps = self.timed(runs, {"candidate": PlayedRunnable(80_000)}).gaps()
        self.assertEqual([n for n, gap in enumerate(gaps) if math.isnan(gap)], [3, 5, 7])

    def test_stamps_of_an_earlier_call_do_not_count(self) -> None:
        gpu = PlayedGpu()
        timer, case, side = Timer(gpu, gpu, gpu, 50 << 20), PlayedCase(gpu), {"candidate": PlayedRunnable(80_000)}
        timer.run(case, [TimedRun("candidate", 1, None, None)] * 4, side, random.Random(1))
        timer.run(case, [TimedRun("candidate", 1, None, 0)] * 4, side, random.Random(1))
        self.assertTrue(all(map(math.isnan, timer.gaps())))

    def test_a_run_launches_no_more_kernels_for_it_and_lines_that_were_to_stay_are_reset_before_a_chunk(self) -> None:
        """Three: sample and poison, flush, the work."""
        self.timed([TimedRun("candidate", 1, None, None)] * 10, {"candidate": PlayedRunnable(80_000)})
        self.assertEqual(self.gpu.kernels, ["reset", *["turn", "flush", "work"] * 10, "turn"])

    def test_what_a_run_left_is_taken_before_a_draw_that_waits_for_the_device(self) -> None:
        gpu = PlayedGpu()
        timer, case = Timer(gpu, gpu, gpu, 50 << 20), PlayedCase(gpu)
        case.waits_in_draws = True
        timer.run(case, [TimedRun("candidate", 1, seed, None) for seed in (None, 7)], {"candidate": PlayedRunnable(80_000)}, random.Random(1))
        kernels = [name for name in gpu.kernels if name != "delay"]
        self.assertEqual(kernels, ["reset", "turn", "flush", "work", "turn", "draw", "flush", "work", "turn"])
        self.assertEqual(timer.gaps()[0], float(LAUNCHING_NS), "a gap behind it is told from a wait")

    def test_symbols_are_filled_behind_the_draw_before_the_flush_and_outside_of_what_is_timed(self) -> None:
        """A copy that counts as a launch, four times, is none modulo the phases."""
        runnables = {"candidate": PlayedRunnable(80_000, fill=lambda: self.gpu.run("fill", COPY_NS)), "baseline": PlayedRunnable(80_000)}
        self.timed([TimedRun(side, 1, seed, None) for seed in (7, None) for side in runnables], runnables)
        filled = ["fill"] * 4
        expected = ["draw", "turn", *filled, "flush", "work", "draw", "turn", "flush", "work", "turn", *filled, "flush", "work"]
        self.assertEqual([name for name in self.gpu.kernels if name != "delay"], ["reset", *expected, "turn", "flush", "work", "turn"])
        self.assertEqual(self.times, [80_000.0 + LAUNCHING_NS] * 4)

    def test_what_goes_on_beside_a_run_is_outside_of_what_is_timed_and_only_its_own_time_is_taken_off(self) -> None:
        process = PlayedProcess(lambda name, ns: self.gpu.run(name, ns))
        runnables = {"candidate": PlayedRunnable(80_000, beside=process), "baseline": PlayedRunnable(80_000)}
        gaps = self.timed([TimedRun(side, 1, 7, None) for _ in range(2 * RUNS_AHEAD_BESIDE) for side in runnables], runnables).gaps()
        kernels = [name for name in self.gpu.kernels if name != "delay"]
        self.assertEqual(kernels[1:11], ["draw", "turn", "in", "flush", "work", "out", "draw", "turn", "flush", "work"])
        self.assertEqual(self.times[:2], [80_000.0 + LAUNCHING_NS - OWN_NS, 80_000.0 + LAUNCHING_NS])
        self.assertEqual(process.waited, 2 * RUNS_AHEAD_BESIDE, "the driver's own wait would not end where it hangs")
        self.assertTrue(all(map(math.isnan, gaps[::2])), "behind it no kernel says when it ended")
        self.assertEqual(gaps[1], float(LAUNCHING_NS), "stamps go by what the events say, not by what is taken off")


if __name__ == "__main__":
    unittest.main()
