"""One device: its queue of tasks, the one that runs, and what came of it.

A task is queued -> running -> finished, or leaves by `retract` (queued only) or `cancel`. The next task is written to the judge
in the same callback that reads a result, before that result is written to disk or sent: the device never waits for bookkeeping.
Tasks start in the order they came, except that one whose problem is still being prepared lets others pass.
Between two tasks the device may be reserved (reservations.py): then no task starts until that ends.
A task's limit runs from the judge's first word of it, and not while the judge waits for the device's lock
or for a companion: it is the candidate's own time.
Invariant: at most one task or reservation has the device; every task that was accepted has exactly one result, unless it was retracted or forgotten.
"""
import time
from typing import Optional, cast

from kiln_runner.devices.judges import Judges, JudgesEvents
from kiln_runner.devices.losses import Losses
from kiln_runner.devices.reservations import Reservations
from kiln_runner.devices.slot_events import Prepared, SlotEvents, Unpreparable
from kiln_runner.devices.standby_count import standbys_for
from kiln_runner.devices.task import NO_PHASES, Running, Task, infra_of, result_of
from kiln_runner.devices.task_limits import TaskLimits
from kiln_runner.devices.task_queue import QUEUED_MAX, TaskQueue
from kiln_runner.devices.upcoming import Upcoming
from kiln_runner.devices.use_totals import UseTotals
from kiln_runner.ends import by_somebody
from kiln_runner.frames import encode
from kiln_runner.judge.device_lock import LOCKED
from kiln_runner.judge_frames import StartCompanion
from kiln_runner.process import Children, Command
from kiln_runner.protocol import Device, InfraFailure, Json, JudgePhases, JudgeResult
from kiln_runner.protocol_outcomes import Outcome

# From a task's way to the judge to its first word of it: the modules of a problem are loaded, none of them the candidate's.
BEGIN_S_MAX = 60.0
# What a judge says when a file of the cache is not what it was.
DAMAGE_CODES = ("unknown_artifact", "reference_failed", "baseline_failed")


class DeviceSlot:
    def __init__(self, children: Children, device: Device, command: Command, events: SlotEvents) -> None:
        self.device: Device = device
        self.totals = UseTotals(time.monotonic_ns())
        self._events = events
        self._queue = TaskQueue(events.problem)
        self._running: Optional[Running] = None
        self._upcoming = Upcoming(self._next_task, lambda frame: self._judges.announce(frame))
        self._limits = TaskLimits(children.loop, self._over_wait)
        self._losses = Losses(children.loop, self.totals, events.finished)
        self.reservations = Reservations(self.totals, self._on_reservation)
        judges_events = JudgesEvents(self._on_usable, self._on_frame, self._on_lost, self._on_device, self._on_unavailable)
        self._judges = Judges(children, command, judges_events, standbys=standbys_for(device))

    @property
    def queued_ids(self) -> list[str]:
        return self._queue.ids

    @property
    def unfinished_ids(self) -> list[str]:
        """What has started and has no result yet that was sent."""
        return [attempt_id for attempt_id in (self._losses.held_id, self.running_id) if attempt_id is not None]

    @property
    def running_id(self) -> Optional[str]:
        return self._running.task.attempt_id if self._running else None

    def start(self) -> None:
        """Starts the judges now, also those that did not start before; without it they start with the first task."""
        self._judges.start()
        self._judges.hurry()

    def submit(self, task: Task) -> None:
        if self.device["unavailable"] is not None:
            self._refuse(task, self._unavailable())
        elif self._queue.is_full:
            self._refuse(task, infra_of("internal", f"{self.device['id']} has {QUEUED_MAX} tasks queued already"))
        else:
            self._queue.add(task)
            self._judges.start()
            self.pump()
            self._upcoming.on_queued()

    def retract(self, attempt_id: str) -> bool:
        """True when it was queued here; it is forgotten then."""
        task = self._queue.remove(attempt_id)
        if task is not None:
            self._upcoming.on_withdrawn(attempt_id)
            self._events.released(task)
        return task is not None

    def cancel(self, attempt_id: str) -> None:
        queued = self._queue.remove(attempt_id)
        if queued is not None:
            self._upcoming.on_withdrawn(attempt_id)
            self._release(queued, result_of(self.device["id"], attempt_id, NO_PHASES, outcome={"verdict": "cancelled"}))
        elif self._running is not None and attempt_id == self.running_id:
            self._break_off(self._running, outcome={"verdict": "cancelled"})

    def abandon(self, infra: InfraFailure) -> None:
        """The daemon is gone: what is queued is forgotten, what runs is killed and has `infra` for its result."""
        for attempt_id in self.queued_ids:
            self.retract(attempt_id)
        if self._running is not None:
            self._break_off(self._running, infra=infra)

    def stop(self) -> None:
        self._limits.cancel()
        self._judges.stop()
        self._events.companions.end_all(self.device["id"])

    def pump(self) -> None:
        """Starts the next task if the device is free and tells so."""
        started = self._start_next()
        if started is not None:
            self._events.started(started, self.device["id"])

    def _start_next(self) -> Optional[str]:
        if self._running is not None or self.reservations.is_reserved or not self._judges.usable:
            return None
        started = None if self.reservations.has_turn else self._start_task()
        if started is None:
            self.reservations.begin_next()
        return started

    def _start_task(self) -> Optional[str]:
        while True:
            startable = self._queue.next_startable()
            if startable is None:
                return None
            task, problem = startable
            self._queue.remove(task.attempt_id)
            missing = self._events.missing_artifact(task)
            if isinstance(problem, Unpreparable):
                self._refuse(task, problem.infra)
            elif missing is not None:
                self._refuse(task, infra_of("unknown_artifact", f"artifact {missing} is not on this host; compile it again"))
            else:
                self._begin(task, problem)
                return task.attempt_id

    def _begin(self, task: Task, problem: Prepared) -> None:
        pid = self._judges.judge(task.raw, task.body["problemKey"], problem.frame)
        now = time.monotonic_ns()
        running = self._running = Running(task, pid, now, self.totals.started(now, task.work_since_ns))
        self._limits.set(pid, BEGIN_S_MAX, lambda why: self._not_begun(running, why))
        self._upcoming.on_begun()

    def _next_task(self) -> Optional[Task]:
        """For a judge that has something to do. Not for a cpu's: it could not use it."""
        startable = self._queue.next_startable() if self._running is not None and self.device["kind"] == "gpu" else None
        return startable.task if startable else None

    def _on_reservation(self) -> None:
        if self.device["unavailable"] is not None:
            return self.reservations.refuse_all(self._unavailable())
        self._judges.start()
        self.pump()

    def _on_frame(self, header: Json) -> None:
        if header["type"] == "companion":
            self._events.companions.start(self.device, cast(StartCompanion, header), lambda ended: self._judges.announce(encode(ended)))
            return
        if header["type"] == "end_companion":
            return self._events.companions.end(header["id"])
        running = self._running
        if running is None or header.get("attemptId") != running.task.attempt_id:
            return
        if header["type"] == "phase":
            if running.phase is None:
                self._limits.set(running.pid, running.task.body["limitMs"] / 1000, lambda why: self._over_limit(running, why))
            running.enter(header["phase"], header.get("case") or "", time.monotonic_ns())
        elif header["type"] == "waiting":
            self._limits.on_wait(begins=header["begins"], companion=header.get("companion", False))
        elif header["type"] == "result":
            self._on_result(running, header)

    def _on_result(self, running: Running, header: Json) -> None:
        now = time.monotonic_ns()
        result: JudgeResult = {
            "attemptId": running.task.attempt_id, "deviceId": self.device["id"], "outcome": header["outcome"],
            "infra": header["infra"], "phases": running.complete_phases(header["phases"]), "telemetry": header["telemetry"],
        }
        failure = result["infra"]["code"] if result["infra"] is not None else None
        self._end(running, now, result["phases"], lacked_memory=failure == "out_of_memory")
        self._on_failure(running, result["infra"])
        if header.get("contextLost"):
            self._losses.begin(now, result)
            self._replace()
        elif header.get("retires"):
            # Nothing is wrong, so the result does not wait: only the next task goes to another judge.
            self._losses.begin(now)
            self._replace()
            self._events.finished(result, None)
        else:
            self._release(running.task, result)
            return
        self._events.released(running.task)

    def _on_failure(self, running: Running, infra: Optional[InfraFailure]) -> None:
        """What the failure says of the files in the cache, or of the device."""
        if infra is None:
            return
        if infra["code"] in DAMAGE_CODES:
            self._events.damaged(running.task)
        elif infra["code"] == LOCKED:
            self._judges.refuse(infra["message"])

    def _replace(self) -> None:
        self._judges.replace()
        self._events.companions.end_all(self.device["id"])

    def _over_wait(self, companion: bool) -> None:
        if self._running is None:
            return
        if companion:
            self._break_off(self._running, infra=infra_of("suspended", "the judge waits for a process of a program and does not give up by itself"))
        else:
            words = f"the judge waits for the lock of {self.device['id']} and does not give up by itself"
            self._break_off(self._running, infra=infra_of(LOCKED, words))

    def _not_begun(self, running: Running, why: Optional[str]) -> None:
        reason = why or f"it said nothing of the task for {BEGIN_S_MAX:.0f} s"
        self._break_off(running, infra=infra_of("suspended", f"the judge did not begin: {reason}"))

    def _over_limit(self, running: Running, why: Optional[str]) -> None:
        """Time that the judge did not get is no fault of the candidate's."""
        if why is None:
            self._break_off(running, outcome=running.timed_out(), hold=True)
        else:
            at = f"{running.phase} {running.case}".rstrip()
            self._break_off(running, infra=infra_of("suspended", f"the judge did not get its time at {at}: {why}"))

    def _on_lost(self, code: int) -> None:
        """The resident died by itself. Not the candidate's fault where nothing of it had run yet, where it cannot reach the judge (the cpu
        device runs it in a process of its own), or where the signal says that somebody else did it."""
        self._events.companions.end_all(self.device["id"])
        running = self._running
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        if running is None:
            self._losses.begin(time.monotonic_ns())
        elif running.phase is None or by_somebody(code) or self.device["kind"] == "cpu":
            at = f"at {running.phase} {running.case}".rstrip() if running.phase else "before it touched the candidate"
            self._break_off(running, infra=infra_of("worker_died", f"the judge process died with {how} {at}"))
        else:
            message = f"judge process died with {how}"
            self._break_off(running, outcome={"verdict": "crashed", "case": running.case, "message": message}, hold=True)

    def _break_off(
        self, running: Running, *, outcome: Optional[Outcome] = None, infra: Optional[InfraFailure] = None, hold: bool = False
    ) -> None:
        now = time.monotonic_ns()
        phases = running.broken_phases(now)
        result = result_of(self.device["id"], running.task.attempt_id, phases, outcome=outcome, infra=infra)
        self._end(running, now, phases)
        self._losses.begin(now, result if hold else None)
        if not hold:
            self._events.finished(result, None)
        self._events.released(running.task)
        self._replace()

    def _end(self, running: Running, now_ns: int, phases: JudgePhases, *, lacked_memory: bool = False) -> None:
        self._limits.cancel()
        self._judges.judged(running.task.body["artifact"], lacked_memory)
        self._running = None
        self.totals.finished(now_ns, phases)

    def _on_usable(self) -> None:
        was_lost = self._losses.end()
        if self._losses.held_id is not None:
            self._losses.release(self._start_next())
        else:
            self.pump()
        if was_lost:
            self._events.device_changed(self.device["id"])

    def _on_device(self, device: Device) -> None:
        if device.get("id") == self.device["id"]:
            # Whether it is unavailable the judges tell, and not before one serves.
            known = {key: value for key, value in device.items() if key in self.device and key != "unavailable"}
            # The best of all judges: a standby measures it beside a candidate that is being timed.
            rates = [rate for rate in (self.device["copyBytesPerSecond"], device.get("copyBytesPerSecond")) if rate]
            self.device = cast(Device, {**self.device, **known, "copyBytesPerSecond": max(rates, default=None)})
            self._events.device_changed(self.device["id"])

    def _on_unavailable(self, reason: Optional[str]) -> None:
        if reason == self.device["unavailable"]:
            return
        self.device = {**self.device, "unavailable": reason}
        self._events.device_changed(self.device["id"])
        if reason is not None:
            infra = self._unavailable()
            for task in self._queue.remove_all():
                self._refuse(task, infra)
            self.reservations.refuse_all(infra)

    def _unavailable(self) -> InfraFailure:
        return infra_of("device_lost", f"{self.device['id']} is unavailable: {self.device['unavailable']}")

    def _refuse(self, task: Task, infra: InfraFailure) -> None:
        self._events.finished(result_of(self.device["id"], task.attempt_id, NO_PHASES, infra=infra), None)
        self._events.released(task)

    def _release(self, task: Task, result: JudgeResult) -> None:
        self._events.finished(result, self._start_next())
        self._events.released(task)
