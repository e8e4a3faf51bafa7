"""Attempts of the daemon from their `judge` frame to their result, whichever device they are for.

Unknown -> queued or running at a slot -> in the spool until it is acknowledged. Invariant: what an attempt needs of the cache stays there until its
slot lets go of it, and every attempt that was taken has one result, unless it is retracted or its daemon is gone.
"""
import time
from typing import Callable, NamedTuple, Optional

from kiln_runner.artifacts import ArtifactCache
from kiln_runner.devices.plan_cache import PlanCache
from kiln_runner.devices.problems import ProblemRegistry
from kiln_runner.devices.slot import DeviceSlot
from kiln_runner.devices.task import NO_PHASES, Task, infra_of, result_of
from kiln_runner.frames import Frame
from kiln_runner.protocol import InfraFailure, JudgeResult
from kiln_runner.protocol_frames import Cancel, FromRunner, Judge, KeepPlans, Retract


class AttemptPorts(NamedTuple):
    """`keep(result)`: one that no slot made. `has_result`: it was judged before."""

    send: Callable[[FromRunner], None]
    keep: Callable[[JudgeResult], None]
    has_result: Callable[[str], bool]


class Attempts:
    """`slots`: by device; filled before the first frame comes."""

    def __init__(self, slots: dict[str, DeviceSlot], cache: ArtifactCache, problems: ProblemRegistry, ports: AttemptPorts) -> None:
        self._slots, self._cache, self._problems, self._ports = slots, cache, problems, ports
        self._plans = PlanCache()
        self._taken: dict[str, DeviceSlot] = {}

    def on_plans(self, header: KeepPlans, _frame: Frame) -> None:
        self._plans.keep(header["key"], header["plans"])

    def on_judge(self, header: Judge, frame: Frame) -> None:
        body = header["task"]
        attempt_id = body["attemptId"]
        if attempt_id in self._taken or self._ports.has_result(attempt_id):
            return
        slot = self._slots.get(body["deviceId"])
        if slot is None:
            failure = infra_of("device_lost", f"this host has no device {body['deviceId']}; it has {', '.join(self._slots)}")
            self._ports.keep(result_of(body["deviceId"], attempt_id, NO_PHASES, infra=failure))
            return
        body, raw = self._plans.filled(body, frame.raw)
        task = Task(attempt_id, body, raw, time.monotonic_ns())
        self._taken[attempt_id] = slot
        for artifact in task.artifacts:
            self._cache.pin(artifact)
        self._problems.prepare(body["problemKey"], slot.device["model"])
        slot.submit(task)

    def on_retract(self, header: Retract, _frame: Frame) -> None:
        retracted: list[str] = []
        for attempt_id in header["attemptIds"]:
            slot = self._taken.get(attempt_id)
            if slot is not None and slot.retract(attempt_id):
                retracted.append(attempt_id)
        self._ports.send({"type": "retracted", "attemptIds": retracted})

    def on_cancel(self, header: Cancel, _frame: Frame) -> None:
        slot = self._taken.get(header["attemptId"])
        if slot is not None:
            slot.cancel(header["attemptId"])

    def on_new_connection(self) -> None:
        """What an earlier one was sent, a daemon that comes back does not count on."""
        self._plans.clear()

    def abandon(self, infra: InfraFailure) -> None:
        """The daemon is gone."""
        for slot in self._slots.values():
            slot.abandon(infra)

    def missing_artifact(self, task: Task) -> Optional[str]:
        return next((artifact for artifact in task.artifacts if self._cache.meta(artifact) is None), None)

    def on_damaged(self, task: Task) -> None:
        for artifact in task.artifacts:
            self._cache.discard(artifact)
        self._problems.renew(task.body["problemKey"])

    def on_released(self, task: Task) -> None:
        self._taken.pop(task.attempt_id, None)
        for artifact in task.artifacts:
            self._cache.unpin(artifact)
