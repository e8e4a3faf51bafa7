"""One candidate, from its artifact to its outcome: load, check every case, then time every bench case.

Whoever breaks off does it by raising: CandidateFailure for a verdict, InfraFailure for everything that is not the candidate's.
"""
import random
import time
from typing import Callable, Optional

from kiln_runner.protocol import DefinedCase, Hidden, JudgeTask, Telemetry
from kiln_runner.protocol_outcomes import CaseTiming, Passed, TimingStatistics

from .answering import begin_answering, null_of, settle, settle_after, with_answers
from .beforehand import CONTROL, Beforehand, Sources
from .bench import Bench
from .checking import Terms, check_prepared
from .contenders import Contenders
from .device import KEPT, LAST, Case, nothing
from .failures import CandidateFailure, DeviceFault, InfraFailure, LaunchRejected
from .hard_inputs import Deck
from .hidden import check_hidden, refuse_plan
from .left_behind import LeftBehind
from .measured import Measured, paired, screened
from .measuring import NS_PER_MS, Conditions, Control, HowTimed, alone, time_sides, warm_up, witness
from .outcomes import crashed, passed, plan_error
from .problems import Problem
from .racing import entered
from .recorded import shares_of, with_shares
from .schedule import BATCH_BELOW_NS, PAIRED_BELOW_NS, batch_for, batch_holds
from .screening import bears_out
from .section import Ran, Section
from .steadiness import lives_on_memory
from .trusting import trust


class Judgement:
    def __init__(self, bench: Bench, problem: Problem, task: JudgeTask) -> None:
        self._bench, self._problem, self._task = bench, problem, task
        self._terms = Terms(problem.definition["tolerance"], bench.rng)
        self._sides = Contenders(bench, problem, task)
        self._hidden: Optional[Hidden] = task.get("hidden")
        # Seeded by the system's generator, and as unpredictable for a kernel, but a hundred times as fast: the device waits for what is drawn.
        self._rng = random.Random(bench.rng.getrandbits(256))
        self._decks = {spec["name"]: Deck(len(spec.get("hard", [])), self._rng) for spec in problem.definition["cases"]}
        # Still to be timed.
        self._timed = [spec for spec in problem.definition["cases"] if spec["kind"] == "bench"]
        self._race = entered(task, problem.facts, [spec["name"] for spec in self._timed])
        # Every run has fresh inputs.
        self._is_strict = task["timing"].get("inputs") == "fresh"
        self._left = LeftBehind(self._terms, self._rng, confirms=self._is_strict or bool(task["record"]))
        self._beforehand = Beforehand(Sources(bench.rng, self._rng, self._decks), task["timing"])
        # Of each case the baseline's time beside nobody, where a program answers.
        self._alone: dict[str, float] = {}
        self.telemetry: Optional[Telemetry] = None
        self.case, self._read_only = "", b""

    def run(self) -> Passed:
        """The outcome `passed`; anything else is raised."""
        specs = self._problem.definition["cases"]
        try:
            self._load()
            self._read_only = self._sides.constants()
            self._check(specs)
            timings = self._time_all()
        except LaunchRejected as error:
            outcome = plan_error(error.field, f"{error} (case {self.case})" if self.case else str(error))
            raise CandidateFailure(outcome, lost=not self._settle()) from error
        except DeviceFault as error:
            raise CandidateFailure(crashed(self.case, str(error)), lost=error.lost) from error
        except CandidateFailure as failure:
            failure.lost = not self._settle() or failure.lost
            raise
        except InfraFailure as failure:
            failure.lost = not settle_after(failure, self._sides.programs.values(), self.case) or failure.lost
            raise
        return passed(timings, len(specs) + (self._hidden is not None), self._race and self._race.stopped)

    def _settle(self) -> bool:
        """What is queued may wait for a process that will never answer. False where the stream does not come free."""
        return settle(self._sides.programs.values())

    @property
    def leftover(self) -> Optional[str]:
        """Why this process judges nobody else, or None."""
        return self._bench.device.leftover(self._sides.programs.values())

    def close(self) -> None:
        self._sides.close()

    # --- load

    def _load(self) -> None:
        if self._hidden:
            refuse_plan(self._hidden)
        self._bench.report("load", "")
        with self._bench.watch.span("loadMs"):
            self._sides.load()
            if begin_answering(self._sides.programs.values(), self._bench, self._task, self._time_alone):
                # What one call takes, the first above all, says nothing of others: nobody can be stopped by it.
                self._race = None

    def _time_alone(self) -> None:
        for spec in self._timed:
            case = self._sides.open(spec, 1)
            trust(self._problem, case, spec, self._terms)
            self._beforehand.prepare(case, is_check=False)
            self._alone[spec["name"]] = alone(case, self._sides.runnable("baseline", case, spec), self._rng)

    def _bind_candidate(self, specs: list[DefinedCase]) -> None:
        """To all cases before it runs in any: a plan that cannot be is told first."""
        with self._bench.watch.span("loadMs"):
            for spec in specs:
                self.case = spec["name"]
                self._sides.runnable("candidate", self._sides.open(spec, 1), spec)

    def _find_unchanged(self) -> None:
        self._sides.refuse_change(self._read_only, self.case)

    # --- check

    def _check(self, specs: list[DefinedCase]) -> None:
        with self._bench.lock.shared(self._bench.watch), self._bench.watch.span("checkMs"):
            # The device has its first work while launches are made ready.
            self._prepare_ahead(specs[0], is_check=True)
            self._bind_candidate(specs)
            for spec, following in zip(specs, [*specs[1:], None]):
                self.case = spec["name"]
                self._bench.report("check", spec["name"])
                case = self._sides.open(spec, 1)
                reference = self._sides.runnable("reference", case, spec)
                trust(self._problem, case, spec, self._terms)
                self._beforehand.prepare(case, is_check=True)
                check_prepared(case, self._sides.runnable("candidate", case, spec), reference, self._terms, self._preparing(following))
                if self._race and spec["kind"] == "bench":
                    self._race.saw_check(spec["name"], case.executed_ns(), case.cold_factor)
            if self._hidden and self._hidden["kind"] == "case":
                self.case = self._hidden["case"]["name"]
                self._bench.report("check", self.case)
                check_hidden(self._bench.device, self._problem, self._sides.candidate, self._hidden, self._terms)
            self._find_unchanged()

    # --- race

    @property
    def _is_stopped(self) -> bool:
        return self._race is not None and self._race.stopped is not None

    @property
    def _is_left(self) -> bool:
        """The case that is timed is not timed to the end, at least not now."""
        return self._race is not None and (self._race.stopped or self._race.left) is not None

    def _until_lost(self, spec: DefinedCase) -> Optional[Callable[[Section], bool]]:
        return self._race and self._race.until_lost(spec["name"], [other["name"] for other in self._timed])

    # --- time

    def _time_all(self) -> list[CaseTiming]:
        """In the problem's order, whatever came first."""
        race, timings, order = self._race, dict[str, CaseTiming](), [spec["name"] for spec in self._timed]
        if race:
            self._timed.sort(key=lambda spec: (-race.gain(spec["name"]), spec["name"]))
        while self._timed and not self._is_stopped:
            spec = self._timed.pop(0)
            timings[spec["name"]] = self._time(spec)
            if race and race.left:
                self._timed.append(spec)
        return [timings[name] if race is None or name in timings else race.timing(name) for name in order]

    def _time(self, spec: DefinedCase) -> CaseTiming:
        self.case = spec["name"]
        self._bench.report("measure", spec["name"])
        with self._bench.lock.exclusive(self._bench.watch), self._bench.watch.span("measureMs"):
            measured = self._measure(spec)
            shares = [] if self._is_left else shares_of(self._sides.candidate, spec["name"])
            if self._race and self._timed and not self._race.left:
                self._race.saw_case(spec["name"], measured)
        with self._bench.lock.shared(self._bench.watch), self._bench.watch.span("checkMs"):
            # Both take a fraction of a millisecond up to some: meanwhile the device checks.
            if len(self._timed) <= 1 and not self._is_left and self.telemetry is None:
                self.telemetry = self._bench.device.telemetry()
            if self._is_stopped or not (self._timed or self._is_left):
                self._load_next()
            self._evaluate(spec, measured.case)
            self._find_unchanged()
            measured.case.wipe([KEPT, LAST])
        if measured.teaches:
            self._problem.facts.remember_baseline(spec["name"], measured.case.batch, measured.baseline)
        return with_answers(with_shares(measured.timing(), shares), self._sides.candidate)

    def _look_at(self, spec: DefinedCase, case: Case, section: Section, following: Optional[DefinedCase] = None) -> None:
        """`following`: what is timed next, if this section stays as it is; the device prepares it behind what it looks at."""
        self._left.look_at(case, self._sides.runnable("reference", case, spec), section)
        if following is not None and not self._is_left:
            self._prepare_ahead(following, is_check=False)

    @property
    def _following(self) -> Optional[DefinedCase]:
        return self._timed[0] if self._timed else None

    def _drawing(self, case: Case) -> Callable[[Ran], None]:
        """What is done while the device works on the last runs of a chunk: it waits for what is left."""

        def draw(ran: Ran) -> None:
            self._left.draw(case, ran)
            if self._timed:
                self._plan_ahead(self._timed[0])
            else:
                self._bench.following.read()

        return draw

    def _evaluate(self, spec: DefinedCase, case: Case) -> None:
        self._left.evaluate(case, self._sides.runnable("reference", case, spec))

    def _evaluate_before_again(self, spec: DefinedCase, case: Case) -> None:
        """A section that looked as if work had been left out is timed again in a way in which none can be. What was written in it counts all the
        same: a candidate that is honest in the second section alone is wrong."""
        self._evaluate(spec, case)
        case.wipe([KEPT, LAST])
        self._prepared(spec, case.batch)

    def _load_next(self) -> None:
        """After the candidate's last run. What the checks did not last for is time that the device waited for loading."""
        start = time.monotonic_ns()
        self._bench.following.load()
        if not self._bench.device.is_busy():
            self._bench.watch.add("loadMs", time.monotonic_ns() - start)

    def _measure(self, spec: DefinedCase) -> Measured:
        (case, conditions, warm), race = self._get_ready(spec), self._race
        if race and race.stopped:
            return screened(case, warm, race.baseline(spec["name"]))
        measured, most = self._by_method(spec, case, conditions), self._sides.replicas_max(spec)
        counted_ns = measured.candidate["medianNs"]
        if self._is_left or batch_holds(case.batch, counted_ns, most):
            return measured
        # The warm-up said something else than the runs that count: once more, with what these say.
        self._evaluate_before_again(spec, measured.case)
        case = self._prepared(spec, batch_for(counted_ns, most))
        return self._by_method(spec, case, conditions._replace(warmth=conditions.warmth._replace(single_ns=counted_ns)))

    def _by_method(self, spec: DefinedCase, case: Case, conditions: Conditions) -> Measured:
        if self._is_paired:
            return self._in_pairs(spec, case, conditions, self._is_strict)
        known = self._problem.facts.recent_baseline(spec["name"], case.batch, conditions.rules["baselineAgeMsMax"])
        if known is None:
            return self._teaching(spec, case, conditions)
        if min(conditions.warmth.single_ns, known["medianNs"]) < PAIRED_BELOW_NS:
            return self._in_pairs(spec, case, conditions, False)
        screening, spent_ms = self._screen(spec, case, conditions, known)
        if screening:
            return screening
        self._evaluate_before_again(spec, case)
        return self._teaching(spec, case, conditions.after(spent_ms))

    def _screen(self, spec: DefinedCase, case: Case, conditions: Conditions, known: TimingStatistics) -> tuple[Optional[Measured], float]:
        """Against the remembered time, None where that does not hold; and how long the section took."""
        control = Control(CONTROL, known["medianNs"])
        has_controls = control.is_affordable(conditions)
        sides = self._sides.runnables(["candidate", "baseline"] if has_controls else ["candidate"], case, spec)
        start = time.monotonic_ns()
        how = HowTimed(control=control if has_controls else None, first=self._beforehand.take_first(), meanwhile=self._drawing(case))
        section = time_sides(case, sides, conditions, how)
        spent_ms = (time.monotonic_ns() - start) / NS_PER_MS
        self._look_at(spec, case, section, self._following)
        measured = screened(case, section, known)
        if self._is_left:
            return measured, spent_ms
        if lives_on_memory(section, "candidate", case.draw_bias) or measured.has_doubtful_stamps:
            self._evaluate_before_again(spec, case)
            return self._in_pairs(spec, case, conditions, True), spent_ms
        if has_controls:
            holds = bears_out(section.control_ratios("baseline", "candidate"), known, measured.candidate)
        else:
            holds = not control.is_missing(section, conditions, spent_ms)
        return (measured if holds and measured.candidate["medianNs"] >= PAIRED_BELOW_NS else None), spent_ms

    def _teaching(self, spec: DefinedCase, case: Case, conditions: Conditions) -> Measured:
        """In pairs, and the baseline's time is remembered, if nothing was suspicious about them. Of plans that are always timed in pairs it only
        says that there are such, for judges that make them ready."""
        measured = self._in_pairs(spec, case, conditions, False)
        return measured._replace(teaches=not measured.is_strict and not self._is_left)

    def _in_pairs(self, spec: DefinedCase, case: Case, conditions: Conditions, is_strict: bool) -> Measured:
        sides = self._pair_sides()
        planning = self._beforehand.planning(case, sides, is_strict=is_strict)
        conditions = conditions.beside(case, self._sides.runnables(sides[1:], case, spec), planning)
        measured = self._pair(spec, case, (sides, conditions, is_strict))
        if is_strict or self._is_left or not measured.is_doubtful:
            return measured
        self._evaluate_before_again(spec, case)
        return self._pair(spec, case, (sides, conditions._replace(until=None), True))

    def _pair(self, spec: DefinedCase, case: Case, how: tuple[list[str], Conditions, bool]) -> Measured:
        sides, conditions, is_strict = how
        first, meanwhile = self._beforehand.take_first(), self._drawing(case)
        how_timed = HowTimed(is_strict, first=first, meanwhile=meanwhile, null=null_of(self._sides.candidate))
        section = time_sides(case, self._sides.runnables(sides, case, spec), conditions, how_timed)
        self._look_at(spec, case, section, self._following)
        measured = paired(case, section, sides, is_strict)
        return measured.beside(self._alone[spec["name"]]) if self._alone else measured

    def _get_ready(self, spec: DefinedCase) -> tuple[Case, Conditions, Section]:
        """The case in place for as many executions between two events as the candidate's speed asks for."""
        case, rng = self._prepared(spec, 1), self._rng
        rules, deck = self._task["timing"], self._decks[spec["name"]]
        runs = self._race.warm_up_runs(rules["warmupRuns"]) if self._race else rules["warmupRuns"]
        planning = self._beforehand.planning(case, self._likely_sides(spec), is_strict=self._is_strict)
        warmth, warm = warm_up(case, {"candidate": self._sides.runnable("candidate", case, spec)}, runs, rng, planning)
        self._look_at_warm_up(spec, case, warm)
        conditions = Conditions(rules, warmth, rng, deck, self._until_lost(spec))
        batch = batch_for(warmth.single_ns, self._sides.replicas_max(spec)) if warmth.single_ns < BATCH_BELOW_NS else 1
        if batch == 1 or self._is_stopped:
            return case, conditions, warm
        # Short because the work was done, or because it was not: then nothing may be chosen by it.
        self._look_at(spec, case, warm)
        self._evaluate(spec, case)
        case.wipe([KEPT, LAST])
        return self._prepared(spec, batch), conditions, warm

    def _look_at_warm_up(self, spec: DefinedCase, case: Case, warm: Section) -> None:
        race = self._race
        if race is None:
            return
        race.saw_warm_up(spec["name"], warm.times)
        if not race.is_lost():
            return
        race.saw_witness(spec["name"], witness(case, self._sides.runnable("baseline", case, spec), self._rng))
        if race.is_lost():
            race.stop("warm-up", spec["name"])
            self._look_at(spec, case, warm)

    def _likely_sides(self, spec: DefinedCase) -> list[str]:
        """That are timed together, as it looks before anything of the case was timed."""
        known = None if self._is_paired else self._problem.facts.recent_baseline(spec["name"], 1, self._task["timing"]["baselineAgeMsMax"])
        return ["candidate"] if known is not None and known["medianNs"] >= PAIRED_BELOW_NS else self._pair_sides()

    @property
    def _is_paired(self) -> bool:
        """Whatever is remembered of the baseline."""
        return self._is_strict or bool(self._task["record"]) or self._task["timing"]["method"] == "paired"

    def _pair_sides(self) -> list[str]:
        return ["candidate", "baseline", *(["record"] if self._task["record"] else [])]

    # --- what comes next

    def _prepared(self, spec: DefinedCase, batch: int) -> Case:
        case = self._sides.open(spec, batch)
        self._beforehand.prepare(case, is_check=False)
        return case

    def _preparing(self, following: Optional[DefinedCase]) -> Callable[[], None]:
        """For the device to have work while what it found is read: the next check, or behind the last one what is timed first."""
        if following is not None:
            return lambda: self._prepare_ahead(following, is_check=True)
        if self._hidden or self._race or not self._timed:
            return nothing
        return lambda: self._prepare_ahead(self._timed[0], is_check=False)

    def _prepare_ahead(self, spec: DefinedCase, *, is_check: bool) -> None:
        if self._sides.keeps_open(spec) and (not is_check or self._problem.facts.trusts(spec["name"])):
            self._beforehand.prepare_ahead(self._sides.open(spec, 1), is_check=is_check)

    def _plan_ahead(self, spec: DefinedCase) -> None:
        """As it looks: its warm-up may still change how it is timed."""
        if not self._race and self._sides.keeps_open(spec):
            self._beforehand.plan_ahead(self._sides.open(spec, 1), self._likely_sides(spec))
