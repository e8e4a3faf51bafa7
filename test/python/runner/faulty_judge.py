"""A judge for tests that fails as asked: `faulty_judge.py FOLDER`. What to do with a task is the name of its first plan.

passed: answers. context_lost: answers `crashed` with contextLost and exits with 3. retires: passes
and is not to be used again. die_early: killed before its first phase.
die_late: SIGSEGV in phase check. killed_late: SIGKILL there. ended_late: SIGTERM. exit_late: exits with 7 in phase measure.
hang: says phase check, listens and never answers. mute: as hang, but says nothing. stops: SIGSTOP there. waits: waits WAIT_S for the
device's lock, then answers. locked: has waited for it in vain. accompanied: waits for a process in which a program answers, and
asks for it. waits_for_companion: that it waits for one is the last it says. learns: answers, then tells what it learned. no_memory: fails with
out_of_memory.
FOLDER/told holds a line for every start and every frame but tasks: pid, what, more. FOLDER/gate: how many judges, in the order of their starts, may
become ready.
FOLDER/bad_starts holds how many starts must fail (exit 1), FOLDER/bad_canaries how many canaries, FOLDER/foreign how many times a foreign
process is seen; each counts down.
"""
import os
import signal
import sys
import time
from pathlib import Path
from typing import Callable, Optional

from kiln_runner.frames import encode, read_frame

FOLDER = Path(sys.argv[1])
WAIT_S = 1.5


def say(header: dict) -> None:
    os.write(1, encode(header))


def take(name: str) -> bool:
    """True while the count in the file is not used up."""
    path = FOLDER / name
    left = int(path.read_text()) if path.exists() else 0
    if left > 0:
        path.write_text(str(left - 1))
    return left > 0


def phase(task: dict, name: str) -> None:
    say({"type": "phase", "attemptId": task["attemptId"], "phase": name, "case": "case-0"})


def note(what: str, more: str) -> None:
    with open(FOLDER / "told", "a", encoding="utf-8") as reported:
        reported.write(f"{os.getpid()} {what} {more}\n")


def note_frame(frame: Optional[tuple[dict, bytes]]) -> dict:
    """Its header; the end of the stream ends this judge."""
    if frame is None:
        sys.exit(0)
    header = frame[0]
    if header["type"] in ("problem", "known"):
        note(header["type"], ",".join([*header.get("trusted", []), *(str(b["measuredAtNs"]) for b in header.get("baselines", []))]))
    elif header["type"] == "upcoming":
        note("upcoming", f"{header['attemptId']} {','.join(side + ':' + of['artifact'] for side, of in header['programs'].items())}".strip())
    return header


def answer(task: dict, outcome: Optional[dict], context_lost: bool, infra: Optional[dict] = None, **more: str) -> None:
    phases = {"loadMs": 1, "checkMs": 2, "measureMs": 3, "lockMs": 0, "totalMs": 6}
    say({
        "type": "result", "attemptId": task["attemptId"], "outcome": outcome, "infra": infra, "phases": phases, "telemetry": None,
        "contextLost": context_lost, **more,
    })


def passes(task: dict, **more: str) -> None:
    answer(task, {"verdict": "passed", "timings": [], "checkedCases": 1}, False, **more)


def learns(task: dict) -> None:
    passes(task)
    baseline = {"case": "case-0", "batch": 1, "statistics": {"medianNs": 5}, "measuredAtNs": 7}
    say({"type": "learned", "problemKey": task["problemKey"], "trusted": ["case-0"], "baselines": [baseline]})


def loses_context(task: dict) -> None:
    answer(task, {"verdict": "crashed", "case": "case-0", "message": "CUDA_ERROR_ILLEGAL_ADDRESS"}, True)
    sys.exit(3)


def gets_signal(task: dict, number: int, at: Optional[str] = None) -> None:
    if at is not None:
        phase(task, at)
    os.kill(os.getpid(), number)


def exits_late(task: dict) -> None:
    phase(task, "measure")
    os._exit(7)


def waits(task: dict) -> None:
    phase(task, "check")
    say({"type": "waiting", "attemptId": task["attemptId"], "begins": True})
    time.sleep(WAIT_S)
    say({"type": "waiting", "attemptId": task["attemptId"], "begins": False})
    passes(task)


def is_accompanied(task: dict) -> None:
    """Waits for a process in which a program answers, for longer than its limit; then until it is told that it has ended."""
    phase(task, "load")
    waits_for_companion(task)
    time.sleep(WAIT_S)
    say({"type": "waiting", "attemptId": task["attemptId"], "begins": False, "companion": True})
    say({
        "type": "companion", "id": "7.1", "artifact": "a", "environment": "torch", "environmentKey": "e", "program": {}, "socket": "/nowhere",
        "limitS": 9,
    })
    while note_frame(read_frame(sys.stdin.buffer))["type"] != "companion_ended":
        pass
    say({"type": "end_companion", "id": "7.1"})
    passes(task)


def waits_for_companion(task: dict) -> None:
    say({"type": "waiting", "attemptId": task["attemptId"], "begins": True, "companion": True})


def waits_for_ever(task: dict) -> None:
    phase(task, "load")
    waits_for_companion(task)
    listens()


def listens() -> None:
    while True:
        note_frame(read_frame(sys.stdin.buffer))


def hangs(task: dict) -> None:
    phase(task, "check")
    listens()


BEHAVIOURS: dict[str, Callable[[dict], None]] = {
    "passed": passes,
    "retires": lambda task: passes(task, retires="its code calls malloc"),
    "learns": learns,
    "no_memory": lambda task: answer(task, None, False, {"code": "out_of_memory", "message": "full"}),
    "context_lost": loses_context,
    "die_early": lambda task: gets_signal(task, signal.SIGKILL),
    "die_late": lambda task: gets_signal(task, signal.SIGSEGV, at="check"),
    "killed_late": lambda task: gets_signal(task, signal.SIGKILL, at="check"),
    "ended_late": lambda task: gets_signal(task, signal.SIGTERM, at="check"),
    "exit_late": exits_late,
    "stops": lambda task: gets_signal(task, signal.SIGSTOP, at="check"),
    "waits": waits,
    "accompanied": is_accompanied,
    "waits_for_companion": waits_for_ever,
    "locked": lambda task: answer(task, None, False, {"code": "device_locked", "message": "the lock is held by pid 7"}),
    "hang": hangs,
    "mute": lambda _task: listens(),
}


if take("bad_starts"):
    sys.stderr.write("no context today\n")
    sys.exit(1)
with open(FOLDER / "starts", "a", encoding="utf-8") as starts:
    starts.write(f"{os.getpid()}\n")
note("start", " ".join(sys.argv[2:]))
starts_before = [line.split()[0] for line in (FOLDER / "told").read_text().splitlines() if " start " in line]
while (FOLDER / "gate").exists() and starts_before.index(str(os.getpid())) >= int((FOLDER / "gate").read_text() or 0):
    time.sleep(0.005)
foreign = "foreign process 7 (somebody) computes on this GPU" if take("foreign") else None
say({"type": "ready", "device": {"id": "GPU-test", "copyBytesPerSecond": 3e12, "unavailable": foreign}})
while True:
    header = note_frame(read_frame(sys.stdin.buffer))
    if header["type"] == "judge":
        BEHAVIOURS[next(iter(header["task"]["plans"]))](header["task"])
    elif header["type"] == "canary":
        ok = not take("bad_canaries")
        refusal = foreign if header.get("recheck") and take("foreign") else None
        say({"type": "canary", "ok": ok, "message": "" if ok else "wrong sum", "ms": 1, "unavailable": refusal})
