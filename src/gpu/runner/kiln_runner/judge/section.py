"""What was timed: the runs of a section, and what they took. Pure.

What follows from the runs alone is known before they have ended: `Ran` reads it, once, while the device still works on them. What then needs the
times too is little, since the device waits for it.
"""
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple, Optional

from .sampling import NO_SLOT, SLOTS, Sample
from .schedule import TimedRun, group_size, inputs_of
from .statistics import SURE, USUAL, Interval, centre, median, shift

# Of a candidate's runs, those that a baseline run among them is compared with: two of each launch phase (gpu/timing.py).
RUNS_AROUND = 8


class ByInputs(NamedTuple):
    """Times of a side's runs: on inputs that it had not seen, on such as were drawn once more right before, and on such as were left in place."""

    new: list[float]
    redrawn: list[float]
    left: list[float]


# Places of a side's runs that count, by the same.
Kinds = tuple[list[int], list[int], list[int]]


class _Ran(NamedTuple):
    runs: list[TimedRun]
    before: int


class Ran(_Ran):
    """Runs in the order they are made, whatever they take. `before`: the seed of the inputs before the first. It does not change. Places are those in
    `runs`."""

    @cached_property
    def inputs(self) -> list[int]:
        return inputs_of(self.runs, self.before)

    @cached_property
    def kept(self) -> Optional[tuple[int, int]]:
        """Seed and replica of the outputs that were kept: the last to be took the place of others. A warm-up keeps none."""
        runs = zip(reversed(self.runs), reversed(self.inputs))
        return next(((seed, run.keep) for run, seed in runs if run.keep is not None), None)

    @cached_property
    def sampled(self) -> list[tuple[int, Sample]]:
        """The inputs' seed and the sample of each run that still has its slot: those of one seed follow each other, also where others came
        between them."""
        taken = [(seed, run.sample) for run, seed in zip(self.runs, self.inputs) if run.sample]
        if len(taken) > SLOTS:
            last = {sample.slot: number for number, (_, sample) in enumerate(taken) if sample.slot != NO_SLOT}
            taken = [taken[number] for number in sorted(last.values())]
        by_seed: dict[int, list[tuple[int, Sample]]] = {}
        for one in taken:
            by_seed.setdefault(one[0], []).append(one)
        return [one for of_seed in by_seed.values() for one in of_seed]

    @cached_property
    def counted(self) -> list[int]:
        return [place for place, run in enumerate(self.runs) if run.counts]

    @cached_property
    def by_side(self) -> dict[str, list[int]]:
        """Of each side that has some: the places of its runs that count."""
        places: dict[str, list[int]] = {}
        for place in self.counted:
            places.setdefault(self.runs[place].side, []).append(place)
        return places

    @cached_property
    def kinds(self) -> dict[str, Kinds]:
        found: dict[str, Kinds] = {side: ([], [], []) for side in {run.side for run in self.runs}}
        # Each side may have seen those in the warm-up.
        known = dict.fromkeys(found, self.before)
        for place, (run, seed) in enumerate(zip(self.runs, self.inputs)):
            side = run.side
            if run.counts:
                new, redrawn, left = found[side]
                (new if seed != known[side] else left if run.seed is None else redrawn).append(place)
            known[side] = seed
        return found

    @cached_property
    def sides(self) -> list[str]:
        """Those that have runs that count."""
        return sorted(self.by_side)

    def count(self, sides: Sequence[str]) -> int:
        """Of their runs, those that count."""
        return sum(len(self.by_side.get(side, ())) for side in sides)

    def read(self) -> None:
        """Now, and not when the times are there."""
        _ = self.sampled, self.kept, self.sides, self.kinds


class _Timed(NamedTuple):
    runs: list[TimedRun]
    times: list[float]
    before: int = 0
    gaps: Sequence[float] = ()


class Section(_Timed):
    """Timed runs in the order they were made, also those that do not count, and their nanoseconds of one execution. `before`: the seed of the
    inputs before the first; `gaps`: of each run as Case.gaps, or none at all. It does not change, so what is read from it is read once: the
    device waits meanwhile."""

    def with_runs(self, runs: Sequence[TimedRun]) -> Ran:
        """What was run once these were too."""
        return Ran([*self.runs, *runs], self.before)

    def followed_by(self, ran: Ran, times: Sequence[float], gaps: Sequence[float]) -> "Section":
        """`ran`: with_runs of what took `times`."""
        section = Section(ran.runs, [*self.times, *times], self.before, [*self.gaps, *gaps])
        section.ran = ran
        return section

    @cached_property
    def ran(self) -> Ran:
        return Ran(self.runs, self.before)

    @property
    def kept(self) -> Optional[tuple[int, int]]:
        return self.ran.kept

    @property
    def sampled(self) -> list[tuple[int, Sample]]:
        return self.ran.sampled

    @cached_property
    def _by_side(self) -> dict[str, list[float]]:
        return {side: self._times(places) for side, places in self.ran.by_side.items()}

    def _times(self, places: Sequence[int]) -> list[float]:
        times = self.times
        return [times[place] for place in places]

    @property
    def sides(self) -> list[str]:
        return self.ran.sides

    def of(self, side: str) -> list[float]:
        return self._by_side.get(side, [])

    def gaps_of(self, side: str) -> list[float]:
        """Of its runs that count, where the device's timer said something."""
        gaps = self.gaps
        # What is not a number does not equal itself.
        return [gap for gap in [gaps[place] for place in self.ran.by_side.get(side, ())] if gap == gap] if gaps else []

    def whole(self, side: str) -> list[float]:
        """Nanoseconds of all that is between two events."""
        return [time_ns * self.runs[place].replicas for time_ns, place in zip(self.of(side), self.ran.by_side.get(side, ()))]

    @cached_property
    def _slower_when_new(self) -> dict[str, list[Interval]]:
        return {}

    def slower_when_new(self, side: str) -> Optional[list[Interval]]:
        """How many times as long the side's runs on inputs take that it had not seen as its others, with intervals of USUAL and of SURE deviations;
        None where it has none of either."""
        if side not in self._slower_when_new:
            new, redrawn, left = self.by_inputs(side)
            self._slower_when_new[side] = shift(new, redrawn + left, [USUAL, SURE]) if new and redrawn + left else []
        return self._slower_when_new[side] or None

    @cached_property
    def _by_inputs(self) -> dict[str, ByInputs]:
        return {side: ByInputs(*(self._times(places) for places in kinds)) for side, kinds in self.ran.kinds.items()}

    def by_inputs(self, side: str) -> ByInputs:
        return self._by_inputs.get(side, ByInputs([], [], []))

    def group_ratios(self, numerator: str, denominator: str, sides: Sequence[str]) -> list[float]:
        """Of the two sides' medians in each group: what drifts over the section cancels within a group, and a run with an outlier drops out."""
        of_all, of_group = group_size(sides), group_size(sides) // len(sides)
        over, under = self.of(numerator), self.of(denominator)
        # Each side has as many runs in a group as any other.
        starts = range(0, len(self.ran.counted) // of_all * of_group, of_group)
        return [median(sorted(over[at : at + of_group])) / median(sorted(under[at : at + of_group])) for at in starts]

    def ratios(self, numerator: str, denominator: str, sides: Sequence[str]) -> Interval:
        return centre(self.group_ratios(numerator, denominator, sides))

    def control_ratios(self, control: str, side: str) -> Interval:
        """Of each run of `control` to those of `side` that were nearest to it: a clock that moves in the section moves both."""
        own, after = self.of(side), 0
        ratios: list[float] = []
        for place in self.ran.counted:
            if self.runs[place].side == side:
                after += 1
            elif self.runs[place].side == control:
                low = max(0, min(after - RUNS_AROUND // 2, len(own) - RUNS_AROUND))
                ratios.append(self.times[place] / median(sorted(own[low : low + RUNS_AROUND])))
        return centre(ratios)


