"""The process of a program that answers, with a GPU that is played: its memory is the judge's own, mapped at the very addresses, and its stream is a
thread. As a script: FOLDER DESCRIPTOR, of its channel; what it is asked for is JSON on stdin.
"""
import ctypes
import json
import os
import queue
import struct
import sys
import tempfile
import threading
import time
from typing import Any, Callable, NamedTuple, Optional

from kiln_runner.programs.answer_messages import DESCRIPTOR, Begin
from kiln_runner.programs.answer_task import Equipped, answer, answers_by
from kiln_runner.programs.arena import Arena, Block
from kiln_runner.programs.device_memory import MemoryFailure
from kiln_runner.programs.framework import TYPES, Found
from kiln_runner.programs.recording_shape import WINDOW_UNIT
from test.python.programs.played_gpu import Tensor

_SHARED_FIXED, _READ_WRITE = 0x100001, 3
NAP_S = 0.0002


class Stream:
    """Does one thing after another, in a thread of its own."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._left, self._change = 0, threading.Condition()
        self.fault = ""
        threading.Thread(target=self._work, daemon=True).start()

    def put(self, what: Callable[[], None]) -> None:
        with self._change:
            self._left += 1
        self._queue.put(what)

    @property
    def is_busy(self) -> bool:
        return self._left > 0

    def drain(self) -> None:
        with self._change:
            self._change.wait_for(lambda: not self._left)

    def _work(self) -> None:
        while True:
            what = self._queue.get()
            if not self.fault:
                try:
                    what()
                except Exception as error:
                    self.fault = str(error)
            with self._change:
                self._left -= 1
                self._change.notify_all()


class Word(NamedTuple):
    address: int

    def read(self) -> int:
        return struct.unpack("<I", ctypes.string_at(self.address, 4))[0]

    def write(self, value: int) -> None:
        ctypes.memmove(self.address, struct.pack("<I", value), 4)

    def wait(self, value: int) -> None:
        while not 0 <= (self.read() - value) % (1 << 32) < 1 << 31:
            time.sleep(NAP_S)


class Memory:
    """`map` only looks whether it is there."""

    def __init__(self, begin: Begin, descriptors: list[int], stream: Stream) -> None:
        self.page, self._windows, self._stream = WINDOW_UNIT, (begin.inputs, begin.arena), stream
        library = ctypes.CDLL(None, use_errno=True)
        library.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
        library.mmap.restype = ctypes.c_void_p
        for window, descriptor in zip(self._windows, descriptors):
            assert library.mmap(window.address, window.bytes, _READ_WRITE, _SHARED_FIXED, descriptor, 0) == window.address
            os.close(descriptor)

    def map(self, address: int, size: int) -> None:
        if not any(one.address <= address and address + size <= one.address + one.bytes for one in self._windows):
            raise MemoryFailure("used up")

    def read(self, address: int, size: int) -> bytes:
        return ctypes.string_at(address, size)

    def write(self, address: int, data: bytes) -> None:
        ctypes.memmove(address, data, len(data))

    def zero(self, address: int, size: int) -> None:
        self._stream.put(lambda: self.write(address, bytes(size)))

    def wait_for(self, word: int, value: int) -> None:
        self._stream.put(lambda: Word(word).wait(value))

    def say(self, word: int, value: int) -> None:
        self._stream.put(lambda: Word(word).write(value))

    def fault(self) -> str:
        return self._stream.fault


class Framework:
    def __init__(self, arena: Arena, stream: Stream) -> None:
        self._arena, self._stream = arena, stream

    def begin(self, arena: Arena) -> None:
        pass

    def seed(self, seed: int) -> None:
        pass

    def unseed(self) -> None:
        pass

    def make(self, block: Block, dtype: str, shape: list[int]) -> Tensor:
        return gpu().empty(shape)

    def draw(self, tensor: Tensor, distribution: dict[str, Any]) -> None:
        pass

    def synchronize(self) -> None:
        self._stream.drain()

    def look(self, value: Any) -> Optional[Found]:
        if not isinstance(value, Tensor):
            return None
        return Found(value.dtype, value.shape, value.address, value.bytes, value.is_contiguous, value.is_on_gpu)

    def contiguous(self, value: Tensor) -> Tensor:
        return value._replace(is_contiguous=True)

    def type_of(self, dtype: str) -> str:
        return TYPES[dtype]


class Gpu:
    """What programs of tests call."""

    def __init__(self, memory: Memory, arena: Arena, stream: Stream, begin: Begin) -> None:
        self.memory, self.arena, self.stream, self.begin = memory, arena, stream, begin

    def empty(self, shape: list[int]) -> Tensor:
        tensor = Tensor(0, shape)
        return tensor._replace(address=self.arena.allocate(tensor.bytes))

    def free(self, tensor: Tensor) -> None:
        self.arena.free(tensor.address)

    def scale(self, x: Tensor, out: Tensor, factor: float) -> None:
        self.stream.put(lambda: self.scale_now(x, out, factor))

    def scale_now(self, x: Tensor, out: Tensor, factor: float) -> None:
        values = struct.unpack(f"<{x.elements}f", self.memory.read(x.address, x.bytes))
        self.memory.write(out.address, struct.pack(f"<{x.elements}f", *[value * factor for value in values]))

    def value(self, x: Tensor) -> float:
        """As `.item()` reads it."""
        self.stream.drain()
        return struct.unpack("<f", self.memory.read(x.address, 4))[0]

    def sleep(self, seconds: float) -> None:
        self.stream.put(lambda: time.sleep(seconds))

    def fault(self, words: str) -> None:
        def fail() -> None:
            raise RuntimeError(words)

        self.stream.put(fail)


_gpus: list[Gpu] = []


def gpu() -> Gpu:
    return _gpus[-1]


def equip_answers(_asked: Any, begin: Begin, descriptors: list[int]) -> Equipped:
    stream = Stream()
    memory = Memory(begin, descriptors, stream)
    arena = Arena(memory, begin.arena.address, begin.words - begin.arena.address)
    _gpus.append(Gpu(memory, arena, stream, begin))
    return Equipped(memory, arena, Framework(arena, stream))


def main() -> None:
    asked = json.load(sys.stdin)
    os.dup2(int(sys.argv[2]), DESCRIPTOR)
    os.chdir(tempfile.mkdtemp(dir=sys.argv[1]))
    answers_by.append(equip_answers)
    # Programs find it by its name in the tests' package.
    sys.modules["test.python.judge.played_companion"] = sys.modules["__main__"]
    answer(asked)


if __name__ == "__main__":
    main()
