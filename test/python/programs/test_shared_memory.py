"""The judge's memory in a program's process, by a driver that is played: what is asked of it, in order."""
import unittest
from typing import Any, Callable

from kiln_runner.programs.device_memory import MemoryFailure
from kiln_runner.programs.recording_shape import ARENA_BASE, INPUTS_BASE, WINDOW_BYTES_MAX
from kiln_runner.programs.shared_memory import Share, SharedMemory

ARENA = ARENA_BASE + 5 * WINDOW_BYTES_MAX + (6 << 20)
SHARES = [Share(8, INPUTS_BASE, 4 << 20), Share(9, ARENA, 64 << 20)]


class Function:
    def __init__(self, called: Callable[..., int]) -> None:
        self.argtypes: Any = None
        self._called = called

    def __call__(self, *arguments: Any) -> int:
        return self._called(*arguments)


class PlayedCuda:
    """`asked`: (name, its numbers). `moved`: addresses that are given out in place of those that are asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[int, ...]]] = []
        self.codes: dict[str, int] = {}
        self.moved: dict[int, int] = {}

    def __getattr__(self, name: str) -> Function:
        function = Function(lambda *arguments: self._call(name, arguments))
        setattr(self, name, function)
        return function

    def _call(self, name: str, arguments: tuple[Any, ...]) -> int:
        if name == "cuMemAddressReserve":
            arguments[0]._obj.value = self.moved.get(arguments[3], arguments[3])
        self.asked.append((name, tuple(one for one in arguments if isinstance(one, int))))
        return self.codes.get(name, 0)

    def of(self, name: str) -> list[tuple[int, ...]]:
        return [numbers for asked, numbers in self.asked if asked == name]


class Shared(unittest.TestCase):
    def setUp(self) -> None:
        self.cuda = PlayedCuda()

    def test_whole_windows_are_reserved_and_the_shares_mapped_in_them(self) -> None:
        SharedMemory(SHARES, self.cuda)
        windows = [(WINDOW_BYTES_MAX, 0, INPUTS_BASE, 0), (WINDOW_BYTES_MAX, 0, ARENA_BASE + 5 * WINDOW_BYTES_MAX, 0)]
        self.assertEqual(self.cuda.of("cuMemAddressReserve"), windows)
        self.assertEqual([numbers[0] for numbers in self.cuda.of("cuMemImportFromShareableHandle")], [8, 9])
        self.assertEqual([numbers[:2] for numbers in self.cuda.of("cuMemMap")], [(share.address, share.bytes) for share in SHARES])
        self.assertEqual(self.cuda.of("cuMemCreate"), [])

    def test_addresses_that_are_taken_are_a_failure(self) -> None:
        self.cuda.moved = {INPUTS_BASE: 0x7000}
        with self.assertRaises(MemoryFailure) as caught:
            SharedMemory(SHARES, self.cuda)
        self.assertIn("are taken in this process", str(caught.exception))

    def test_nothing_is_mapped_beyond_what_was_shared(self) -> None:
        memory = SharedMemory(SHARES, self.cuda)
        maps = len(self.cuda.of("cuMemMap"))
        memory.map(ARENA, 64 << 20)
        memory.map(INPUTS_BASE + (2 << 20), 2 << 20)
        for address, size in ((ARENA - 1, 16), (ARENA + (64 << 20) - 8, 16), (ARENA - (2 << 20), 128 << 20), (0, 8)):
            self.assertRaises(MemoryFailure, memory.map, address, size)
        self.assertEqual(len(self.cuda.of("cuMemMap")), maps)

    def test_what_may_wait_for_the_judge_is_queued_and_waited_for_by_nobody(self) -> None:
        memory = SharedMemory(SHARES, self.cuda)
        before = len(self.cuda.asked)
        memory.zero(ARENA, 512)
        memory.wait_for(ARENA, 7)
        memory.say(ARENA + 4096, 7)
        names = [name for name, _ in self.cuda.asked[before:]]
        self.assertEqual(names, ["cuMemsetD8Async", "cuStreamWaitValue32_v2", "cuStreamWriteValue32_v2"])
        self.assertEqual(self.cuda.of("cuStreamWaitValue32_v2"), [(ARENA, 7, 0)])

    def test_a_fault_of_what_was_queued_is_told_and_work_is_none(self) -> None:
        memory = SharedMemory(SHARES, self.cuda)
        for code, is_fault in ((0, False), (600, False), (700, True)):
            self.cuda.codes = {"cuStreamQuery": code}
            self.assertEqual(bool(memory.fault()), is_fault)


if __name__ == "__main__":
    unittest.main()
