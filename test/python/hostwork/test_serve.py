import contextlib
import json
import os
import signal
import socket
import tempfile
import unittest
from collections.abc import Iterator
from typing import Any

from kiln_runner.frames import FrameDecoder, encode
from kiln_runner.paths import RunnerPaths

from .processes import WAIT_S, python, until

# It looks for idleness once in an hour: what is seen before was said by a signal. It says when it has decided to wait.
SERVE = """
import select, sys
from kiln_runner.hostwork import serve
wait = select.select
def told(*arguments):
    print("waiting", flush=True)
    return wait(*arguments)
select.select = told
serve.LOOK_S = 3600.0
sys.exit(serve.run(["--dir", sys.argv[1]]))
"""

COMMAND = {"type": "exec", "cwd": None, "env": [], "stdin": False, "devices": [], "timeoutMs": None}


@contextlib.contextmanager
def served(code: str = SERVE) -> "Iterator[RunnerPaths]":
    with tempfile.TemporaryDirectory() as folder, python(code, folder) as process:
        out = process.stdout
        assert out and out.readline() == b"waiting\n"
        yield RunnerPaths(folder)


class Asked:
    """One connection that asks for a command."""

    def __init__(self, paths: RunnerPaths, *argv: str, **more: Any) -> None:
        self._socket, self._decoder = socket.socket(socket.AF_UNIX), FrameDecoder()
        self._socket.connect(str(paths.socket))
        self._socket.sendall(encode({**COMMAND, "argv": list(argv), **more}))
        self._frames: list[Any] = []

    def next(self) -> Any:
        while not self._frames:
            data = self._socket.recv(1 << 16)
            if not data:
                return None
            self._frames += self._decoder.feed(data)
        return self._frames.pop(0)

    def all(self) -> "tuple[str, Any]":
        """What it printed, and how it ended."""
        printed, ended = b"", None
        while (frame := self.next()) is not None:
            kind = frame.header["type"]
            printed += frame.payload if kind == "stdout" else b""
            ended = frame.header if kind == "exited" else ended
        self.hang_up()
        return printed.decode(), ended

    def hang_up(self) -> None:
        self._socket.close()


# Of itself: its parent, its session, its umask, the signals that it holds back or ignores.
TELLS = (
    "import json, os, signal; print(json.dumps([os.getppid(), os.getsid(0) == os.getpid(), os.umask(0),"
    " len(signal.pthread_sigmask(signal.SIG_BLOCK, [])), signal.getsignal(signal.SIGTERM) == signal.SIG_DFL]))"
)
# As on a host whose setpriv cannot do it.
UNTIED = "from kiln_runner.hostwork import command\ncommand.tie = lambda: []\n" + SERVE


def stat(pid: int) -> str:
    with open(f"/proc/{pid}/stat") as file:
        return file.read()


def sockets_of(pid: int) -> list[str]:
    """None of a process that is gone: there were others that wait."""
    try:
        links = [os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")]
    except FileNotFoundError:
        return []
    return [target for target in links if target.startswith("socket:")]


def is_there(pid: int) -> bool:
    try:
        return stat(pid).rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Commands(unittest.TestCase):
    def test_run_in_sessions_of_their_own_with_nothing_of_the_runners_by_either_way(self) -> None:
        for code in (SERVE, UNTIED):
            with served(code) as paths:
                printed, ended = Asked(paths, os.path.realpath("/proc/self/exe"), "-c", TELLS).all()
                self.assertEqual(ended["code"], 0)
                self.assertEqual(json.loads(printed)[1:], [True, 0o022, 0, True])

    def test_one_after_the_other_are_run_by_one_process_and_beside_each_other_by_two(self) -> None:
        with served() as paths:

            def parent() -> int:
                return int(Asked(paths, "sh", "-c", "echo $PPID").all()[0])

            # It tells that it is free a moment after its last word.
            until(lambda: parent() == parent(), "the process that ran a command runs the next")
            slow = Asked(paths, "sh", "-c", "echo $PPID; read line", stdin=True)
            self.assertEqual(slow.next().header["type"], "started")
            busy = int(slow.next().payload)
            self.assertNotEqual(parent(), busy)
            slow.hang_up()

    def test_leave_no_connection_open_in_the_process_that_waits_for_the_next(self) -> None:
        with served() as paths:
            workers = [int(Asked(paths, "sh", "-c", "echo $PPID").all()[0]) for _ in range(4)]
            until(lambda: len(sockets_of(workers[-1])) <= 1, "it holds what connections come by, and no connection")

    def test_what_one_leaves_behind_is_not_met_by_the_next(self) -> None:
        with served() as paths:
            printed, _ = Asked(paths, "sh", "-c", "setsid sleep 600 >/dev/null 2>&1 & echo $!").all()
            left = int(printed)
            _, ended = Asked(paths, "true").all()
            self.assertEqual(ended["code"], 0)
            until(lambda: not is_there(left), "it is ended with its command")

    def test_are_killed_with_the_process_that_watches_them_by_either_way(self) -> None:
        for code in (SERVE, UNTIED):
            with served(code) as paths:
                asked = Asked(paths, "sleep", "600")
                pid = asked.next().header["pid"]
                # Before it is the command it is tied.
                until(lambda pid=pid: "(sleep)" in stat(pid), "the command runs")
                watcher = int(stat(pid).rsplit(")", 1)[1].split()[1])
                os.kill(watcher, signal.SIGKILL)
                until(lambda pid=pid: not is_there(pid), "the command is gone")
                self.assertIsNone(asked.next())
                asked.hang_up()
                self.assertEqual(Asked(paths, "true").all()[1]["code"], 0, "the next is run all the same")

    def test_that_cannot_be_run_say_why_by_either_way(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            text, locked = os.path.join(folder, "text"), os.path.join(folder, "locked")
            for path in (text, locked):
                with open(path, "w") as file:
                    file.write("no program\n")
            os.chmod(text, 0o755)
            for code in (SERVE, UNTIED):
                with served(code) as paths:
                    ends = [Asked(paths, name).all()[1]["code"] for name in ("no-such-program", f"{folder}/no-such-program", text, locked)]
                    self.assertEqual(ends, [127, 127, 126, 126])
                    # No system takes an argument as long.
                    ended = Asked(paths, "true", "x" * (1 << 18)).all()[1]
                    self.assertEqual(ended, {"type": "exited", "code": 126, "signal": None, "timedOut": False})


class Serve(unittest.TestCase):
    def test_sigterm_ends_it_at_once_while_it_waits_for_connections(self) -> None:
        with tempfile.TemporaryDirectory() as folder, python(SERVE, folder) as process:
            out = process.stdout
            self.assertEqual(out and out.readline(), b"waiting\n")
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(WAIT_S), 0)
            self.assertFalse(RunnerPaths(folder).socket.exists())


if __name__ == "__main__":
    unittest.main()
