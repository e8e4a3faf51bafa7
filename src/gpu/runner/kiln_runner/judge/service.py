"""The judge's frames: `problem`, `known`, `upcoming`, `judge`, `canary`, `companion_ended` and `exit` in; `ready`, `phase`, `waiting`, `result`,
`learned`, `canary`, `companion` and `end_companion` out.

`problem`: {definition, referenceArtifact, baselineArtifact}, and inputsArtifact of derived inputs; made ready while no other frame comes
(preparation.py). `learned`: {problemKey, trusted: [case], baselines: [{case, batch, statistics: TimingStatistics, measuredAtNs}]}, after the
`result` whose judgement taught it, before one that `retires` the judge, and never after a fault; `measuredAtNs` is CLOCK_MONOTONIC. `known`: the
same fields, learned by other judges of the device; before or after its `problem`.
`waiting`: {attemptId, begins, companion?}: a wait for the device's lock, or for a companion, begins or is over; that time is not the candidate's.
`companion`, `end_companion`, `companion_ended`: processes in which programs answer (companions.py).
`upcoming`: which candidate follows the one that is judged, for its code to be loaded in time (ahead.py); it may change until it starts.
`result`: {attemptId, outcome, infra, phases, telemetry, contextLost}; also `retires`, why, where the candidate leaves something behind.

Modes: ready (waiting for a frame, making problems ready meanwhile), judging (between a `judge` frame and its `result`), lost (a fault
took the context, or it is not as it was: the loop ends and the process exits). Invariant: every `judge` frame is answered by exactly one
`result`, unless the process is killed.
"""
import random
import time
import traceback
from collections import OrderedDict
from pathlib import Path
from typing import Callable, NamedTuple, Optional, cast

from kiln_runner import judge_frames
from kiln_runner.judge_frames import FromJudge, Judged, ToJudge
from kiln_runner.protocol import JudgeTask
from kiln_runner.protocol_outcomes import Outcome

from .ahead import Ahead
from .bench import Bench, Following
from .device import Device
from .device_lock import LOCKED, DeviceLock
from .facts import Facts
from .failures import CandidateFailure, DeviceFault, InfraFailure
from .inbox import Inbox
from .judgement import Judgement
from .preparation import Preparation
from .problems import Problem
from .stopwatch import NS_PER_MS, Stopwatch

CONTEXT_LOST_EXIT = 3
# Problems with their code loaded; the others' definitions are kept, since the parent sends them once only.
PROBLEMS_MAX = 64
# Between two steps of preparation: a neighbour that waits for the device gets it, and a task that comes is heard.
PAUSE_S = 0.005
# For the lock, before a judge says that somebody else holds it and is asked again.
PROVE_WAIT_S = 20.0
CANARY_WAIT_S = 5.0


class Surroundings(NamedTuple):
    """`settle`: called once, before the first canary or task: until then the judge keeps away from the cores of its device's resident.
    `is_first`: no other judge of this device has told yet how fast its memory is copied."""

    lock: DeviceLock
    cache: Path
    send: Callable[[FromJudge], object]
    settle: Callable[[], None]
    is_first: bool


class Service:
    def __init__(self, device: Device, around: Surroundings) -> None:
        self._device, self._around = device, around
        self._lock, self._cache, self._send = around.lock, around.cache, around.send
        self._is_settled = self._is_proven = False
        self._preparation = Preparation(device, around.lock)
        self._ahead = Ahead(device, around.cache)
        self._inbox: Optional[Inbox] = None
        self._facts: dict[str, Facts] = {}
        self._frames: dict[str, judge_frames.DefineProblem] = {}
        self._problems: OrderedDict[str, Problem] = OrderedDict()
        self._rng = random.SystemRandom()

    def serve(self, inbox: Inbox) -> bool:
        """Until `exit` or the end of the stream; True when the context was lost, or is to be used no more."""
        self._inbox = inbox
        refusal = self._try_canary(PROVE_WAIT_S)
        device = self._device.describe()
        self._send({"type": "ready", "device": {**device, "unavailable": refusal or device["unavailable"]}})
        while True:
            try:
                while self._preparation.is_pending and not inbox.has_frame(PAUSE_S):
                    self._preparation.step()
            except DeviceFault:
                return True
            rest_s = self._device.rest()
            while rest_s is not None and not inbox.has_frame(rest_s):
                rest_s = self._device.rest()
            frame = inbox.read()
            if frame is None or frame[0]["type"] == "exit":
                return False
            if self._on_frame(cast(ToJudge, frame[0])):
                return True

    def _try_canary(self, wait_s: float) -> Optional[str]:
        """None when it passed; otherwise who holds the device's lock. DeviceFault when the device does not compute."""
        try:
            with self._lock.shared(Stopwatch(), wait_s):
                self._device.canary() if self._is_proven else self._device.prove()
            if self._around.is_first and not self._is_proven:
                with self._lock.exclusive(Stopwatch(), wait_s):
                    self._device.measure_copy()
            self._is_proven = True
        except InfraFailure as failure:
            if failure.code != LOCKED:
                raise
            return str(failure)
        return None

    def _on_frame(self, header: ToJudge) -> bool:
        if header["type"] == "problem":
            self._on_problem(header)
        elif header["type"] == "known":
            self._facts_of(header["problemKey"]).accept(header)
        elif header["type"] == "upcoming":
            self._ahead.announce(header)
        elif header["type"] == "canary" or header["type"] == "judge":
            self._settle()
            return self._on_canary(header) if header["type"] == "canary" else self._on_judge(header["task"])
        return False

    def _settle(self) -> None:
        if not self._is_settled:
            self._is_settled = True
            self._around.settle()

    def _on_problem(self, header: judge_frames.DefineProblem) -> None:
        """Where preparing fails, its first candidate tries again: there a failure has an attempt to be reported with."""
        key = header["definition"]["key"]
        if key not in self._frames:
            self._frames[key] = header
            self._preparation.add(lambda: self._problem(key))

    def _facts_of(self, key: str) -> Facts:
        return self._facts.setdefault(key, Facts())

    def _on_canary(self, header: judge_frames.AskCanary) -> bool:
        """Who else computes on the device is looked for only where `recheck` asks: it costs more than the canary."""
        start, message, unavailable = time.monotonic_ns(), "", None
        try:
            unavailable = self._try_canary(CANARY_WAIT_S)
        except DeviceFault as fault:
            message = str(fault)
        spent = (time.monotonic_ns() - start) / NS_PER_MS
        if header.get("recheck") and not message:
            unavailable = unavailable or self._device.unavailable()
        self._send({"type": "canary", "ok": not message, "message": message, "ms": spent, "unavailable": unavailable})
        return bool(message)

    def _on_judge(self, task: JudgeTask) -> bool:
        attempt_id = task["attemptId"]
        judgement: Optional[Judgement] = None

        def wait(begins: bool, companion: bool) -> None:
            waiting: judge_frames.Waiting = {"type": "waiting", "attemptId": attempt_id, "begins": begins}
            self._send({**waiting, "companion": True} if companion else waiting)

        watch = Stopwatch(lambda begins: wait(begins, False), lambda begins: wait(begins, True))
        result: Judged = {"type": "result", "attemptId": attempt_id, "outcome": None, "infra": None, "telemetry": None, "contextLost": False}
        try:
            problem = self._problem(task["problemKey"])
            judgement = Judgement(self._bench(task, watch), problem, task)
            result["outcome"] = judgement.run()
        except CandidateFailure as failure:
            result["outcome"], result["contextLost"] = failure.outcome, failure.lost
        except InfraFailure as failure:
            result["infra"], result["contextLost"] = {"code": failure.code, "message": str(failure)}, failure.lost
        except Exception:
            # Unforeseen: the judge itself may be at fault, so it must not go on with a context it cannot vouch for.
            result["infra"], result["contextLost"] = {"code": "internal", "message": traceback.format_exc(limit=-12)}, True
        retires = judgement.leftover if judgement is not None and not result["contextLost"] else None
        if retires:
            # First what it learned: with the result its time is over.
            self._tell_news(task["problemKey"])
            result["retires"] = retires
        self._finish(result, judgement, watch)
        if retires or result["contextLost"]:
            return True
        self._tell_news(task["problemKey"])
        return not self._is_sound(result["outcome"])

    def _is_sound(self, outcome: Optional[Outcome]) -> bool:
        """A kernel that made the judge's own give wrong answers is rejected by these, and must be the last one that they judge."""
        if outcome is None or outcome["verdict"] in ("passed", "plan_error"):
            return True
        try:
            with self._lock.shared(Stopwatch()):
                self._device.canary()
        except DeviceFault:
            return False
        return True

    def _finish(self, result: Judged, judgement: Optional[Judgement], watch: Stopwatch) -> None:
        if judgement:
            result["telemetry"] = judgement.telemetry
        result["phases"] = watch.phases()
        self._send(result)
        # After the result: the next task is on its way while modules are unloaded.
        if judgement and not result["contextLost"] and "retires" not in result:
            judgement.close()
            self._device.cleanse()

    def _tell_news(self, key: str) -> None:
        news = self._facts[key].take_news() if key in self._facts else None
        if news:
            self._send({"type": "learned", "problemKey": key, **news})

    def _bench(self, task: JudgeTask, watch: Stopwatch) -> Bench:
        def report(phase: str, case: str) -> None:
            self._send({"type": "phase", "attemptId": task["attemptId"], "phase": phase, "case": case})

        following, loaded = Following(self._read_ahead, self._load_ahead), self._ahead.take(task["attemptId"])
        return Bench(self._device, self._lock, self._cache, watch, report, self._rng, loaded, following)

    def _read_ahead(self) -> None:
        self._hear()
        self._ahead.read()

    def _load_ahead(self) -> None:
        self._hear()
        self._ahead.load()

    def _hear(self) -> None:
        """Which candidate comes next."""
        for header in self._inbox.take("upcoming") if self._inbox else []:
            self._ahead.announce(cast(judge_frames.Upcoming, header))

    def _problem(self, key: str) -> Problem:
        if key not in self._frames:
            raise InfraFailure("unknown_problem", f"no problem frame with the key {key} came before the task")
        if key not in self._problems:
            self._problems[key] = Problem(self._device, self._cache, self._frames[key], self._facts_of(key))
        self._problems.move_to_end(key)
        while len(self._problems) > PROBLEMS_MAX:
            self._problems.popitem(last=False)[1].close()
        return self._problems[key]
