"""The judge's frames: `problem`, `judge`, `canary` and `exit` in; `ready`, `phase`, `result` and `canary` out.

Modes: ready (waiting for a frame), judging (between a `judge` frame and its `result`), lost (a fault took the context: the loop ends
and the process exits). Invariant: every `judge` frame is answered by exactly one `result`, unless the process is killed.
"""
import random
import time
import traceback
from collections import OrderedDict
from pathlib import Path
from typing import Callable, Dict, Optional, Tuple

from .device import Device
from .device_lock import DeviceLock
from .failures import CandidateFailure, DeviceFault, InfraFailure
from .judgement import Bench, Judgement
from .problems import Problem
from .stopwatch import NS_PER_MS, Stopwatch

CONTEXT_LOST_EXIT = 3
# Problems with their code loaded; the others' definitions are kept, since the parent sends them once only.
PROBLEMS_MAX = 64


class Service:
    def __init__(self, device: Device, lock: DeviceLock, cache: Path, send: Callable[[dict], None]) -> None:
        self._device, self._lock, self._cache, self._send = device, lock, cache, send
        self._frames: Dict[str, dict] = {}
        self._problems: "OrderedDict[str, Problem]" = OrderedDict()
        self._rng = random.SystemRandom()

    def serve(self, read: Callable[[], Optional[Tuple[dict, bytes]]]) -> bool:
        """Until `exit` or the end of the stream; True when the context was lost."""
        # A standby starts while its neighbour times: it must not touch the device meanwhile.
        with self._lock.exclusive(Stopwatch()):
            self._device.prove()
        self._send({"type": "ready", "device": self._device.describe()})
        while True:
            frame = read()
            if frame is None or frame[0]["type"] == "exit":
                return False
            if self._on_frame(frame[0]):
                return True

    def _on_frame(self, header: dict) -> bool:
        if header["type"] == "problem":
            self._on_problem(header)
        elif header["type"] == "canary":
            return self._on_canary()
        elif header["type"] == "judge":
            return self._on_judge(header["task"])
        return False

    def _on_problem(self, header: dict) -> None:
        """Loaded at its first candidate, where a failure has an attempt to be reported with."""
        self._frames.setdefault(header["definition"]["key"], header)

    def _on_canary(self) -> bool:
        start, message = time.monotonic_ns(), ""
        try:
            with self._lock.shared(Stopwatch()):
                self._device.canary()
        except DeviceFault as fault:
            message = str(fault)
        spent = (time.monotonic_ns() - start) / NS_PER_MS
        self._send({"type": "canary", "ok": not message, "message": message, "ms": spent})
        return bool(message)

    def _on_judge(self, task: dict) -> bool:
        watch, judgement = Stopwatch(), None
        result = {"type": "result", "attemptId": task["attemptId"], "outcome": None, "infra": None, "telemetry": None, "contextLost": False}
        try:
            judgement = Judgement(self._bench(task, watch), self._problem(task["problemKey"]), task)
            result["outcome"] = judgement.run()
        except CandidateFailure as failure:
            result.update(outcome=failure.outcome, contextLost=failure.lost)
        except InfraFailure as failure:
            result.update(infra={"code": failure.code, "message": str(failure)}, contextLost=failure.lost)
        except Exception:
            # Unforeseen: the judge itself may be at fault, so it must not go on with a context it cannot vouch for.
            result.update(infra={"code": "internal", "message": traceback.format_exc(limit=-12)}, contextLost=True)
        return self._finish(result, judgement, watch)

    def _finish(self, result: dict, judgement: Optional[Judgement], watch: Stopwatch) -> bool:
        if judgement:
            result["telemetry"] = judgement.telemetry
        result["phases"] = watch.phases()
        self._send(result)
        # After the result: the next task is on its way while modules are unloaded.
        if judgement and not result["contextLost"]:
            judgement.close()
        return result["contextLost"]

    def _bench(self, task: dict, watch: Stopwatch) -> Bench:
        def report(phase: str, case: str) -> None:
            self._send({"type": "phase", "attemptId": task["attemptId"], "phase": phase, "case": case})

        return Bench(self._device, self._lock, self._cache, watch, report, self._rng)

    def _problem(self, key: str) -> Problem:
        if key not in self._frames:
            raise InfraFailure("unknown_problem", f"no problem frame with the key {key} came before the task")
        if key not in self._problems:
            self._problems[key] = Problem(self._device, self._cache, self._frames[key])
        self._problems.move_to_end(key)
        while len(self._problems) > PROBLEMS_MAX:
            self._problems.popitem(last=False)[1].close()
        return self._problems[key]
