"""`hostwork-serve --dir DIR`: takes connections of a daemon at a socket, each in a process of its own, until SIGTERM or too long without one.

Jobs are not among its children: they outlive it. A connection's process is, and ends with it; one that ran a command may run the next.
"""
import argparse
import contextlib
import gc
import os
import select
import signal
import socket
import time
import traceback
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from kiln_runner.hostwork import command, requests
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
# Processes that wait for the next command: to begin one takes longer than many a command.
FREE_MAX = 2
# Of one process.
COMMANDS_MAX = 1000


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


class Worker(NamedTuple):
    """Free <-> busy with a connection -> ended. `hand_over`: connections go there, and a byte comes back from one that is free again."""

    pid: int
    hand_over: socket.socket


class Server:
    def __init__(self, paths: RunnerPaths, listener: socket.socket) -> None:
        self._paths, self._listener = paths, listener
        self._log = Log(paths.log)
        # Until they are waited for.
        self._children: set[int] = set()
        self._busy: list[Worker] = []
        self._free: list[Worker] = []
        self._is_stopping = False
        self._wakeup = Wakeup({signal.SIGTERM: self._stop, signal.SIGCHLD: look_again})
        # What is known of the host before children are begun, all of them know.
        command.tie()
        # Children are many and short: what is loaded is theirs as it is, and never copied for a collection.
        gc.collect()
        gc.freeze()

    def serve(self) -> None:
        idle_since = time.monotonic()
        while not self._is_stopping and time.monotonic() - idle_since < IDLE_EXIT_S:
            workers = [worker.hand_over for worker in self._busy]
            ready = select.select([self._listener, self._wakeup.descriptor, *workers], [], [], LOOK_S)[0]
            self._wakeup.clear()
            self._hear(ready)
            if self._listener in ready:
                self._accept()
            self._reap()
            if self._busy:
                idle_since = time.monotonic()
        self._end_children()

    def _stop(self) -> None:
        self._is_stopping = True

    def _hear(self, ready: Collection[object]) -> None:
        for worker in [one for one in self._busy if one.hand_over in ready]:
            self._busy.remove(worker)
            if _is_free(worker) and len(self._free) < FREE_MAX:
                self._free.append(worker)
            else:
                worker.hand_over.close()

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            if len(self._busy) < CONNECTIONS_MAX and not any(self._give(connection, worker) for worker in self._taken_free()):
                self._give(connection, self._begin(connection))

    def _taken_free(self) -> Iterator[Worker]:
        while self._free:
            yield self._free.pop()

    def _give(self, connection: socket.socket, worker: Worker) -> bool:
        """False where it has ended meanwhile."""
        try:
            socket.send_fds(worker.hand_over, [b"\0"], [connection.fileno()])
        except OSError:
            worker.hand_over.close()
            return False
        self._busy.append(worker)
        return True

    def _begin(self, accepted: socket.socket) -> Worker:
        """`accepted` will be handed over, as later ones will."""
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            ours.close()
            accepted.close()
            self._work(theirs)
        theirs.close()
        self._children.add(pid)
        return Worker(pid, ours)

    def _work(self, taken: socket.socket) -> None:
        """In the child; never returns. `taken`: where connections come from."""
        code = 1
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._wakeup.close()
            request_signal(signal.SIGTERM)
            self._listener.close()
            for other in (*self._busy, *self._free):
                other.hand_over.close()
            for _ in range(COMMANDS_MAX):
                if not self._answer_next(taken):
                    break
            code = 0
        except BaseException:
            self._log.write(traceback.format_exc())
        finally:
            os._exit(code)

    def _answer_next(self, taken: socket.socket) -> bool:
        """False where it is to end."""
        _, descriptors, _, _ = socket.recv_fds(taken, 1, 1)
        if not descriptors:
            return False
        _move_to_cores_of(self._paths.folder.parent / "runner.pid")
        with socket.socket(fileno=descriptors[0]) as connection:
            connection.set_inheritable(False)
            if not requests.answer(connection, self._paths.folder.parent.parent):
                return False
        with contextlib.suppress(OSError):
            taken.sendall(b"\0")
        return True

    def _reap(self) -> None:
        for pid in list(self._children):
            if os.waitpid(pid, os.WNOHANG)[0]:
                self._children.discard(pid)

    def _end_children(self) -> None:
        deadline = time.monotonic() + END_S
        for worker in (*self._busy, *self._free):
            worker.hand_over.close()
        for pid in self._children:
            os.kill(pid, signal.SIGTERM)
        while self._children and time.monotonic() < deadline:
            time.sleep(0.02)
            self._reap()
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)


def _is_free(worker: Worker) -> bool:
    """It has answered, or has ended."""
    try:
        return worker.hand_over.recv(1) != b""
    except OSError:
        return False


def _move_to_cores_of(pid_file: Path) -> None:
    """Judges that measure have cores of their own: what people run stays off them, as the runner does."""
    try:
        os.sched_setaffinity(0, os.sched_getaffinity(int(pid_file.read_text())))
    except (OSError, ValueError):
        # No runner serves now, so nothing is measured.
        return
