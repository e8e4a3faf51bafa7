"""A tiny daemon for tests: starts a runner on a folder of its own, attaches, sends frames, waits for frames with a deadline."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, Optional

from kiln_runner.frames import FrameDecoder, encode

from .from_runner import check_from_runner

REPOSITORY = Path(__file__).resolve().parents[3]
RUNNER_ROOT = REPOSITORY / "src/gpu/runner"
# Only so that a test that hangs ends: what is waited for comes in milliseconds on a quiet machine, in seconds on a busy one.
WAIT_S = 600.0
# For leases and limits that are not what is tested: only frames renew a lease, and a test may wait for long without sending any.
AMPLE_MS = 600_000.0


class Client:
    """One connection. `frames` holds everything received that no `wait` has taken. Every frame is checked against the protocol. `payload` is
    that of the last frame that had one."""

    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.frames: list[dict] = []
        self.ended = False
        self.payload = b""
        self._decoder = FrameDecoder()

    def attach(self, daemon: str = "test-daemon", lease_ms: float = AMPLE_MS, idle_exit_ms: float = AMPLE_MS) -> dict:
        self.send({"type": "attach", "protocol": 1, "daemonId": daemon, "leaseMs": lease_ms, "idleExitMs": idle_exit_ms})
        return self.wait("hello")

    def send(self, header: dict, payload: bytes = b"") -> None:
        self.socket.sendall(encode(header, payload))

    def send_bytes(self, data: bytes) -> None:
        self.socket.sendall(data)

    def wait(self, kind: str, matches: Callable[[dict], bool] = lambda _frame: True, timeout_s: float = WAIT_S) -> dict:
        """The first frame of this type that matches, taken out of `frames`. AssertionError after the deadline or at the end."""
        deadline = time.monotonic() + timeout_s
        while True:
            for frame in self.frames:
                if frame["type"] == kind and matches(frame):
                    self.frames.remove(frame)
                    return frame
            if self.ended or time.monotonic() > deadline:
                seen = [frame["type"] for frame in self.frames]
                raise AssertionError(f"no {kind} frame {'before the end' if self.ended else f'within {timeout_s} s'}; seen: {seen}")
            self._read(deadline - time.monotonic())

    def result(self, attempt_id: str, timeout_s: float = WAIT_S) -> dict:
        """The `result` frame of an attempt; acknowledged."""
        frame = self.wait("result", lambda frame: frame["result"]["attemptId"] == attempt_id, timeout_s)
        self.send({"type": "ack", "attemptIds": [attempt_id]})
        return frame

    def compile(self, unit: dict, compile_id: str = "compile", limit_ms: float = AMPLE_MS) -> dict:
        """The CompileResult of a unit."""
        self.send({"type": "compile", "compileId": compile_id, "unit": unit, "limitMs": limit_ms})
        return self.wait("compiled", lambda frame: frame["compileId"] == compile_id)["result"]

    def sync(self, nonce: int = 1) -> None:
        """Returns once everything sent so far has been handled."""
        self.send({"type": "ping", "nonce": nonce})
        self.wait("pong", lambda frame: frame["nonce"] == nonce)

    def wait_end(self, timeout_s: float = WAIT_S) -> None:
        """Reads until the runner closes the connection."""
        deadline = time.monotonic() + timeout_s
        while not self.ended:
            assert time.monotonic() < deadline, "the runner did not close the connection"
            self._read(deadline - time.monotonic())

    def close(self) -> None:
        self.socket.close()

    def _read(self, timeout_s: float) -> None:
        self.socket.settimeout(max(0.001, timeout_s))
        try:
            chunk = self.socket.recv(1 << 20)
        except socket.timeout:
            return
        except ConnectionResetError:
            chunk = b""
        self.ended = not chunk
        for frame in self._decoder.feed(chunk):
            check_from_runner(frame.header)
            self.frames.append(frame.header)
            self.payload = frame.payload or self.payload


class Runner:
    """A runner server of this source tree on a temporary folder. Use as a context manager: it leaves no process and no folder."""

    def __init__(self, folder: Optional[str] = None, **environment: str) -> None:
        self.folder = folder or tempfile.mkdtemp(prefix="kiln-runner-")
        self._environment = {**os.environ, "PYTHONPATH": str(RUNNER_ROOT), "PYTHONDONTWRITEBYTECODE": "1", **environment}
        self._clients: list[Client] = []
        self.pid = 0

    def __enter__(self) -> "Runner":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.close()
        self.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> dict:
        done = self.command("start", "--dir", self.folder)
        assert done.returncode == 0, done.stderr.decode()
        where = json.loads(done.stdout)
        self.pid = where["pid"]
        return where

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(self.argv(*arguments), env=self._environment, capture_output=True, timeout=WAIT_S, check=False)

    def argv(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "kiln_runner", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        return self._environment

    def client(self) -> Client:
        path = (Path(self.folder) / "socket").read_text().strip()
        client = Client(path)
        self._clients.append(client)
        return client

    def kill(self) -> None:
        """SIGKILL, as a crash would; returns when every process of the runner is gone."""
        os.kill(self.pid, signal.SIGKILL)
        wait_until(lambda: not self.processes(), "the killed runner's processes are gone")

    def end(self) -> None:
        """SIGTERM; returns when every process of the runner is gone."""
        try:
            os.kill(int((Path(self.folder) / "runner.pid").read_text()), signal.SIGTERM)
        except (OSError, ValueError):
            pass
        wait_until(lambda: not self.processes(), "the ended runner's processes are gone")

    def processes(self) -> list[str]:
        return processes_of(self.folder)

    def log(self) -> str:
        return (Path(self.folder) / "runner.log").read_text()


def processes_of(folder: str) -> list[str]:
    """Command lines of living processes that have this folder as an argument, in their environment or work in it, and of all below them:
    a confined compiler has another name for its folder."""
    parents: dict[int, int] = {}
    commands: dict[int, str] = {}
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command, environment = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
            place = os.readlink(entry / "cwd")
            state, parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:2]
        except OSError:
            continue
        if state == "Z":
            continue
        pid = int(entry.name)
        parents[pid], commands[pid] = int(parent), command.replace(b"\0", b" ").decode(errors="replace")
        if folder in commands[pid] or place.startswith(folder) or os.fsencode(folder) in environment:
            found.add(pid)
    grown = True
    while grown:
        below = {pid for pid, parent in parents.items() if parent in found} - found
        found |= below
        grown = bool(below)
    return [commands[pid] for pid in found]


def wait_until(condition: Callable[[], bool], what: str, timeout_s: float = WAIT_S) -> None:
    """For states that no frame announces: the state of processes and files."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.005)
