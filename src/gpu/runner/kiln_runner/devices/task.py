"""A judge task while the runner holds it, and the results that the runner itself composes."""
from collections.abc import Mapping
from typing import NamedTuple, Optional, cast

from kiln_runner.frames import encode
from kiln_runner.protocol import InfraFailure, JudgePhases, JudgeResult, JudgeTask, Plans
from kiln_runner.protocol_outcomes import Outcome

NS_PER_MS = 1e6
NO_PHASES: JudgePhases = {"waitedMs": 0, "idleGapMs": 0, "loadMs": 0, "checkMs": 0, "measureMs": 0, "lockMs": 0, "totalMs": 0}


class Task(NamedTuple):
    """`raw` is the daemon's `judge` frame, for the judge; `work_since_ns` is since when the attempt waited anywhere."""

    attempt_id: str
    body: JudgeTask
    raw: bytes
    received_ns: int

    @property
    def work_since_ns(self) -> int:
        return self.received_ns - int(self.body["waitedMs"] * NS_PER_MS)

    @property
    def artifacts(self) -> list[str]:
        record = self.body["record"]
        return [self.body["artifact"]] + ([record["artifact"]] if record else [])


def upcoming_frame(task: Optional[Task]) -> bytes:
    """The judge's `upcoming` frame (judge/ahead.py); None: what was announced does not come."""
    if task is None:
        return encode({"type": "upcoming", "attemptId": None, "programs": {}})
    sides = {"candidate": task.body, **({"record": task.body["record"]} if task.body["record"] else {})}
    programs = {side: {"artifact": of["artifact"], "kernels": _kernels_of(of["plans"])} for side, of in sides.items()}
    return encode({"type": "upcoming", "attemptId": task.attempt_id, "programs": programs})


def _kernels_of(plans: Plans) -> list[str]:
    return sorted({launch["kernel"] for plan in plans.values() for launch in plan["launches"]})


class Running:
    """The task a judge works on, and how far it has come as the judge told."""

    def __init__(self, task: Task, pid: int, started_ns: int, idle_gap_ms: float) -> None:
        self.task = task
        # Of its judge.
        self.pid = pid
        self.started_ns = started_ns
        self.idle_gap_ms = idle_gap_ms
        self.waited_ms = (started_ns - task.received_ns) / NS_PER_MS
        self.phase: Optional[str] = None
        self.case = ""
        self._phase_since_ns = started_ns
        self._spent: dict[str, float] = {"load": 0, "check": 0, "measure": 0}

    def enter(self, phase: str, case: str, now_ns: int) -> None:
        self._leave(now_ns)
        self.phase = phase
        self.case = case

    def complete_phases(self, judged: Mapping[str, float]) -> JudgePhases:
        """JudgePhases from what the judge measured and what only the runner knows."""
        return cast(JudgePhases, {**NO_PHASES, **judged, "waitedMs": self.waited_ms, "idleGapMs": self.idle_gap_ms})

    def broken_phases(self, now_ns: int) -> JudgePhases:
        """JudgePhases of a judgement that its judge could not report."""
        self._leave(now_ns)
        spent = {f"{phase}Ms": value / NS_PER_MS for phase, value in self._spent.items()}
        return self.complete_phases({**spent, "totalMs": (now_ns - self.started_ns) / NS_PER_MS})

    def timed_out(self) -> Outcome:
        stage = "measure" if self.phase == "measure" else "check"
        return {"verdict": "timed_out", "stage": stage, "case": self.case, "limitMs": self.task.body["limitMs"]}

    def _leave(self, now_ns: int) -> None:
        phase = self.phase if self.phase in self._spent else "load"
        self._spent[phase] += now_ns - self._phase_since_ns
        self._phase_since_ns = now_ns


def result_of(
    device_id: str, attempt_id: str, phases: JudgePhases, *, outcome: Optional[Outcome] = None, infra: Optional[InfraFailure] = None
) -> JudgeResult:
    return {
        "attemptId": attempt_id, "deviceId": device_id, "outcome": outcome, "infra": infra, "phases": phases, "telemetry": None,
    }


def infra_of(code: str, message: str) -> InfraFailure:
    return {"code": code, "message": message}
