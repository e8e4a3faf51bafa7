"""Jobs: commands that outlive connections, daemons and versions of the runner. All that is known of one is in its folder.

A folder holds: job.json (what was asked), lock (held by its supervisor while it lives), pid, command (job_processes.py), end.json (how it ended),
log-… Its state: running while the lock is held; ended with an end.json; otherwise unwatched while a process of it lives, as when its supervisor was
killed; then lost, as when the host was restarted.
"""
import fcntl
import functools
import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any, Callable, Optional

from kiln_runner.hostwork import job_processes
from kiln_runner.hostwork.channel import Refused
from kiln_runner.protocol import Json

JOBS_KEPT_MAX = 200
KEPT_S = 14 * 86_400.0
RUNNING_MAX = 100
POLL_S = 0.05
# All processes of the host are looked at.
UNWATCHED_POLL_S = 0.5


def folder_of(home: Path, job_id: str) -> Path:
    folder = home / "jobs" / job_id
    if not (folder / "job.json").exists():
        raise Refused(f"there is no job {job_id} on this host: kiln host jobs lists those there are", "NOT_FOUND")
    return folder


def all_jobs(home: Path) -> list[Json]:
    """Newest first."""
    folders = [path.parent for path in (home / "jobs").glob("j-*/job.json")]
    living = functools.cache(job_processes.living)
    known = [view for folder in folders if (view := view_of(folder, living)) is not None]
    return sorted(known, key=lambda job: job["startedAtMs"], reverse=True)


def view_of(folder: Path, living: Callable[[], job_processes.Processes] = job_processes.living) -> Optional[Json]:
    """None where it is removed meanwhile."""
    try:
        job: Json = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    runs = is_running(folder)
    end = _read(folder / "end.json")
    if end is not None:
        return {**job, "state": {"status": "ended", **end}}
    return {**job, "state": {"status": "running"} if runs else _unwatched(folder, living())}


def _unwatched(folder: Path, living: job_processes.Processes) -> Json:
    left = len(job_processes.of_job(folder, living))
    return {"status": "unwatched", "processes": left} if left > 0 else {"status": "lost"}


def goes_on(job: Json) -> bool:
    return job["state"]["status"] in ("running", "unwatched")


def stop(folder: Path, refuse_hung_up: Callable[[], None]) -> None:
    """Returns when nothing of it is left. `refuse_hung_up()` raises where nobody waits any more."""
    _ask_to_end(folder)
    while is_running(folder):
        refuse_hung_up()
        time.sleep(POLL_S)
    # Also of one whose supervisor was killed meanwhile.
    if not (folder / "end.json").exists():
        job_processes.end(folder, refuse_hung_up)


def _ask_to_end(folder: Path) -> None:
    """Its supervisor. Harmless for one that has ended: the pid counts only while the lock is held."""
    if not is_running(folder):
        return
    try:
        os.kill(int((folder / "pid").read_text()), signal.SIGTERM)
    except (OSError, ValueError):
        return


def await_end(folder: Path, refuse_hung_up: Callable[[], None]) -> None:
    """Returns when nothing of it runs. `refuse_hung_up()` raises where nobody waits any more."""
    while is_running(folder):
        refuse_hung_up()
        time.sleep(POLL_S)
    while not (folder / "end.json").exists() and job_processes.of_job(folder, job_processes.living()):
        refuse_hung_up()
        time.sleep(UNWATCHED_POLL_S)


def remove_old(home: Path, known: list[Json]) -> None:
    """`known`: all jobs, newest first."""
    ended = [job for job in known if not goes_on(job)]
    now_ms = time.time() * 1000
    for number, job in enumerate(ended):
        # Of one that is lost nobody knows when that was.
        since_ms = job["state"].get("endedAtMs", job["startedAtMs"])
        if number >= JOBS_KEPT_MAX or now_ms - since_ms > KEPT_S * 1000:
            shutil.rmtree(home / "jobs" / job["id"], ignore_errors=True)


def is_running(folder: Path) -> bool:
    try:
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _read(path: Path) -> Optional[Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
