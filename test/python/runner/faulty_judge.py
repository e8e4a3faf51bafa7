"""A judge for tests that fails as asked: `faulty_judge.py FOLDER`. What to do with a task is the name of its first plan.

passed: answers. context_lost: answers `crashed` with contextLost and exits with 3. die_early: killed before its first phase.
die_late: SIGSEGV in phase check. killed_late: SIGKILL there. exit_late: exits with 7 in phase measure. hang: says phase check and never answers.
FOLDER/bad_starts holds how many starts must fail (exit 1), FOLDER/bad_canaries how many canaries; each counts down.
"""
import os
import signal
import sys
import time
from pathlib import Path

from kiln_runner.frames import encode, read_frame

FOLDER = Path(sys.argv[1])


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


def answer(task: dict, outcome: dict, context_lost: bool) -> None:
    phases = {"loadMs": 1, "checkMs": 2, "measureMs": 3, "lockMs": 0, "totalMs": 6}
    say({
        "type": "result", "attemptId": task["attemptId"], "outcome": outcome, "infra": None, "phases": phases, "telemetry": None,
        "contextLost": context_lost,
    })


def judge(task: dict) -> None:
    what = next(iter(task["plans"]))
    if what == "passed":
        answer(task, {"verdict": "passed", "timings": [], "checkedCases": 1}, False)
    elif what == "context_lost":
        answer(task, {"verdict": "crashed", "case": "case-0", "message": "CUDA_ERROR_ILLEGAL_ADDRESS"}, True)
        sys.exit(3)
    elif what == "die_early":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "die_late":
        phase(task, "check")
        os.kill(os.getpid(), signal.SIGSEGV)
    elif what == "killed_late":
        phase(task, "check")
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "exit_late":
        phase(task, "measure")
        os._exit(7)
    elif what == "hang":
        phase(task, "check")
        time.sleep(3600)


if take("bad_starts"):
    sys.stderr.write("no context today\n")
    sys.exit(1)
with open(FOLDER / "starts", "a", encoding="utf-8") as starts:
    starts.write(f"{os.getpid()}\n")
say({"type": "ready", "device": {"id": "GPU-test", "copyBytesPerSecond": 3e12, "unavailable": None}})
while True:
    frame = read_frame(sys.stdin.buffer)
    if frame is None:
        sys.exit(0)
    if frame[0]["type"] == "judge":
        judge(frame[0]["task"])
    elif frame[0]["type"] == "canary":
        ok = not take("bad_canaries")
        say({"type": "canary", "ok": ok, "message": "" if ok else "wrong sum", "ms": 1})
