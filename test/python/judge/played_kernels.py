"""Kernels that cheat, played against the judge's own schedule, sampling and statistics, without a device.

A strategy is a function of what a kernel on the device can know: which of its launches this is, whether its inputs differ from those of its
last launch, whether its outputs hold the right values already (it would have to read them all), and what it remembers. It answers with what the
run takes, in shares of the honest time, and with whether the outputs are right after it.
"""
import random
from collections.abc import Mapping, Sequence
from typing import Any, Callable, NamedTuple, Optional

from kiln_runner.judge.device import nothing
from kiln_runner.judge.hard_inputs import Deck
from kiln_runner.judge.measured import Measured, paired, screened
from kiln_runner.judge.measuring import Conditions, Control, HowTimed, Warmth, time_sides
from kiln_runner.judge.sampling import DRAWN_SCREENING, draw_proofs, draws_to_confirm
from kiln_runner.judge.schedule import TimedRun
from kiln_runner.judge.section import Section
from kiln_runner.judge.tensors import input_set_of

HONEST_NS = 100_000.0
SCREENING: dict[str, Any] = {"method": "cached", "warmupRuns": 5, "runsMin": 20, "runsMax": 100, "targetRelativeCi": 0.002, "caseBudgetMs": 1e9}
CONFIRMING: dict[str, Any] = {**SCREENING, "runsMin": 40, "runsMax": 200, "inputs": "fresh"}


NOTHING_FORGED: Mapping[str, float] = {}


class Launch(NamedTuple):
    """What the kernel can know. `number`: of its launches in this case, warm-up included."""

    number: int
    is_new: bool
    is_right: bool
    replica: int
    # Its inputs are not plain, as it can see.
    is_hard: bool = False


class Answer(NamedTuple):
    time: float = 1.0
    writes: bool = True


# Of a launch, of what the kernel remembers, and of chance.
Strategy = Callable[[Launch, dict, random.Random], Answer]


def alike(_seed: int) -> float:
    return 1.0


class PlayedCase:
    """The candidate, and a baseline as fast as an honest one. `noise`: of a run, as a share. `work`: what a run of any side takes on the inputs of a
    seed, in shares of the honest time."""

    name, draw_bias = "played", 0.002

    def __init__(
        self,
        strategy: Strategy,
        rng: random.Random,
        batch: int = 1,
        noise: float = 0.003,
        spoils: float = 1.0,
        forges: Mapping[str, float] = NOTHING_FORGED,
        work: Callable[[int], float] = alike,
    ) -> None:
        self._work = work
        self.batch, self._strategy, self._rng, self._noise = batch, strategy, rng, noise
        self.seed, self._seen, self._launches, self.memory = 0, None, 0, {}
        # How long the baseline takes where the candidate ran since the inputs were drawn.
        self._spoils, self._spoilt = spoils, False
        self._right = [False] * batch
        # Of each of the candidate's runs by slot: whether every replica's outputs were right; of the kept and the last one: of one replica's.
        self.sampled: dict[int, list[bool]] = {}
        self.kept: Optional[bool] = None
        # Of a side's runs: the share of the honest time by which stamps that somebody changed are too near to each other.
        self._forges = forges
        self._gaps: list[float] = []

    def run_timed(
        self, runs: Sequence[TimedRun], _runnables: Mapping[str, object], _rng: random.Random, meanwhile: Callable[[], None] = nothing
    ) -> list[float]:
        meanwhile()
        times = [self._run(run) for run in runs]
        return [time_ns - self._forge(run) for time_ns, run in zip(times, runs)]

    def _forge(self, run: TimedRun) -> float:
        """What the stamps of the run's events leave out, and the device's timer does not."""
        forged = self._forges.get(run.side, 0.0) * HONEST_NS
        # The timer of some cards goes on once a microsecond; launching takes some, more or less by its phase.
        self._gaps.append(round((forged + self._rng.choice([3000, 3300, 3600, 4100])) / 1000 + self._rng.uniform(-0.5, 0.5)) * 1000.0)
        return forged

    def gaps(self) -> list[float]:
        return self._gaps

    def _run(self, run: TimedRun) -> float:
        if run.seed is not None:
            self.seed, self._spoilt = run.seed, False
        # Poisoned, or right for other inputs.
        self._right = [False] * self.batch
        noise = self._work(self.seed) * (1 + self._rng.gauss(0, self._noise))
        if run.side != "candidate":
            return HONEST_NS * noise * (self._spoils if self._spoilt else 1)
        time_ns = sum(self._execute(replica) for replica in range(run.replicas)) / run.replicas
        self._spoilt = True
        if run.sample:
            self.sampled[run.sample.slot] = list(self._right)
        if run.keep is not None:
            self.kept = self._right[run.keep]
        return time_ns * noise

    def _execute(self, replica: int) -> float:
        launch = Launch(self._launches, self.seed != self._seen, False, replica, input_set_of(self.seed) > 0)
        answer = self._strategy(launch, self.memory, self._rng)
        self._launches += 1
        if replica == self.batch - 1:
            self._seen = self.seed
        self._right[replica] = answer.writes
        return HONEST_NS * answer.time

    def last_is_right(self) -> bool:
        return self._right[self._rng.randrange(self.batch)]


class Played(NamedTuple):
    """`wrong_share`: of the runs that count, those with an output that is wrong."""

    found: bool
    wrong_share: float
    measured: Measured

    @property
    def bought(self) -> float:
        """How much more than the honest speed-up of 1 is ranked."""
        return self.measured.speedup.middle

    @property
    def explained(self) -> bool:
        """Whether the interval that is shown reaches down to the honest speed-up."""
        return self.measured.speedup.low <= 1.0


class How(NamedTuple):
    """`hard`: how many sets of hard inputs the case has; `forges`: side -> share (PlayedCase)."""

    confirms: bool = False
    cached: bool = False
    batch: int = 1
    spoils: float = 1.0
    hard: int = 0
    forges: Mapping[str, float] = NOTHING_FORGED


def play(strategy: Strategy, seed: int, **how: object) -> Played:
    """One case of one judgement, as judgement.py makes it; `how`: fields of How."""
    confirms, cached, batch, spoils, hard, forges = How(**how)
    rng = random.Random(seed)
    case = PlayedCase(strategy, random.Random(rng.random()), batch, spoils=spoils, forges=forges)
    rules = CONFIRMING if confirms else SCREENING
    case.run_timed([TimedRun("candidate", batch, None, None)] * rules["warmupRuns"], {}, rng)
    conditions = Conditions(rules, Warmth(HONEST_NS, 0.3), rng, Deck(hard, rng))
    looked: list[bool] = []

    def look(section: Section) -> None:
        sampled = section.sampled
        proofs = draw_proofs(sampled, batch, draws_to_confirm(len(sampled), batch) if confirms else DRAWN_SCREENING, rng)
        wrong = any(not case.sampled[sample.slot][proof.replica] for proof in proofs for sample in proof.samples)
        looked.append(wrong or not case.kept or not case.last_is_right())

    measured = _measure(case, conditions, confirms, cached, look)
    counted = [case.sampled[run.sample.slot] for run in measured.section.runs if run.sample and run.counts]
    share = sum(not all(right) for right in counted) / len(counted)
    look(measured.section)
    return Played(any(looked), share, measured)


def _measure(case: PlayedCase, conditions: Conditions, is_strict: bool, is_cached: bool, look: Callable[[Section], None]) -> Measured:
    """`look`: at the outputs of a section that is timed again."""
    sides = ["candidate", "baseline"]
    runnables = {side: side for side in sides}
    if is_cached:
        section = time_sides(case, runnables, conditions, HowTimed(control=Control("baseline", HONEST_NS)))
        known = {"medianNs": HONEST_NS, "ciLowNs": HONEST_NS * 0.9995, "ciHighNs": HONEST_NS * 1.0005}
        measured = screened(case, section, known)
        if not measured.is_doubtful:
            return measured
        look(section)
        is_strict = True
    measured = paired(case, time_sides(case, runnables, conditions, HowTimed(is_strict)), sides, is_strict)
    if is_strict or not measured.is_doubtful:
        return measured
    look(measured.section)
    return paired(case, time_sides(case, runnables, conditions, HowTimed(strict=True)), sides, True)


# --- strategies


def honest(launch: Launch, memory: dict, rng: random.Random) -> Answer:
    return Answer()


def late_skip(launch: Launch, memory: dict, rng: random.Random) -> Answer:
    """Honest in the first chunk and at what used to be the ends of the others."""
    section_run = launch.number - 5
    if section_run <= 20 or any(end - 1 <= section_run <= end + 6 for end in range(32, 93, 12)):
        return Answer()
    return Answer(0.6, False)


def late_skip_at_once(launch: Launch, memory: dict, rng: random.Random) -> Answer:
    answer = late_skip(launch, memory, rng)
    return answer if answer.writes else Answer(0.04, False)


def coin_flip_bursts(launch: Launch, memory: dict, rng: random.Random) -> Answer:
    if launch.number % 8 == 0:
        memory["burst"] = rng.random() < 0.4
    return Answer(0.55, False) if memory.get("burst") else Answer()


def fresh_in_the_second_chunk(launch: Launch, memory: dict, rng: random.Random) -> Answer:
    """Skips in a few runs of the second chunk, so that runs on new inputs look fast, and remembers in all others."""
    if launch.is_new and launch.number > 25 and memory.setdefault("skipped", 0) < 2:
        memory["skipped"] += 1
        return Answer(0.7, False)
    return Answer() if launch.is_new else Answer(0.7)


def every_third(launch: Launch, memory: dict, rng: random.Random) -> Answer:
    return Answer(0.6, False) if launch.number % 6 >= 4 else Answer()


def one_in_five_by_chance(launch: Launch, memory: dict, rng: random.Random) -> Answer:
    return Answer(0.05, False) if rng.random() < 0.2 else Answer()


def one_in_ten_by_count(launch: Launch, memory: dict, rng: random.Random) -> Answer:
    return Answer(0.05, False) if launch.number % 10 == 7 else Answer()


def only_late(launch: Launch, memory: dict, rng: random.Random) -> Answer:
    return Answer(0.3, False) if launch.number > 30 else Answer()


def after_enough_right_ones(launch: Launch, memory: dict, rng: random.Random) -> Answer:
    """Honest until it has seen inputs change some times, as a section would have done by then."""
    memory["changes"] = memory.get("changes", 0) + launch.is_new
    return Answer(0.3, False) if memory["changes"] > 3 and not launch.is_new else Answer()


def learns_the_gaps(launch: Launch, memory: dict, rng: random.Random) -> Answer:
    """Takes the distance of the last two changes of inputs for the next, and skips in the middle of it."""
    if launch.is_new:
        memory["gap"], memory["at"] = launch.number - memory.get("at", 0), launch.number
    middle = memory.get("at", 0) + memory.get("gap", 0) // 2
    return Answer(0.3, False) if launch.number == middle and memory.get("gap", 0) > 2 else Answer()


def skips_one_replica(launch: Launch, memory: dict, rng: random.Random) -> Answer:
    return Answer(0.05, False) if launch.replica == 5 else Answer()


def skips_a_random_replica(launch: Launch, memory: dict, rng: random.Random) -> Answer:
    if launch.replica == 0:
        memory["victim"] = rng.randrange(8)
    return Answer(0.05, False) if launch.replica == memory["victim"] else Answer()


def remembers(launch: Launch, memory: dict, rng: random.Random) -> Answer:
    return Answer() if launch.is_new else Answer(0.3)


def remembers_a_little(share: float) -> Strategy:
    """As unpoisoned outputs would let it: right, and faster by a share on inputs that it has seen."""
    return lambda launch, memory, rng: Answer() if launch.is_new else Answer(1 - share)


def remembers_and_hides(launch: Launch, memory: dict, rng: random.Random) -> Answer:
    """Skips where inputs are new, for these to look as fast as the others."""
    return Answer(0.3, False) if launch.is_new else Answer(0.3)


def remembers_with_a_slow_one(launch: Launch, memory: dict, rng: random.Random) -> Answer:
    """Slow in some runs on inputs that it has seen: the slowest of these is as slow as the fastest on new ones."""
    return Answer() if launch.is_new or rng.random() < 0.1 else Answer(0.8)


def remembers_now_and_then(launch: Launch, memory: dict, rng: random.Random) -> Answer:
    """In four of ten: moves a mean, not a median."""
    return Answer(0.5) if not launch.is_new and rng.random() < 0.4 else Answer()


def fast_groups(launch: Launch, memory: dict, rng: random.Random) -> Answer:
    """Works in every run, and takes next to nothing in a minority of groups: whatever makes it so, the score must not follow."""
    if launch.number % 4 == 0:
        memory["fast"] = rng.random() < 0.35
    return Answer(0.08) if memory.get("fast") else Answer()
