"""One device: its queue of tasks, the one that runs, and what came of it.

A task is queued -> running -> finished, or leaves by `retract` (queued only) or `cancel`. The next task is written to the judge
in the same callback that reads a result, before that result is written to disk or sent: the device never waits for bookkeeping.
Tasks start in the order they came, except that one whose problem is still being prepared lets others pass.
Between two tasks the device may be lent to a profile: then no task starts until it is taken back. While tasks wait, they have the
device for at least as long as the profile before had it.
A task's limit runs from the judge's first word of it, and not while the judge waits for the device's lock: it is the candidate's own time.
Invariant: at most one task or borrower has the device; every task that was accepted has exactly one result, unless it was retracted or forgotten.
"""
import asyncio
import signal
import time
from collections import OrderedDict
from typing import Callable, NamedTuple, Optional, Union

from kiln_runner.devices.judge_process import JudgeCommand
from kiln_runner.devices.judges import Judges, JudgesEvents
from kiln_runner.devices.standby_count import standbys_for
from kiln_runner.devices.task import NO_PHASES, NS_PER_MS, Running, Task, infra_of, result_of, upcoming_frame
from kiln_runner.devices.use_totals import UseTotals
from kiln_runner.judge.device_lock import LOCKED, WAIT_S_MAX
from kiln_runner.process import Children
from kiln_runner.time_limit import TimeLimit

QUEUED_MAX = 4096
# A result that tells how long the device was lost waits for the device to be back, but not longer than this.
HELD_S = 10.0
# From a task's way to the judge to its first word of it: the modules of a problem are loaded, none of them the candidate's.
BEGIN_S_MAX = 60.0
# The judge itself tells of a lock that it waited for too long, unless it cannot.
LOCK_GRACE_S = 10.0
# What a judge says when a file of the cache is not what it was.
DAMAGE_CODES = ("unknown_artifact", "reference_failed", "baseline_failed")


class Preparing(NamedTuple):
    """The problem's reference and baseline are being compiled."""


class Prepared(NamedTuple):
    """`frame` is the encoded `problem` frame for a judge."""

    frame: bytes


class Unpreparable(NamedTuple):
    infra: dict


class SlotEvents(NamedTuple):
    """What the slot needs and tells. `finished(result, started)`: `started` is the attempt that began in the same moment. `damaged`: an
    artifact that the task needs cannot be used."""

    problem: Callable[[str], Union[Preparing, Prepared, Unpreparable]]
    missing_artifact: Callable[[Task], Optional[str]]
    started: Callable[[str, str], None]
    finished: Callable[[dict, Optional[str]], None]
    released: Callable[[Task], None]
    device_changed: Callable[[str], None]
    damaged: Callable[[Task], None]


class Borrower(NamedTuple):
    """`begin`: the device is yours, until you call `take_back`. `refused(infra)`: it will not be; nothing has begun."""

    begin: Callable[[], None]
    refused: Callable[[dict], None]


class DeviceSlot:
    def __init__(self, children: Children, device: dict, command: JudgeCommand, events: SlotEvents) -> None:
        self.device = device
        self.totals = UseTotals(time.monotonic_ns())
        self._loop = children.loop
        self._events = events
        self._queue: OrderedDict[str, Task] = OrderedDict()
        self._running: Optional[Running] = None
        # The task that the judge was told to come next.
        self._announced: Optional[str] = None
        self._limit: Optional[TimeLimit] = None
        self._lock_timer: Optional[asyncio.TimerHandle] = None
        self._held: Optional[dict] = None
        self._held_timer = None
        self._lost_since_ns: Optional[int] = None
        self._borrowers: list[Borrower] = []
        self._is_lent = False
        self._lend_after_ns = 0
        judges_events = JudgesEvents(self._on_usable, self._on_frame, self._on_lost, self._on_device, self._on_unavailable)
        self._judges = Judges(children, command, judges_events, standbys=standbys_for(device))

    @property
    def queued_ids(self) -> list[str]:
        return list(self._queue)

    @property
    def unfinished_ids(self) -> list[str]:
        """What has started and has no result yet that was told."""
        held = [self._held["attemptId"]] if self._held else []
        return held + ([self.running_id] if self.running_id else [])

    @property
    def running_id(self) -> Optional[str]:
        return self._running.task.attempt_id if self._running else None

    def start(self) -> None:
        """Starts the judges now, also those that did not start before; without it they start with the first task."""
        self._judges.start()
        self._judges.hurry()

    def submit(self, task: Task) -> None:
        if self.device["unavailable"] is not None:
            self._refuse(task, infra_of("device_lost", f"{self.device['id']} is unavailable: {self.device['unavailable']}"))
        elif len(self._queue) >= QUEUED_MAX:
            self._refuse(task, infra_of("internal", f"{self.device['id']} has {QUEUED_MAX} tasks queued already"))
        else:
            self._queue[task.attempt_id] = task
            self._judges.start()
            self.pump()
            if self._announced is None:
                self._announce()

    def retract(self, attempt_id: str) -> bool:
        """True when it was queued here; it is forgotten then."""
        task = self._queue.pop(attempt_id, None)
        if task is not None:
            self._withdraw(attempt_id)
            self._events.released(task)
        return task is not None

    def cancel(self, attempt_id: str) -> None:
        if attempt_id in self._queue:
            task = self._queue.pop(attempt_id)
            self._withdraw(attempt_id)
            self._release(task, result_of(self.device["id"], attempt_id, NO_PHASES, outcome={"verdict": "cancelled"}))
        elif attempt_id == self.running_id:
            self._break_off(outcome={"verdict": "cancelled"})

    def abandon(self, infra: dict) -> None:
        """The daemon is gone: what is queued is forgotten, what runs is killed and has `infra` for its result."""
        for attempt_id in self.queued_ids:
            self.retract(attempt_id)
        if self._running is not None:
            self._break_off(infra=infra)

    def lend(self, borrower: Borrower) -> None:
        self._borrowers.append(borrower)
        self._judges.start()
        self.pump()

    def withdraw(self, borrower: Borrower) -> bool:
        """True when it had not begun; it is forgotten then."""
        if borrower not in self._borrowers:
            return False
        self._borrowers.remove(borrower)
        return True

    def take_back(self) -> None:
        now = time.monotonic_ns()
        self._is_lent = False
        self._lend_after_ns = now + int(self.totals.returned(now) * NS_PER_MS)
        self.pump()

    def stop(self) -> None:
        self._cancel_limit()
        self._judges.stop()

    def pump(self) -> None:
        """Starts the next task if the device is free and tells so."""
        started = self._start_next()
        if started is not None:
            self._events.started(started, self.device["id"])

    def _start_next(self) -> Optional[str]:
        if self._running is not None or self._is_lent or not self._judges.usable:
            return None
        is_turn = time.monotonic_ns() >= self._lend_after_ns
        started = None if self._borrowers and is_turn else self._start_task()
        if started is None and self._borrowers:
            self._is_lent = True
            self.totals.lent(time.monotonic_ns())
            self._borrowers.pop(0).begin()
        return started

    def _start_task(self) -> Optional[str]:
        while True:
            task = self._next_startable()
            if task is None:
                return None
            del self._queue[task.attempt_id]
            problem, missing = self._events.problem(task.body["problemKey"]), self._events.missing_artifact(task)
            if isinstance(problem, Unpreparable):
                self._refuse(task, problem.infra)
            elif missing is not None:
                self._refuse(task, infra_of("unknown_artifact", f"artifact {missing} is not on this host; compile it again"))
            else:
                self._begin(task, problem)
                return task.attempt_id

    def _next_startable(self) -> Optional[Task]:
        """The oldest task whose problem is not still being prepared."""
        for task in self._queue.values():
            if not isinstance(self._events.problem(task.body["problemKey"]), Preparing):
                return task
        return None

    def _begin(self, task: Task, problem: Prepared) -> None:
        self._judges.judge(task.raw, task.body["problemKey"], problem.frame)
        now = time.monotonic_ns()
        self._running = Running(task, now, self.totals.started(now, task.work_since_ns))
        self._limit_to(BEGIN_S_MAX, self._not_begun)
        # The judge has it now, or has dropped it for this one.
        self._announced = None
        self._announce()

    def _withdraw(self, attempt_id: str) -> None:
        if attempt_id == self._announced:
            self._announce()

    def _announce(self) -> None:
        """Tells the judge what comes next, while it has something to do. Not a cpu's: it could not use it."""
        upcoming = self._next_startable() if self._running is not None and self.device["kind"] == "gpu" else None
        attempt_id = upcoming.attempt_id if upcoming else None
        if attempt_id != self._announced:
            self._announced = attempt_id
            self._judges.announce(upcoming_frame(upcoming))

    def _on_frame(self, header: dict) -> None:
        running = self._running
        if running is None or header.get("attemptId") != running.task.attempt_id:
            return
        if header["type"] == "phase":
            if running.phase is None:
                self._limit_to(running.task.body["limitMs"] / 1000, self._over_limit)
            running.enter(header["phase"], header.get("case") or "", time.monotonic_ns())
        elif header["type"] == "waiting":
            self._on_waiting(header["begins"])
        elif header["type"] == "result":
            self._on_result(running, header)

    def _on_result(self, running: Running, header: dict) -> None:
        now = time.monotonic_ns()
        result = {
            "attemptId": running.task.attempt_id, "deviceId": self.device["id"], "outcome": header["outcome"],
            "infra": header["infra"], "phases": running.complete_phases(header["phases"]), "telemetry": header["telemetry"],
        }
        failure = (header["infra"] or {}).get("code")
        self._end(now, result["phases"], lacked_memory=failure == "out_of_memory")
        if failure in DAMAGE_CODES:
            self._events.damaged(running.task)
        elif failure == LOCKED:
            self._judges.refuse(header["infra"]["message"])
        if header.get("contextLost"):
            self._hold(result, now)
            self._judges.replace()
        elif header.get("retires"):
            # Nothing is wrong, so the result does not wait: only the next task goes to another judge.
            self._lose(now)
            self._judges.replace()
            self._events.finished(result, None)
        else:
            self._release(running.task, result)
            return
        self._events.released(running.task)

    def _limit_to(self, seconds: float, on_over: Callable[[Optional[str]], None]) -> None:
        self._cancel_limit()
        self._limit = TimeLimit(self._loop, self._judges.resident.pid, seconds, on_over)

    def _on_waiting(self, begins: bool) -> None:
        """For the device's lock."""
        self._cancel_lock_timer()
        if begins:
            self._limit.pause()
            self._lock_timer = self._loop.call_later(WAIT_S_MAX + LOCK_GRACE_S, self._over_lock)
        else:
            self._limit.resume()

    def _over_lock(self) -> None:
        self._break_off(infra=infra_of(LOCKED, f"the judge waits for the lock of {self.device['id']} and does not give up by itself"))

    def _not_begun(self, why: Optional[str]) -> None:
        reason = why or f"it said nothing of the task for {BEGIN_S_MAX:.0f} s"
        self._break_off(infra=infra_of("suspended", f"the judge did not begin: {reason}"))

    def _over_limit(self, why: Optional[str]) -> None:
        """Time that the judge did not get is no fault of the candidate's."""
        running = self._running
        if why is None:
            self._break_off(outcome=running.timed_out(), hold=True)
        else:
            at = f"{running.phase} {running.case}".rstrip()
            self._break_off(infra=infra_of("suspended", f"the judge did not get its time at {at}: {why}"))

    def _on_lost(self, code: int) -> None:
        """The resident died by itself. Not the candidate's fault where nothing of it had run yet, where it cannot reach the judge (the cpu
        device runs it in a process of its own), or where SIGKILL says that somebody else did it."""
        running = self._running
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        if running is None:
            self._lose(time.monotonic_ns())
        elif running.phase is None or code == -signal.SIGKILL or self.device["kind"] == "cpu":
            at = f"at {running.phase} {running.case}".rstrip() if running.phase else "before it touched the candidate"
            self._break_off(infra=infra_of("worker_died", f"the judge process died with {how} {at}"))
        else:
            message = f"judge process died with {how}"
            self._break_off(outcome={"verdict": "crashed", "case": running.case, "message": message}, hold=True)

    def _break_off(self, *, outcome: Optional[dict] = None, infra: Optional[dict] = None, hold: bool = False) -> None:
        running, now = self._running, time.monotonic_ns()
        phases = running.broken_phases(now)
        result = result_of(self.device["id"], running.task.attempt_id, phases, outcome=outcome, infra=infra)
        self._end(now, phases)
        if hold:
            self._hold(result, now)
        else:
            self._lose(now)
            self._events.finished(result, None)
        self._events.released(running.task)
        self._judges.replace()

    def _end(self, now_ns: int, phases: dict, lacked_memory: bool = False) -> None:
        self._cancel_limit()
        self._judges.judged(self._running.task.body["artifact"], lacked_memory)
        self._running = None
        self.totals.finished(now_ns, phases)

    def _hold(self, result: dict, now_ns: int) -> None:
        """Keeps the result until the device is back, so that it tells how long the candidate cost it."""
        self._lose(now_ns)
        self._held = result
        self._held_timer = self._loop.call_later(HELD_S, self._let_go, None)

    def _let_go(self, started: Optional[str]) -> None:
        result, self._held = self._held, None
        self._held_timer.cancel()
        self._events.finished(result, started)

    def _lose(self, now_ns: int) -> None:
        self._lost_since_ns = now_ns
        self.totals.busy(now_ns)

    def _on_usable(self) -> None:
        now = time.monotonic_ns()
        lost_since_ns, self._lost_since_ns = self._lost_since_ns, None
        if lost_since_ns is not None:
            lost_ms = (now - lost_since_ns) / NS_PER_MS
            self.totals.lost(lost_ms)
            self.totals.free(now)
            if self._held is not None and (self._held["outcome"] or {}).get("verdict") in ("timed_out", "crashed"):
                self._held["outcome"]["lostMs"] = lost_ms
        if self._held is not None:
            self._let_go(self._start_next())
        else:
            self.pump()
        if lost_since_ns is not None:
            self._events.device_changed(self.device["id"])

    def _on_device(self, device: dict) -> None:
        if device.get("id") == self.device["id"]:
            told = {key: device[key] for key in self.device if key in device and key != "unavailable"}
            # The best of all judges: a standby measures it beside a candidate that is being timed.
            rates = [known["copyBytesPerSecond"] for known in (self.device, device) if known.get("copyBytesPerSecond")]
            told["copyBytesPerSecond"] = max(rates, default=None)
            self.device = {**self.device, **told}
            self._events.device_changed(self.device["id"])

    def _on_unavailable(self, reason: Optional[str]) -> None:
        if reason == self.device["unavailable"]:
            return
        self.device = {**self.device, "unavailable": reason}
        self._events.device_changed(self.device["id"])
        if reason is not None:
            while self._queue:
                self._refuse(self._queue.popitem(last=False)[1], infra_of("device_lost", f"{self.device['id']} is unavailable: {reason}"))
            waiting, self._borrowers = self._borrowers, []
            for borrower in waiting:
                borrower.refused(infra_of("device_lost", f"{self.device['id']} is unavailable: {reason}"))

    def _refuse(self, task: Task, infra: dict) -> None:
        self._events.finished(result_of(self.device["id"], task.attempt_id, NO_PHASES, infra=infra), None)
        self._events.released(task)

    def _release(self, task: Task, result: dict) -> None:
        self._events.finished(result, self._start_next())
        self._events.released(task)

    def _cancel_limit(self) -> None:
        self._cancel_lock_timer()
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _cancel_lock_timer(self) -> None:
        if self._lock_timer is not None:
            self._lock_timer.cancel()
            self._lock_timer = None
