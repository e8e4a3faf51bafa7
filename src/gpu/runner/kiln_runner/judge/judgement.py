"""One candidate, from its artifact to its outcome: load, check every case, then time every bench case.

Whoever breaks off does it by raising: CandidateFailure for a verdict, InfraFailure for everything that is not the candidate's.
"""
import random
import time
from typing import Callable, Optional, Union

from kiln_runner.protocol import DefinedCase, Hidden, JudgeTask, Telemetry
from kiln_runner.protocol_outcomes import CaseTiming, Passed

from .answering import begin_answering, null_of, settle, settle_after, with_answers
from .beforehand import CONTROL, Beforehand, Sources
from .bench import Bench
from .checking import Terms, check_prepared
from .contenders import Contenders
from .device import KEPT, LAST, Case, nothing
from .failures import CandidateFailure, DeviceFault, InfraFailure, LaunchRejected
from .hard_inputs import Deck
from .hidden import HiddenCheck, refuse_plan
from .left_behind import LeftBehind
from .measured import Measured
from .measuring import NS_PER_MS, Conditions, Control, HowTimed, alone, time_sides, warm_up, warm_up_runs, witness
from .outcomes import crashed, passed, plan_error
from .problems import Problem
from .racing import entered
from .recorded import shares_of, with_shares
from .schedule import BATCH_BELOW_NS, PAIRED_BELOW_NS, batch_for
from .section import Ran, Section
from .trusting import trust
from .turns import Alone, Batch, Pairs, Timed, Turn, WarmUp, read


class Judgement:
    def __init__(self, bench: Bench, problem: Problem, task: JudgeTask) -> None:
        self._bench, self._problem, self._task = bench, problem, task
        self._terms = Terms(problem.definition["tolerance"], bench.rng, is_verified=problem.is_verified)
        self._sides = Contenders(bench, problem, task)
        self._hidden: Optional[Hidden] = task.get("hidden")
        # Seeded by the system's generator, and as unpredictable for a kernel, but a hundred times as fast: the device waits for what is drawn.
        self._rng = random.Random(bench.rng.getrandbits(256))
        self._decks = {spec["name"]: Deck(len(spec.get("hard", [])), self._rng) for spec in problem.definition["cases"]}
        self._hidden_check: Optional[HiddenCheck] = None
        # Sections that are still to be timed; one whose times are still to be read; what was read; and what of it is to be remembered.
        self._turns = [Turn(spec) for spec in problem.definition["cases"] if spec["kind"] == "bench"]
        self._waiting: Optional[Timed] = None
        self._timings: dict[str, CaseTiming] = {}
        self._learned: list[Measured] = []
        self._race = entered(task, problem.facts, self._others())
        # Every run has fresh inputs.
        self._is_strict = task["timing"].get("inputs") == "fresh"
        self._left = LeftBehind(self._terms, self._rng, confirms=self._is_strict or bool(task["record"]))
        self._beforehand = Beforehand(Sources(bench.rng, self._rng, self._decks), task["timing"])
        # What its check in each timed case took.
        self._launched_ns: dict[str, float] = {}
        # Of each case the baseline's time beside nobody, where a program answers.
        self._alone: dict[str, float] = {}
        self.telemetry: Optional[Telemetry] = None
        self.case, self._phase, self._read_only = "", "", b""

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

    def _enter(self, phase: str, case: str) -> None:
        """Told where it is another one than before."""
        if (phase, case) != (self._phase, self.case):
            self._phase, self.case = phase, case
            self._bench.report(phase, case)

    def _settle(self) -> bool:
        """What is queued may wait for a process that will never answer. False where the stream does not come free."""
        return settle(self._sides.programs.values())

    @property
    def leftover(self) -> Optional[str]:
        """Why this process judges nobody else, or None."""
        return self._bench.device.leftover(self._sides.programs.values())

    def close(self) -> None:
        if self._hidden_check:
            self._hidden_check.close()
        self._sides.close()

    # --- load

    def _load(self) -> None:
        if self._hidden:
            refuse_plan(self._hidden)
        self._enter("load", "")
        with self._bench.watch.span("loadMs"):
            self._sides.load()
            if begin_answering(self._sides.programs.values(), self._bench, self._task, self._time_alone):
                # What one call takes, the first above all, says nothing of others: nobody can be stopped by it.
                self._race = None

    def _time_alone(self) -> None:
        for spec, *_ in self._turns:
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
        hidden = self._hidden
        with self._bench.lock.shared(self._bench.watch), self._bench.watch.span("checkMs"):
            # The device has its first work while launches are made ready.
            self._prepare_ahead(specs[0], is_check=True)
            self._bind_candidate(specs)
            if hidden and hidden["kind"] != "refused":
                self._hidden_check = HiddenCheck(self._bench.device, self._problem, self._sides.candidate, hidden, self._terms)
            for spec, following in zip(specs, [*specs[1:], None]):
                self._enter("check", spec["name"])
                case = self._sides.open(spec, 1)
                reference = self._sides.yardstick(case, spec)
                trust(self._problem, case, spec, self._terms)
                self._beforehand.prepare(case, is_check=True)
                check_prepared(case, self._sides.runnable("candidate", case, spec), reference, self._terms, self._preparing(following))
                if spec["kind"] == "bench":
                    self._saw_launch(case)
            race = self._race
            if race:
                self._turns.sort(key=lambda turn: (-race.gain(turn.spec["name"]), turn.spec["name"]))
            if self._hidden_check:
                self._enter("check", self._hidden_check.name)
                self._hidden_check.run(self._prepare_first)
            self._find_unchanged()

    def _saw_launch(self, case: Case) -> None:
        launch_ns = self._launched_ns[case.name] = case.executed_ns()
        if self._race:
            self._race.saw_check(case.name, launch_ns, case.cold_factor)

    def _preparing(self, following: Optional[DefinedCase]) -> Callable[[], None]:
        """For the device to have work while what it found is read: the next check, or behind the last one what is timed first."""
        if following is not None:
            return lambda: self._prepare_ahead(following, is_check=True)
        if self._hidden_check:
            return self._open_hidden if self._sides.can_open_beside else nothing
        # Who races is timed first where the last check says.
        return nothing if self._race else self._prepare_first

    def _open_hidden(self) -> None:
        hidden = self._hidden_check
        if hidden:
            checked, self.case = self.case, hidden.name
            try:
                hidden.open_ahead()
            except DeviceFault:
                # Of what is checked.
                self.case = checked
                raise
            self.case = checked

    def _prepare_first(self) -> None:
        if not self._turns:
            return
        self._plan_ahead(self._turns[0])
        self._prepare_ahead(self._turns[0].spec, is_check=False)
        if self._looks_lost(self._turns[0].spec):
            # No section may follow in which that could be done.
            self._bench.following.read()

    # --- race

    @property
    def _is_stopped(self) -> bool:
        return self._race is not None and self._race.stopped is not None

    @property
    def _is_left(self) -> bool:
        """The case that is timed is not timed to the end, at least not now."""
        return self._race is not None and (self._race.stopped or self._race.left) is not None

    def _others(self) -> list[str]:
        return [turn.spec["name"] for turn in self._turns]

    def _until_lost(self, spec: DefinedCase) -> Optional[Callable[[Section], bool]]:
        return self._race and self._race.until_lost(spec["name"], self._others())

    def _looks_lost(self, spec: DefinedCase) -> bool:
        return self._race is not None and self._race.is_likely_lost([spec["name"], *self._others()])

    # --- time

    def _time_all(self) -> list[CaseTiming]:
        """In the problem's order, whatever came first."""
        race, order = self._race, [spec["name"] for spec in self._problem.definition["cases"] if spec["kind"] == "bench"]
        while self._turns and not self._is_stopped:
            self._time(self._turns.pop(0))
        return [self._timings[name] if race is None or name in self._timings else race.timing(name) for name in order]

    def _time(self, turn: Turn) -> None:
        spec = turn.spec
        self._enter("measure", spec["name"])
        with self._bench.lock.exclusive(self._bench.watch), self._bench.watch.span("measureMs"):
            timed = self._measure(turn)
            self._read_waiting()
            if self._race and self._race.left:
                self._turns.append(Turn(spec))
            self._waiting = timed
            if not self._may_wait(timed):
                self._read_waiting()
        with self._bench.lock.shared(self._bench.watch), self._bench.watch.span("checkMs"):
            # Both take a fraction of a millisecond up to some: meanwhile the device checks.
            if len(self._turns) <= 1 and not timed.is_left and self.telemetry is None:
                self.telemetry = self._bench.device.telemetry()
            if self._is_stopped or not self._turns:
                self._load_next()
            self._left.evaluate(timed.case, self._sides.yardstick(timed.case, spec))
            self._find_unchanged()
            timed.case.wipe([KEPT, LAST])
        if spec["name"] in self._timings:
            self._timings[spec["name"]] = with_answers(self._timings[spec["name"]], self._sides.candidate)
        for measured in self._learned:
            self._problem.facts.remember_baseline(measured.case.name, measured.case.batch, measured.baseline)
        self._learned.clear()

    def _may_wait(self, timed: Timed) -> bool:
        """Its times are read while the device works on the next case; not where they may say that there is none."""
        spec = timed.turn.spec
        return bool(self._turns) and not timed.is_left and self._sides.can_be_read_later(spec) and not self._looks_lost(spec)

    def _read_waiting(self) -> None:
        timed, self._waiting = self._waiting, None
        if timed is None:
            return
        found, name = read(timed), timed.turn.spec["name"]
        if isinstance(found, Turn):
            self._turns.insert(0, found)
            return
        found = found.beside(self._alone[name]) if self._alone else found
        shares = [] if timed.is_left else shares_of(self._sides.candidate, name)
        self._timings[name] = with_shares(found.timing(), shares)
        if found.teaches:
            self._learned.append(found)
        if self._race and self._turns and not timed.is_left:
            self._race.saw_case(name, found)

    def _drawing(self, case: Case) -> Callable[[Ran], None]:
        """What is done while the device works on the last runs of a chunk: it waits for what is left."""

        def draw(ran: Ran) -> None:
            self._left.draw(case, ran)
            self._read_waiting()
            if self._turns:
                self._plan_ahead(self._turns[0])
            else:
                self._bench.following.read()

        return draw

    def _load_next(self) -> None:
        """After the candidate's last run. What the checks did not last for is time that the device waited for loading."""
        start = time.monotonic_ns()
        self._bench.following.load()
        if not self._bench.device.is_busy():
            self._bench.watch.add("loadMs", time.monotonic_ns() - start)

    def _measure(self, turn: Turn) -> Timed:
        (case, conditions, warm), race, most = self._get_ready(turn), self._race, self._sides.replicas_max(turn.spec)
        batch = turn.batch or Batch(case.batch, conditions.warmth.single_ns)
        if race and race.stopped:
            return Timed(turn, case, warm, WarmUp(race.baseline(turn.spec["name"])), batch, most, is_left=True)
        how = self._how(turn, case, conditions)
        start = time.monotonic_ns()
        section = self._run_pairs(turn.spec, case, conditions, how) if isinstance(how, Pairs) else self._run_alone(turn.spec, case, how)
        spent_ms = (time.monotonic_ns() - start) / NS_PER_MS
        self._left.look_at(case, self._sides.yardstick(case, turn.spec), section)
        if self._turns and not self._is_left:
            # Behind what is looked at.
            self._prepare_ahead(self._turns[0].spec, is_check=False)
        return Timed(turn, case, section, how, batch, most, spent_ms, self._is_left)

    def _how(self, turn: Turn, case: Case, conditions: Conditions) -> Union[Alone, Pairs]:
        if turn.way == "strict" or self._is_paired:
            return Pairs(self._pair_sides(), self._is_strict or turn.way == "strict")
        known = self._problem.facts.recent_baseline(turn.spec["name"], case.batch, conditions.rules["baselineAgeMsMax"])
        if turn.way == "pairs" or known is None:
            return Pairs(self._pair_sides(), False, teaches=True)
        if min(conditions.warmth.single_ns, known["medianNs"]) < PAIRED_BELOW_NS:
            # What is remembered of such plans only says that there are, for judges that make them ready.
            return Pairs(self._pair_sides(), False)
        return Alone(known, conditions, Control(CONTROL, known["medianNs"]))

    def _run_alone(self, spec: DefinedCase, case: Case, how: Alone) -> Section:
        sides = self._sides.runnables(["candidate", "baseline"] if how.has_controls else ["candidate"], case, spec)
        control = how.control if how.has_controls else None
        how_timed = HowTimed(control=control, first=self._beforehand.take_first(), meanwhile=self._drawing(case))
        return time_sides(case, sides, how.conditions, how_timed)

    def _run_pairs(self, spec: DefinedCase, case: Case, conditions: Conditions, how: Pairs) -> Section:
        planning = nothing if conditions.until else self._beforehand.planning(case, how.sides, is_strict=how.is_strict)
        conditions = conditions.beside(case, self._sides.runnables(how.sides[1:], case, spec), planning)
        first, null = self._beforehand.take_first(), null_of(self._sides.candidate)
        how_timed = HowTimed(how.is_strict, first=first, meanwhile=self._drawing(case), null=null)
        return time_sides(case, self._sides.runnables(how.sides, case, spec), conditions, how_timed)

    def _get_ready(self, turn: Turn) -> tuple[Case, Conditions, Section]:
        """The case in place for as many executions between two events as the candidate's speed asks for."""
        spec, rules, deck, known = turn.spec, self._task["timing"], self._decks[turn.spec["name"]], turn.batch
        case = self._prepared(spec, known.executions if known else 1)
        runs = warm_up_runs(rules, self._launched_ns[spec["name"]])
        runs = self._race.warm_up_runs(runs) if self._race else runs
        warmth, warm = warm_up(case, {"candidate": self._sides.runnable("candidate", case, spec)}, runs, self._rng, self._planning(turn, case))
        if known:
            warmth = warmth._replace(single_ns=known.single_ns)
        else:
            self._look_at_warm_up(spec, case, warm)
        until = self._until_lost(spec)
        conditions = Conditions(rules, warmth, self._rng, deck, None if turn.way == "strict" else until).after(turn.spent_ms)
        batch = batch_for(warmth.single_ns, self._sides.replicas_max(spec)) if warmth.single_ns < BATCH_BELOW_NS else 1
        if known or batch == 1 or self._is_stopped:
            return case, conditions, warm
        # Short because the work was done, or because it was not: then nothing may be chosen by it.
        self._left.look_at(case, self._sides.yardstick(case, spec), warm)
        self._left.evaluate(case, self._sides.yardstick(case, spec))
        case.wipe([KEPT, LAST])
        return self._prepared(spec, batch), conditions, warm

    def _planning(self, turn: Turn, case: Case) -> Callable[[], None]:
        """While the candidate warms up."""
        if self._looks_lost(turn.spec):
            return nothing
        sides = self._likely_sides(turn.spec) if turn.way == "usual" else self._pair_sides()
        return self._beforehand.planning(case, sides, is_strict=self._is_strict or turn.way == "strict")

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
            self._left.look_at(case, self._sides.yardstick(case, spec), warm)

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

    def _prepare_ahead(self, spec: DefinedCase, *, is_check: bool) -> None:
        if self._sides.keeps_open(spec) and (not is_check or self._problem.facts.trusts(spec["name"])):
            self._beforehand.prepare_ahead(self._sides.open(spec, 1), is_check=is_check)

    def _plan_ahead(self, turn: Turn) -> None:
        """As it looks: its warm-up may still change how it is timed."""
        if turn.batch is None and self._sides.keeps_open(turn.spec) and not self._looks_lost(turn.spec):
            self._beforehand.plan_ahead(self._sides.open(turn.spec, 1), self._likely_sides(turn.spec))
