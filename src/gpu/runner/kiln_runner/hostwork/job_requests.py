"""What is asked about jobs: start one, list them, follow the log of one, wait for its end, stop it."""
import json
import secrets
import select
import shutil
import subprocess
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path

from kiln_runner.hostwork import jobs
from kiln_runner.hostwork.channel import Channel, Refused
from kiln_runner.hostwork.job_log import LogReader, Record
from kiln_runner.identity import own_environment, self_command
from kiln_runner.protocol import Json

POLL_S = 0.05
START_S = 30.0
JOBS_TOLD_MAX = 500


def start(channel: Channel, order: Json, home: Path) -> None:
    known = jobs.all_jobs(home)
    jobs.remove_old(home, known)
    running = sum(map(jobs.goes_on, known))
    if running >= jobs.RUNNING_MAX:
        raise Refused(f"{running} jobs run on this host, as many as may: stop one (kiln host stop)", "QUEUE_FULL")
    job_id = f"j-{secrets.token_hex(6)}"
    folder = home / "jobs" / job_id
    folder.mkdir(mode=0o700, parents=True)
    job: Json = {
        "id": job_id, "argv": order["argv"], "cwd": order["cwd"], "env": order["env"], "timeoutMs": order["timeoutMs"], "by": order["by"],
        "name": order["name"], "startedAtMs": round(time.time() * 1000),
    }
    try:
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        _start_supervisor(folder)
    except BaseException:
        # It never was.
        shutil.rmtree(folder, ignore_errors=True)
        raise
    _tell(channel, folder)


def _start_supervisor(folder: Path) -> None:
    process = subprocess.Popen(
        self_command("hostwork-job", "--dir", str(folder)), env=own_environment(), cwd="/", start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )
    out = process.stdout
    if out is None or not select.select([out], [], [], START_S)[0] or out.readline() != b"started\n":
        process.kill()
        raise Refused(f"the job did not start within {START_S:.0f} s")


def list_all(channel: Channel, _order: Json, home: Path) -> None:
    channel.send({"type": "jobs", "jobs": jobs.all_jobs(home)[:JOBS_TOLD_MAX]})


def stop(channel: Channel, order: Json, home: Path) -> None:
    folder = jobs.folder_of(home, order["id"])
    jobs.stop(folder, channel.refuse_hung_up)
    _tell(channel, folder)


def wait(channel: Channel, order: Json, home: Path) -> None:
    folder = jobs.folder_of(home, order["id"])
    jobs.await_end(folder, channel.refuse_hung_up)
    _tell(channel, folder)


def logs(channel: Channel, order: Json, home: Path) -> None:
    folder = jobs.folder_of(home, order["id"])
    reader = LogReader(folder)
    tail = order["tail"]
    records: Iterable[Record] = reader.read()
    _send(channel, records if tail is None else _last_lines(records, tail))
    told = _tell_dropped(channel, reader, 0 if tail is None else reader.dropped)
    while order["follow"]:
        # Before the log is read: what it wrote before its end is read then.
        is_running = jobs.is_running(folder)
        _send(channel, reader.read())
        told = _tell_dropped(channel, reader, told)
        if not is_running:
            break
        channel.refuse_hung_up()
        time.sleep(POLL_S)
    _tell(channel, folder)


def _tell_dropped(channel: Channel, reader: LogReader, told: int) -> int:
    if reader.dropped > told:
        channel.send({"type": "dropped", "bytes": reader.dropped - told})
    return reader.dropped


def _send(channel: Channel, records: Iterable[Record]) -> None:
    for stream, at, data in records:
        channel.send({"type": stream, "at": round(at * 1000)}, data)


def _last_lines(records: Iterable[Record], count: int) -> Iterable[Record]:
    """Of both streams together, in the order they came."""
    lines: deque[Record] = deque(maxlen=count)
    for stream, at, data in records:
        for line in data.splitlines(keepends=True):
            if lines and lines[-1].stream == stream and not lines[-1].data.endswith(b"\n"):
                lines.append(Record(stream, at, lines.pop().data + line))
            else:
                lines.append(Record(stream, at, line))
    return lines


def _tell(channel: Channel, folder: Path) -> None:
    view = jobs.view_of(folder)
    if view is None:
        raise Refused("the job was removed meanwhile", "NOT_FOUND")
    channel.send({"type": "job", "job": view})
