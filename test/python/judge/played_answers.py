"""A judge's driver without a GPU whose stream is a thread, so that it can wait for words that another process writes; and companions that are real
processes over real sockets (played_companion.py).
"""
import ctypes
import json
import os
import queue
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable, Optional

from kiln_runner.judge.companions import Companions
from kiln_runner.judge.gpu.answer_process import Releasing
from kiln_runner.judge.gpu.exchange import Exchange
from kiln_runner.judge.gpu.looks import Looks
from kiln_runner.judge.gpu.memory import Memory
from kiln_runner.programs.sandbox import levels
from test.python.programs.zygote_process import ZygoteProcess

from .played_companion import Stream, Word
from .played_cuda import PlayedDriver

ROOT = Path(__file__).resolve().parents[3]
FUNCTIONS = {"kiln_look": 98, "kiln_copy": 99}


class StreamingDriver(PlayedDriver):
    """What is queued is done in order by a thread. `seen`: in which order the judge's own things were done."""

    def __init__(self) -> None:
        super().__init__()
        self.stream_, self.seen = Stream(), list[str]()
        # Whether what is copied was just written by somebody else.
        self.is_spoilt = False
        self._buffers: list[Any] = []
        self.lib.cuLaunchKernel, self.lib.cuMemcpyDtoHAsync_v2 = self._launched, self._glance

    def fill(self, to: int, pattern: int, size: int) -> int:
        self._put("fill", lambda: PlayedDriver.fill(self, to, pattern, size))
        return 1

    def copy(self, to: int, source: int, size: int) -> None:
        self._put("copy", lambda: ctypes.memmove(to, source, size))

    def fetch(self, to: int, source: int, size: int) -> None:
        self._put("fetch", lambda: ctypes.memmove(to, source, size))

    def upload_now(self, to: int, data: bytes) -> None:
        ctypes.memmove(to, data, len(data))

    def synchronize(self) -> None:
        self.stream_.drain()

    def is_busy(self) -> bool:
        return self.stream_.is_busy

    def memory_bytes(self) -> "tuple[int, int]":
        return 128 << 20, 192 << 20

    def host_buffer(self, size: int) -> int:
        self._buffers.append(ctypes.create_string_buffer(size))
        return ctypes.addressof(self._buffers[-1])

    def create_shareable(self, size: int) -> int:
        """It holds what it held before."""
        handle = self.create_memory(size)
        os.pwrite(handle, b"of somebody else", size // 2)
        return handle

    def export_memory(self, handle: int) -> int:
        return os.dup(handle)

    def write_word(self, word: int, value: int, stream: Any = None) -> int:
        if stream is None:
            self._put(f"go {value}", lambda: Word(word).write(value))
        else:
            Word(word).write(value)
        return 0

    def wait_for_word(self, word: int, value: int) -> int:
        self._put(f"done {value}", lambda: Word(word).wait(value))
        return 0

    def stream(self) -> Any:
        return ctypes.c_void_p(1)

    def upload_beside(self, to: int, source: int, size: int, _stream: Any) -> None:
        ctypes.memmove(to, source, size)

    def event(self) -> list[float]:
        return []

    def record(self, event: list[float]) -> None:
        event.clear()
        self._put("event", lambda: event.append(time.perf_counter()))

    def has_come(self, event: list[float]) -> bool:
        return bool(event)

    def wait(self, event: list[float]) -> None:
        while not event:
            time.sleep(0.0002)

    def elapsed_ns(self, start: list[float], end: list[float]) -> float:
        return 1e9 * (end[0] - start[0])

    def reset_persisting_l2(self) -> None:
        pass

    def _put(self, name: str, what: Callable[[], object]) -> None:
        def do() -> None:
            self.seen.append(name)
            what()

        self.stream_.put(do)

    def _launched(self, function: Any, *arguments: Any) -> int:
        return {FUNCTIONS["kiln_look"]: self._look, FUNCTIONS["kiln_copy"]: self._exchange}[function.value](arguments[1], arguments[8])

    def _exchange(self, _outputs: int, pointers: Any) -> int:
        to, source, size = (struct.unpack("<Q", ctypes.string_at(pointers[at], 8))[0] for at in range(3))

        def do() -> None:
            # As a kernel would that still writes.
            ctypes.memmove(source, bytes([len(self.seen) % 256]), int(self.is_spoilt))
            ctypes.memmove(to, source, size)

        self._put("kiln_copy", do)
        return 0

    def _look(self, count: int, pointers: Any) -> int:
        """As the kernel, of all words: what they are, and where."""
        outputs = struct.unpack("<16Q", ctypes.string_at(pointers[0], 128))
        key, to = (struct.unpack("<Q", ctypes.string_at(pointers[at], 8))[0] for at in (1, 2))

        def add() -> None:
            found = sum(hash((key, ctypes.string_at(outputs[at], outputs[8 + at]))) for at in range(count))
            ctypes.memmove(to, struct.pack("<Q", (struct.unpack("<Q", ctypes.string_at(to, 8))[0] + found) % (1 << 64)), 8)

        self._put("look", add)
        return 0

    def _glance(self, to: Any, source: Any, size: Any, _stream: Any) -> int:
        self._put("glance", lambda: ctypes.memmove(to, source, size))
        return 0


class PlayedRunner:
    """Starts what a judge asks for, and tells how it ended. `script`: what it is; `how`: what the guardian would find, where it ended."""

    def __init__(self, folder: str, script: Optional[list[str]] = None) -> None:
        self._folder, self._script = folder, script or [sys.executable, str(Path(__file__).with_name("played_companion.py")), folder]
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.sent: list[Any] = []
        self._told: set[str] = set()
        # In place of what it would find by itself.
        self.how: tuple[str, str] = ("ended", "")

    def send(self, header: Any) -> None:
        self.sent.append(header)
        if header["type"] == "end_companion":
            self._kill(header["id"])
            return
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connected.connect(header["socket"])
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'src/gpu/runner'}", "PYTHONHASHSEED": "0"}
        with open(os.path.join(self._folder, f"{header['id']}.log"), "wb") as log:
            process = self.processes[header["id"]] = subprocess.Popen(
                [*self._script, str(connected.fileno())], stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment,
                pass_fds=[connected.fileno()],
            )
        connected.close()
        assert process.stdin is not None
        process.stdin.write(json.dumps({**header["program"], "device": ""}).encode())
        process.stdin.close()

    def take(self, _kind: str) -> list[Any]:
        gone = [name for name, process in self.processes.items() if process.poll() is not None and name not in self._told]
        self._told.update(gone)
        how, why = self.how
        return [{"type": "companion_ended", "id": name, "how": how, "why": why, "log": self.log(name)} for name in gone]

    def log(self, name: str) -> str:
        return Path(self._folder, f"{name}.log").read_text()

    def close(self) -> None:
        for name in self.processes:
            self._kill(name)

    def _kill(self, name: str) -> None:
        process = self.processes[name]
        process.kill()
        process.wait()


class SandboxedRunner:
    """As PlayedRunner, by copies of a zygote behind its walls."""

    def __init__(self) -> None:
        played = "test.python.judge.played_companion"
        self._zygote = ZygoteProcess(str(ROOT), [played], recorder=played)
        self._ended: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def send(self, header: Any) -> None:
        if header["type"] == "end_companion":
            self._zygote.stop(header["id"])
            return
        asked = {**header["program"], "device": ""}
        self._zygote.ask(header["id"], "answer", asked, levels()[0], {"limit_s": header["limitS"]}, connect=header["socket"])

    def take(self, _kind: str) -> list[Any]:
        found: list[Any] = []
        while not self._ended.empty():
            ended = self._ended.get()
            found.append({"type": "companion_ended", **{name: ended[name] for name in ("id", "how", "why", "log")}})
        return found

    def close(self) -> None:
        self._zygote.process.kill()
        self._zygote.close()

    def _listen(self) -> None:
        try:
            while True:
                self._ended.put(self._zygote.next()[0])
        except (AssertionError, ValueError):
            # It ended, or its pipe was closed.
            pass


class PlayedHost:
    """The device that a program is loaded on."""

    def __init__(self, runner: Any) -> None:
        self.driver = StreamingDriver()
        self.memory = Memory(self.driver)
        self.companions = Companions(runner.send, runner)
        self.kernels: Any = self
        self.looks, self.exchange = Looks(self.driver, self.memory, self.kernels), Exchange(self.driver, self.kernels)
        self.releasing = Releasing(self.driver, self.memory.page)

    def function(self, name: str) -> ctypes.c_void_p:
        return ctypes.c_void_p(FUNCTIONS[name])

    def close(self) -> None:
        self.driver.close()
