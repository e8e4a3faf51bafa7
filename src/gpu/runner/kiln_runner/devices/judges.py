"""The judge processes of one device: a resident that works and, for GPUs, standbys with live contexts that take over at once.

Modes:
- idle: nothing started yet (`start` begins).
- starting: the first judge is on its way; its `ready` makes it the resident.
- serving: the resident takes tasks. Exit: `replace`, or its death.
- recovering: the resident is gone; the next ready judge must pass a canary before it serves.
- refusing: the judge says the device is unavailable (somebody computes on it, or holds its lock); a canary is tried again every RECHECK_S.
- stopped.
Invariant: `usable` exactly in serving; only the resident's frames reach the owner. Judges that do not start are tried again, more
and more slowly; after START_FAILURES_MAX in a row the device is unavailable until one does.

A new context takes longer than ten judgements, and the driver makes those of a whole host one after the other: of three that are begun
together each is ready when all are. So as many are parked as a burst of faults may take, before the first fault and not after it, and
few are begun at a time. Then a stream in which every tenth candidate takes the context never waits for one. Parked judges are told the
problems in use (briefing.py), so that their first judgement is like any other. They do not change what is measured beside them.
"""
import asyncio
from typing import Callable, NamedTuple, Optional

from kiln_runner.devices.briefing import Briefing
from kiln_runner.devices.judge_process import JudgeProcess
from kiln_runner.process import Children, Command
from kiln_runner.protocol import Device, Json

STARTING_MAX = 4
# After a judgement lacked memory nothing is parked until the same code was tried again, for so long at most: it must find the device empty.
ROOM_S = 60.0
CANARY_TIMEOUT_S = 15.0
RECHECK_S = 10.0
RETRY_FIRST_S = 0.2
RETRY_MAX_S = 60.0
START_FAILURES_MAX = 3


class JudgesEvents(NamedTuple):
    """`usable`: a judge can take a task now. `frame`: of the resident. `lost`: it died by itself, with this code.
    `device`: what a judge says of the device. `unavailable`: why the device takes no work, or None again."""

    usable: Callable[[], None]
    frame: Callable[[Json], None]
    lost: Callable[[int], None]
    device: Callable[[Device], None]
    unavailable: Callable[[Optional[str]], None]


class Judges:
    def __init__(self, children: Children, command: Command, events: JudgesEvents, *, standbys: int) -> None:
        self._children = children
        self._loop = children.loop
        self._command = command
        self._events = events
        self._standbys_max = standbys
        self._briefing = Briefing()
        self._was_ready = False
        self._room_timer: Optional[asyncio.TimerHandle] = None
        # The artifact that lacked memory.
        self._room_for: Optional[str] = None
        self._mode = "idle"
        self._failures = 0
        # Of the resident: its canary's limit, or its next canary. And of judges that did not start.
        self._timer: Optional[asyncio.TimerHandle] = None
        self._retry_timer: Optional[asyncio.TimerHandle] = None
        self._standbys: list[JudgeProcess] = []
        self.resident: Optional[JudgeProcess] = None

    @property
    def usable(self) -> bool:
        return self._mode == "serving"

    def start(self) -> None:
        if self._mode == "idle":
            self._mode = "starting"
            self._spawn()

    def hurry(self) -> None:
        """Those that did not start are tried again now."""
        if self._retry_timer is not None:
            self._retry_timer.cancel()
            self._retry()

    def replace(self) -> None:
        """Kills the resident; `usable` tells when the next one has passed its canary."""
        if self._mode in ("idle", "stopped"):
            return
        resident, self.resident = self.resident, None
        if resident is not None:
            resident.kill()
        self._recover()

    def judge(self, raw_task_frame: bytes, problem_key: str, problem_frame: bytes) -> int:
        """Gives the resident a task, then the others its problem. Returns the resident's pid."""
        resident = self.resident
        assert resident is not None, "a task is only given to a device that is usable"
        self._briefing.introduce(resident, problem_key, problem_frame)
        resident.judge(raw_task_frame)
        if self._briefing.use(problem_key, problem_frame):
            for judge in self._ready_standbys():
                self._briefing.brief(judge)
        return resident.pid

    def announce(self, frame: bytes) -> None:
        """Tells the resident which task comes next."""
        if self.resident is not None:
            self.resident.tell(frame)

    def refuse(self, reason: str) -> None:
        """The resident found that nobody can work on the device now."""
        if self.usable:
            self._accept(reason)

    def judged(self, artifact: str, lacked_memory: bool) -> None:
        """Code that lacks memory is given room once, until it was tried again: without parked judges every fault costs the start of one."""
        if artifact == self._room_for:
            self._end_of_room()
        elif lacked_memory:
            self._make_room(artifact)

    def _make_room(self, artifact: str) -> None:
        parked, self._standbys = self._standbys, []
        for judge in parked:
            judge.kill()
        self._room_for = artifact
        if self._room_timer is None:
            self._room_timer = self._loop.call_later(ROOM_S, self._end_of_room)

    def stop(self) -> None:
        self._mode = "stopped"
        self._cancel_timer()
        for timer in (self._retry_timer, self._room_timer):
            if timer is not None:
                timer.cancel()
        for judge in [self.resident, *self._standbys]:
            if judge is not None:
                judge.kill()
        self.resident, self._standbys = None, []

    def _spawn(self) -> None:
        try:
            command = self._command
            if self._was_ready:
                command = command._replace(argv=[*command.argv, "--standby"])
            self._standbys.append(JudgeProcess(self._children, command, self._on_frame, self._on_exit))
        except OSError as error:
            self._failed(f"the judge cannot be started: {error}")

    def _fill(self) -> None:
        """As many standbys as there should be. Only beside a resident that serves: what it has shown, they can do too."""
        if self._mode != "serving" or self._room_timer is not None:
            return
        missing, starting = self._standbys_max - len(self._standbys), len(self._standbys) - len(self._ready_standbys())
        for _ in range(min(missing, STARTING_MAX - starting)):
            if self._retry_timer is None:
                self._spawn()

    def _ready_standbys(self) -> list[JudgeProcess]:
        return [judge for judge in self._standbys if judge.ready]

    def _end_of_room(self) -> None:
        if self._room_timer is not None:
            self._room_timer.cancel()
        self._room_timer = self._room_for = None
        self._fill()

    def _recover(self) -> None:
        self._mode = "recovering"
        self._promote()

    def _promote(self) -> None:
        """Makes the next judge the resident, as soon as there is one that is ready."""
        if self.resident is not None:
            return
        ready = next(iter(self._ready_standbys()), None)
        if ready is not None:
            self._standbys.remove(ready)
            self.resident = ready
            if self._mode == "starting":
                self._accept(self._refusal_of_ready())
            else:
                self._ask_canary()
        elif not self._standbys:
            self._spawn()

    def _refusal_of_ready(self) -> Optional[str]:
        return (self.resident.device or {}).get("unavailable") if self.resident else None

    def _ask_canary(self) -> None:
        self._cancel_timer()
        if self.resident is not None:
            self.resident.canary(recheck=self._mode == "refusing")
            self._timer = self._loop.call_later(CANARY_TIMEOUT_S, self._canary_failed, "no answer to the canary")

    def _canary_failed(self, message: str) -> None:
        self._cancel_timer()
        resident, self.resident = self.resident, None
        if resident is not None:
            resident.kill()
        self._mode = "recovering"
        self._failed(f"canary failed: {message}")

    def _accept(self, refusal: Optional[str]) -> None:
        """The resident works. It serves unless the device is taken by somebody else."""
        self._cancel_timer()
        self._failures = 0
        self._events.unavailable(refusal)
        if refusal is not None:
            self._mode = "refusing"
            self._timer = self._loop.call_later(RECHECK_S, self._ask_canary)
            return
        self._mode = "serving"
        # The owner's next task first, then the replacement of what was used up.
        self._events.usable()
        self._fill()

    def _failed(self, reason: str) -> None:
        self._failures += 1
        if self._failures >= START_FAILURES_MAX and not self.usable:
            self._events.unavailable(reason)
        delay = min(RETRY_MAX_S, RETRY_FIRST_S * 2 ** min(self._failures, 16))
        if self._retry_timer is None:
            self._retry_timer = self._loop.call_later(delay, self._retry)

    def _retry(self) -> None:
        self._retry_timer = None
        self._fill()
        if self._mode not in ("serving", "stopped"):
            self._promote()

    def _on_frame(self, judge: JudgeProcess, header: Json) -> None:
        kind = header["type"]
        if kind == "ready" and judge.device is not None:
            self._was_ready = True
            self._events.device(judge.device)
            if judge in self._standbys and self._mode != "serving":
                self._promote()
            # After the canary of one that takes over.
            self._briefing.brief(judge)
            self._fill()
        elif judge is self.resident and kind == "canary":
            self._on_canary(header)
        elif judge is self.resident and kind == "learned":
            self._briefing.learn(header, self._ready_standbys())
        elif judge is self.resident:
            self._events.frame(header)

    def _on_canary(self, header: Json) -> None:
        if header.get("ok"):
            self._accept(header.get("unavailable"))
        else:
            self._canary_failed(str(header.get("message", "")))

    def _on_exit(self, judge: JudgeProcess, code: int) -> None:
        if judge in self._standbys:
            self._standbys.remove(judge)
            self._failed(f"the judge ended with {code} before it was ready; its last words: {judge.last_words}")
        elif judge is self.resident:
            self._on_resident_exit(code)

    def _on_resident_exit(self, code: int) -> None:
        self.resident = None
        was_serving = self._mode == "serving"
        self._mode = "recovering"
        if was_serving:
            # First the owner, who knows what it was doing; then the successor.
            self._events.lost(code)
            self._recover()
        else:
            self._cancel_timer()
            self._failed(f"the judge ended with {code} while it was tested")

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
