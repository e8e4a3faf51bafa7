"""One candidate, from its artifact to its outcome: load, check every case, then time every bench case.

Whoever breaks off does it by raising: CandidateFailure for a verdict, InfraFailure for everything that is not the candidate's.
"""
import random
import time
from contextlib import AbstractContextManager
from typing import Callable, Optional

from kiln_runner.protocol import DefinedCase, Hidden, JudgeTask, Plan, Telemetry
from kiln_runner.protocol_outcomes import CaseTiming, Passed, TimingStatistics

from .answering import Answering, begin_answering, calibrate, refuse_no_answers, settle, with_answers
from .artifacts import open_artifact
from .bench import Bench
from .checking import Terms, TimedRuns, advice, check, evaluate_timed, look_at_last, queue_timed_checks
from .clocks import stamps_are_doubtful
from .device import KEPT, LAST, Case, Program, Runnable
from .discerning import Sides, blindness
from .failures import CandidateFailure, DeviceFault, InfraFailure, LaunchRejected
from .hard_inputs import Deck
from .hidden import check_hidden, refuse_plan
from .measured import Measured, paired, screened
from .measuring import NS_PER_MS, Conditions, Control, Section, time_sides, warm_up, witness
from .outcomes import crashed, passed, plan_error
from .problems import Problem
from .racing import entered
from .recorded import Recorded, has_changed, refuse_change, shares_of, with_shares
from .replicas import replicas_max
from .sampling import DRAWN_SCREENING, draw_proofs, draws_to_confirm
from .schedule import PAIRED_BELOW_NS, batch_for, batch_holds
from .screening import bears_out
from .steadiness import lives_on_memory
from .symbols import names_in
from .tensors import input_set_of


class Judgement:
    def __init__(self, bench: Bench, problem: Problem, task: JudgeTask) -> None:
        self._bench, self._problem, self._task = bench, problem, task
        self._terms = Terms(problem.definition["tolerance"], bench.rng)
        self._programs: dict[str, Program] = dict(bench.loaded)
        self._bound: dict[tuple[str, int], tuple[Case, Runnable]] = {}
        self._hidden: Optional[Hidden] = task.get("hidden")
        # Seeded by the system's generator, and as unpredictable for a kernel, but a hundred times as fast: the device waits for what is drawn.
        self._rng = random.Random(bench.rng.getrandbits(256))
        self._decks = {spec["name"]: Deck(len(spec.get("hard", [])), self._rng) for spec in problem.definition["cases"]}
        # Still to be timed.
        self._timed = [spec for spec in problem.definition["cases"] if spec["kind"] == "bench"]
        self._race = entered(task, problem.facts, [spec["name"] for spec in self._timed])
        # What the latest section left behind, and whether that was looked at.
        self._ran: Optional[TimedRuns] = None
        self.telemetry: Optional[Telemetry] = None
        self.case, self._read_only = "", b""

    def run(self) -> Passed:
        """The outcome `passed`; anything else is raised."""
        specs = self._problem.definition["cases"]
        try:
            self._load(specs)
            self._read_only = self._constants()
            self._check(specs)
            timings = self._time_all()
        except LaunchRejected as error:
            raise CandidateFailure(plan_error(error.field, f"{error} (case {self.case})" if self.case else str(error))) from error
        except DeviceFault as error:
            raise CandidateFailure(crashed(self.case, str(error)), lost=error.lost) from error
        except (CandidateFailure, InfraFailure) as failure:
            # What is queued may wait for a process that will never answer.
            failure.lost = not settle(self._programs.values()) or failure.lost
            raise
        return passed(timings, len(specs) + (self._hidden is not None), self._race and self._race.stopped)

    @property
    def leftover(self) -> Optional[str]:
        """Why this process judges nobody else, or None."""
        return self._bench.device.leftover(self._programs.values())

    def close(self) -> None:
        for program in self._programs.values():
            program.close()

    # --- load

    def _load(self, specs: list[DefinedCase]) -> None:
        if self._hidden:
            refuse_plan(self._hidden)
        with self._phase("load", "", "loadMs"):
            self._load_program("candidate", self._task["artifact"])
            if self._task["record"]:
                self._load_program("record", self._task["record"]["artifact"])
            if begin_answering(self._programs.values(), self._bench, self._task):
                # What one call takes, the first above all, says nothing of others: nobody can be stopped by it.
                self._race = None
            for spec in specs:
                self.case = spec["name"]
                if not isinstance(self._programs["candidate"], (Recorded, Answering)) and spec["name"] not in self._task["plans"]:
                    raise InfraFailure("internal", f"the task has no plan for the case {spec['name']}")
                self._runnable("candidate", self._open(spec, 1), spec)

    def _load_program(self, side: str, artifact: str) -> None:
        if side not in self._programs:
            self._programs[side] = self._bench.device.load(side, open_artifact(self._bench.cache, artifact))

    def _phase(self, phase: str, case: str, count_as: str) -> AbstractContextManager[None]:
        self._bench.report(phase, case)
        return self._bench.watch.span(count_as)

    def _open(self, spec: DefinedCase, batch: int) -> Case:
        scratch = {side: self._plan(side, spec)["scratch"] for side in ("reference", "baseline", *self._programs)}
        return self._bench.device.open_case(self._problem.definition, spec, batch, scratch)

    def _replicas_max(self, spec: DefinedCase) -> int:
        """A recording has one place for each tensor, code has each of its symbols once."""
        plans = [self._plan(side, spec) for side in ("baseline", *self._programs)]
        return 1 if self._problem.is_timed_alone else replicas_max(self._bench.device, spec, self._programs, plans)

    def _plan(self, side: str, spec: DefinedCase) -> Plan:
        program = self._programs.get(side)
        if isinstance(program, (Recorded, Answering)):
            return program.plan(spec["name"])
        if side == "candidate":
            return self._task["plans"][spec["name"]]
        record = self._task["record"]
        if side == "record" and record is not None:
            return record["plans"][spec["name"]]
        return self._problem.plan(side, spec)

    def _runnable(self, side: str, case: Case, spec: DefinedCase) -> Runnable:
        if side in ("reference", "baseline"):
            return self._problem.trusted(side, case, spec)
        key = (side, id(case))
        if key not in self._bound:
            # The case is kept beside, so that its id stays its own.
            self._bound[key] = (case, self._bind(side, case, spec))
        return self._bound[key][1]

    def _bind(self, side: str, case: Case, spec: DefinedCase) -> Runnable:
        try:
            return case.bind(side, self._programs[side], self._plan(side, spec))
        except LaunchRejected as error:
            if side == "candidate":
                raise
            raise InfraFailure("internal", f"the {side}'s plan, case {spec['name']}: {error.field}: {error}") from error

    def _constants(self) -> bytes:
        record = self._task["record"]
        own = [(self._programs["record"], names_in(record["plans"].values()))] if record else []
        return self._bench.device.constants([*self._problem.programs, *own])

    def _find_unchanged(self) -> None:
        """Tables of the other sides, and what they keep: one in which a candidate changed it is no yardstick any more, for nobody."""
        if self._constants() != self._read_only:
            raise DeviceFault("constants of the record, the baseline or the reference changed while the candidate ran", lost=True)
        side = "record" if has_changed(self._programs.get("record")) else self._problem.changed()
        if side is not None:
            raise DeviceFault(f"what the {side} keeps between calls changed while the candidate ran", lost=True)
        refuse_change(self._programs["candidate"], self.case)
        refuse_no_answers(self._programs["candidate"], self.case)

    # --- check

    def _check(self, specs: list[DefinedCase]) -> None:
        with self._bench.lock.shared(self._bench.watch), self._bench.watch.span("checkMs"):
            for spec in specs:
                self.case = spec["name"]
                self._bench.report("check", spec["name"])
                case = self._open(spec, 1)
                reference = self._runnable("reference", case, spec)
                self._trust(case, spec, reference)
                # Timed shapes on hard inputs: plain ones are checked in what is timed.
                check(case, self._runnable("candidate", case, spec), reference, self._terms, self._decks[spec["name"]].deal())
                if self._race and spec["kind"] == "bench":
                    self._race.saw_check(spec["name"], case.executed_ns(), case.cold_factor)
            if self._hidden and self._hidden["kind"] == "case":
                self.case = self._hidden["case"]["name"]
                self._bench.report("check", self.case)
                check_hidden(self._bench.device, self._problem, self._programs["candidate"], self._hidden, self._terms)
            self._find_unchanged()

    def _trust(self, case: Case, spec: DefinedCase, reference: Runnable) -> None:
        """Once on this device and in this case: the baseline must pass what candidates must pass, which tries the reference too, and what
        does no work must not."""
        if self._problem.facts.trusts(spec["name"]):
            return
        baseline = self._runnable("baseline", case, spec)
        try:
            for input_set in range(1 + len(case.hard_names)):
                check(case, baseline, reference, self._terms, input_set)
            self._problem.refuse_change()
        except CandidateFailure as failure:
            raise self._problem.blamed(f"{failure.outcome}{advice(failure.outcome)}") from failure
        except (DeviceFault, LaunchRejected) as error:
            message = f"the problem's own reference or baseline, case {spec['name']}: {error}"
            raise InfraFailure("baseline_failed", message, lost=getattr(error, "lost", False)) from error
        reason = blindness(case, Sides(reference, baseline), self._terms, spec["kind"] == "bench")
        if reason is not None:
            name = self._problem.definition["name"]
            raise InfraFailure("problem_refused", f"the problem {name} cannot tell right from wrong: case {spec['name']}: {reason}")
        self._problem.facts.trust(spec["name"])

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
            shares = [] if self._is_left else shares_of(self._programs["candidate"], spec["name"])
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
        return with_answers(with_shares(measured.timing(), shares), self._programs["candidate"])

    def _look_at(self, spec: DefinedCase, case: Case, section: Section) -> None:
        """Right after a section's last run: queues all that is looked at, whatever its times say, so that the device works while they are read.
        What is compared is drawn after the last run, from all of them."""
        sampled, batch, confirms = section.sampled, case.batch, self._task["record"] or self._task["timing"].get("inputs") == "fresh"
        last = look_at_last(case, sampled, self._rng)
        plain = sum(not input_set_of(seed) for seed, _ in sampled)
        drawn = draws_to_confirm(plain, batch) if confirms else DRAWN_SCREENING
        self._ran = TimedRuns(section.kept, last, draw_proofs(sampled, batch, drawn, self._rng))
        queue_timed_checks(case, self._runnable("reference", case, spec), self._ran, self._terms)

    def _evaluate(self, spec: DefinedCase, case: Case) -> None:
        """What was queued; CandidateFailure where anything was wrong."""
        ran, self._ran = self._ran, None
        if ran is None:
            raise InfraFailure("internal", f"nobody looked at what ran in the case {spec['name']}")
        evaluate_timed(case, self._runnable("reference", case, spec), ran, self._terms)

    def _evaluate_before_again(self, spec: DefinedCase, case: Case) -> None:
        """A section that looked as if work had been left out is timed again in a way in which none can be. What was written in it counts all the
        same: a candidate that is honest in the second section alone is wrong."""
        self._evaluate(spec, case)
        case.wipe([KEPT, LAST])
        self._prepared(spec, case.batch)

    def _load_next(self) -> None:
        """After the candidate's last run. What the checks did not last for is time that the device waited for loading."""
        start = time.monotonic_ns()
        self._bench.load_ahead()
        if not self._bench.device.is_busy():
            self._bench.watch.add("loadMs", time.monotonic_ns() - start)

    def _measure(self, spec: DefinedCase) -> Measured:
        calibrate(self._programs.values())
        (case, conditions, warm), race = self._get_ready(spec), self._race
        if race and race.stopped:
            return screened(case, warm, race.baseline(spec["name"]))
        measured, most = self._by_method(spec, case, conditions), self._replicas_max(spec)
        counted_ns = measured.candidate["medianNs"]
        if self._is_left or batch_holds(case.batch, counted_ns, most):
            return measured
        # The warm-up said something else than the runs that count: once more, with what these say.
        self._evaluate_before_again(spec, measured.case)
        case = self._prepared(spec, batch_for(counted_ns, most))
        return self._by_method(spec, case, conditions._replace(warmth=conditions.warmth._replace(single_ns=counted_ns)))

    def _by_method(self, spec: DefinedCase, case: Case, conditions: Conditions) -> Measured:
        rules = conditions.rules
        if rules.get("inputs") == "fresh" or self._task["record"] or rules["method"] == "paired":
            return self._in_pairs(spec, case, conditions, rules.get("inputs") == "fresh")
        known = self._problem.facts.recent_baseline(spec["name"], case.batch, rules["baselineAgeMsMax"])
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
        control = Control("baseline", known["medianNs"])
        has_controls = control.is_affordable(conditions)
        sides = self._runnables(["candidate", "baseline"] if has_controls else ["candidate"], case, spec)
        start = time.monotonic_ns()
        section = time_sides(case, sides, conditions, strict=False, control=control if has_controls else None)
        spent_ms = (time.monotonic_ns() - start) / NS_PER_MS
        self._look_at(spec, case, section)
        if self._is_left:
            return screened(case, section, known), spent_ms
        if lives_on_memory(section, "candidate", case.draw_bias) or stamps_are_doubtful(section, "candidate"):
            self._evaluate_before_again(spec, case)
            return self._in_pairs(spec, case, conditions, True), spent_ms
        measured = screened(case, section, known)
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
        sides = ["candidate", "baseline", *(["record"] if self._task["record"] else [])]
        conditions = conditions.beside(case, self._runnables(sides[1:], case, spec))
        measured = self._pair(spec, case, (sides, conditions, is_strict))
        if is_strict or self._is_left or not measured.is_doubtful:
            return measured
        self._evaluate_before_again(spec, case)
        return self._pair(spec, case, (sides, conditions._replace(until=None), True))

    def _pair(self, spec: DefinedCase, case: Case, how: tuple[list[str], Conditions, bool]) -> Measured:
        sides, conditions, is_strict = how
        section = time_sides(case, self._runnables(sides, case, spec), conditions, is_strict)
        self._look_at(spec, case, section)
        return paired(case, section, sides, is_strict)

    def _get_ready(self, spec: DefinedCase) -> tuple[Case, Conditions, Section]:
        """The case in place for as many executions between two events as the candidate's speed asks for."""
        case, rng = self._prepared(spec, 1), self._rng
        rules, deck = self._task["timing"], self._decks[spec["name"]]
        runs = self._race.warm_up_runs(rules["warmupRuns"]) if self._race else rules["warmupRuns"]
        warmth, warm = warm_up(case, {"candidate": self._runnable("candidate", case, spec)}, runs, rng)
        self._look_at_warm_up(spec, case, warm)
        conditions = Conditions(rules, warmth, rng, deck, self._until_lost(spec))
        batch = batch_for(warmth.single_ns, self._replicas_max(spec))
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
        race.saw_witness(spec["name"], witness(case, self._runnable("baseline", case, spec), self._rng))
        if race.is_lost():
            race.stop("warm-up", spec["name"])
            self._look_at(spec, case, warm)

    def _prepared(self, spec: DefinedCase, batch: int) -> Case:
        case = self._open(spec, batch)
        case.arm(self._bench.rng)
        case.draw(self._bench.rng.getrandbits(128))
        case.poison(self._bench.rng)
        return case

    def _runnables(self, sides: list[str], case: Case, spec: DefinedCase) -> dict[str, Runnable]:
        return {side: self._runnable(side, case, spec) for side in sides}
