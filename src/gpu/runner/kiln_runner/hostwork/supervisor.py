"""`hostwork-job --dir FOLDER`: runs one job, keeps what it writes, and writes down how it ended. Belongs to nobody: it ends with its command.

SIGTERM: the job is to end. It is told so, and killed after a grace.
"""
import argparse
import fcntl
import functools
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Optional

from kiln_runner.hostwork import command, descendants, job_processes
from kiln_runner.hostwork.channel import Refused
from kiln_runner.hostwork.job_log import LogWriter
from kiln_runner.protocol import Json

GRACE_S = 10.0
READ_BYTES = 64 * 1024
TICK_S = 0.2
LEFTOVERS_S = 1.0
END_PART, END_BYTES = "end.part", 1024


def run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hostwork-job")
    parser.add_argument("--dir", required=True)
    folder = Path(parser.parse_args(argv).dir)
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    # Whoever looks whether it runs has a lock for a moment too.
    fcntl.flock(lock, fcntl.LOCK_EX)
    (folder / "pid").write_text(f"{os.getpid()}\n")
    # Room for its end, whatever becomes of the disk: it is written over these blanks, which JSON may have behind it.
    (folder / END_PART).write_bytes(b" " * END_BYTES)
    job: Json = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    Supervisor(folder, job).run()
    return 0


class Supervisor:
    def __init__(self, folder: Path, job: Json) -> None:
        self._folder, self._job = folder, job
        self._log = LogWriter(folder)
        self._stopped_at: Optional[float] = None
        self._timed_out = False

    def run(self) -> None:
        descendants.adopt_orphans()
        signal.signal(signal.SIGTERM, self._on_stop)
        pipe = subprocess.PIPE
        try:
            process = command.start(
                self._marked(), [], stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe,
                # Before it is the program: this process may be killed as soon as it is.
                on_pid=functools.partial(job_processes.keep_command, self._folder),
            )
        except (command.NotStarted, Refused) as error:
            self._log.write(2, time.time(), f"{error}\n".encode())
            self._started()
            self._write_end(error.code if isinstance(error, command.NotStarted) else 1)
            return
        self._started()
        self._watch(process)
        descendants.end_all(GRACE_S)
        self._write_end(process.returncode)

    def _marked(self) -> Json:
        """Whoever looks for what is left of it finds it by that."""
        return {**self._job, "env": [*self._job["env"], job_processes.mark(self._job["id"])]}

    def _started(self) -> None:
        """Whoever started this waits for that line, and nothing more."""
        print("started", flush=True)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, sys.stdout.fileno())

    def _watch(self, process: "subprocess.Popen[bytes]") -> None:
        timeout_ms = self._job["timeoutMs"]
        deadline = None if timeout_ms is None else time.monotonic() + timeout_ms / 1000
        over_at: Optional[float] = None
        selector = selectors.DefaultSelector()
        for file, stream in ((process.stdout, 1), (process.stderr, 2)):
            if file is not None:
                os.set_blocking(file.fileno(), False)
                selector.register(file, selectors.EVENT_READ, stream)
        while True:
            self._look_at_clock(deadline)
            if process.poll() is not None:
                over_at = over_at or time.monotonic() + LEFTOVERS_S
                if not selector.get_map() or time.monotonic() >= over_at:
                    break
            for key, _ in selector.select(TICK_S):
                self._read(selector, key.fileobj, key.data)
            if not selector.get_map():
                time.sleep(0.01)
        for key in list(selector.get_map().values()):
            self._read(selector, key.fileobj, key.data)

    def _read(self, selector: selectors.BaseSelector, file: Any, stream: int) -> None:
        try:
            data = os.read(file.fileno(), READ_BYTES)
        except BlockingIOError:
            return
        if data:
            self._log.write(stream, time.time(), data)
        else:
            selector.unregister(file)
            file.close()

    def _look_at_clock(self, deadline: Optional[float]) -> None:
        now = time.monotonic()
        if deadline is not None and now >= deadline and self._stopped_at is None:
            self._timed_out = True
            self._on_stop()
        if self._stopped_at is not None and now - self._stopped_at > GRACE_S:
            descendants.signal_all(signal.SIGKILL)

    def _on_stop(self, *_: object) -> None:
        if self._stopped_at is None:
            self._stopped_at = time.monotonic()
            descendants.signal_all(signal.SIGTERM)

    def _write_end(self, code: int) -> None:
        was_stopped = self._stopped_at is not None and not self._timed_out
        end = {
            **command.ending_of(code), "timedOut": self._timed_out, "stopped": was_stopped,
            "endedAtMs": round(time.time() * 1000),
        }
        part = self._folder / END_PART
        with open(part, "r+b") as file:
            file.write(json.dumps(end).encode())
        os.replace(part, self._folder / "end.json")
