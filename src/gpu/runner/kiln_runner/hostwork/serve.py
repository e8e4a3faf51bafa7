"""`hostwork-serve --dir DIR`: takes connections of a daemon at a socket, each in a process of its own, until SIGTERM or too long without one.

Jobs are not among its children: they outlive it. A connection's process is, and ends with it.
"""
import argparse
import gc
import os
import select
import signal
import socket
import time
import traceback
from pathlib import Path

from kiln_runner.hostwork import requests
from kiln_runner.hostwork.wakeup import Wakeup, look_again
from kiln_runner.log import Log
from kiln_runner.parent_death import request_signal
from kiln_runner.paths import EXIT_LOCKED, RunnerPaths, take_lock

IDLE_EXIT_S = 900.0
BACKLOG = 64
CONNECTIONS_MAX = 256
# Whether it is idle for too long.
LOOK_S = 1.0
END_S = 8.0


def run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hostwork-serve")
    parser.add_argument("--dir", required=True)
    paths = RunnerPaths(parser.parse_args(argv).dir)
    lock = take_lock(paths)
    if lock is None:
        return EXIT_LOCKED
    paths.pid.write_text(f"{os.getpid()}\n")
    listener = _listen(paths.socket)
    try:
        Server(paths, listener).serve()
    finally:
        listener.close()
        paths.socket.unlink(missing_ok=True)
        paths.pid.unlink(missing_ok=True)
    return 0


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.listen(BACKLOG)
    return listener


class Server:
    def __init__(self, paths: RunnerPaths, listener: socket.socket) -> None:
        self._paths, self._listener = paths, listener
        self._log = Log(paths.log)
        self._children: set[int] = set()
        self._is_stopping = False
        self._wakeup = Wakeup({signal.SIGTERM: self._stop, signal.SIGCHLD: look_again})
        # Children are many and short: what is loaded is theirs as it is, and never copied for a collection.
        gc.collect()
        gc.freeze()

    def serve(self) -> None:
        idle_since = time.monotonic()
        while not self._is_stopping and time.monotonic() - idle_since < IDLE_EXIT_S:
            ready = select.select([self._listener, self._wakeup.descriptor], [], [], LOOK_S)[0]
            self._wakeup.clear()
            if self._listener in ready:
                self._accept()
            self._reap()
            if self._children:
                idle_since = time.monotonic()
        self._end_children()

    def _stop(self) -> None:
        self._is_stopping = True

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        self._reap()
        if len(self._children) < CONNECTIONS_MAX:
            pid = os.fork()
            if pid == 0:
                self._work(connection)
            self._children.add(pid)
        connection.close()

    def _work(self, connection: socket.socket) -> None:
        """In the child; never returns."""
        code = 1
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._wakeup.close()
            request_signal(signal.SIGTERM)
            self._listener.close()
            _move_to_cores_of(self._paths.folder.parent / "runner.pid")
            requests.answer(connection, self._paths.folder.parent.parent)
            code = 0
        except BaseException:
            self._log.write(traceback.format_exc())
        finally:
            os._exit(code)

    def _reap(self) -> None:
        for pid in list(self._children):
            if os.waitpid(pid, os.WNOHANG)[0]:
                self._children.discard(pid)

    def _end_children(self) -> None:
        deadline = time.monotonic() + END_S
        for pid in self._children:
            os.kill(pid, signal.SIGTERM)
        while self._children and time.monotonic() < deadline:
            time.sleep(0.02)
            self._reap()
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)


def _move_to_cores_of(pid_file: Path) -> None:
    """Judges that measure have cores of their own: what people run stays off them, as the runner does."""
    try:
        os.sched_setaffinity(0, os.sched_getaffinity(int(pid_file.read_text())))
    except (OSError, ValueError):
        # No runner serves now, so nothing is measured.
        return
