"""What a case on the GPU found is fetched behind the questions: what is queued after that is not waited for, nor told as if it had been asked."""
import ctypes
import sys
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner"))
from kiln_runner.judge.failures import InfraFailure
from kiln_runner.judge.gpu.case import GpuCase
from kiln_runner.judge.gpu.driver import NOT_READY, Driver
from kiln_runner.judge.gpu.kernels import FindingsBlock

from .played_case import PlayedGpu

TOLERANCE: Any = {"rtol": 0, "atol": 0, "relative_l2": 0}


class Found:
    """As FindingsBlock, of a device that finds nothing; `did`: in order."""

    def __init__(self, did: list[str]) -> None:
        self._did = did

    def at(self, word: int) -> int:
        return word

    def clear(self, _words: int) -> None:
        self._did.append("clear")

    def queue_fetch(self, _words: int) -> None:
        self._did.append("fetch")

    def wait(self) -> None:
        self._did.append("wait")

    def word(self, _index: int) -> int:
        return 0

    def sample_words(self, _index: int) -> "tuple[int, int, int]":
        return 0, 0, 0

    def comparison(self, _index: int) -> "tuple[int, int, int, float, float]":
        return 0, 0, 0, 0.0, 1.0


class Asked(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        gpu, self.did = PlayedGpu(Path(folder.name)), list[str]()
        gpu.findings = cast(Any, Found(self.did))
        self.case: GpuCase = gpu.case()
        self.case._proof = cast(Any, SimpleNamespace(ask=lambda _seed: self.did.append("ask"), contradiction=lambda _found: None))

    def test_findings_are_fetched_where_they_were_asked_for(self) -> None:
        self.case.inspect(1)
        self.case.compare(TOLERANCE, 0)
        self.case.ask_findings()
        self.did.append("something else")
        self.case.findings()
        self.assertEqual(self.did, ["clear", "ask", "fetch", "clear", "something else", "wait"])

    def test_who_did_not_ask_is_told_all_the_same(self) -> None:
        self.case.inspect(1)
        self.case.findings()
        self.assertEqual(self.did, ["clear", "ask", "fetch", "clear", "wait"])

    def test_a_question_behind_them_is_refused_since_nobody_would_be_told_its_answer(self) -> None:
        for ask in (lambda: self.case.compare(TOLERANCE, 0), lambda: self.case.compare_samples(TOLERANCE, (0, 1), (0, 0))):
            self.case.inspect(1)
            self.case.ask_findings()
            with self.assertRaises(InfraFailure):
                ask()
            self.case.findings()

    def test_what_a_judgement_left_untaken_is_not_the_next_ones_answer(self) -> None:
        self.case.inspect(1)
        self.case.ask_findings()
        self.did.clear()
        self.case.inspect(2)
        self.case.findings()
        self.assertEqual(self.did, ["clear", "ask", "fetch", "clear", "wait"])


class OfTheDriver(unittest.TestCase):
    def driver(self, **calls: Any) -> Driver:
        driver = Driver.__new__(Driver)
        driver._elapsed_ms = ctypes.c_float()
        driver._elapsed_to = ctypes.byref(driver._elapsed_ms)
        for name, call in calls.items():
            setattr(driver, name, call)
        return driver

    def test_a_time_whose_end_has_not_come_is_waited_for(self) -> None:
        did: list[str] = []

        def elapsed(to: Any, _start: object, _end: object) -> int:
            did.append("elapsed")
            to._obj.value = 0.25
            return 0 if "wait" in did else NOT_READY

        driver = self.driver(_elapsed=elapsed, _wait=lambda _event: did.append("wait") or 0)
        self.assertEqual((driver.elapsed_ns(ctypes.c_void_p(1), ctypes.c_void_p(2)), did), (250_000.0, ["elapsed", "wait", "elapsed"]))
        did[:] = ["wait"]
        driver.elapsed_ns(ctypes.c_void_p(1), ctypes.c_void_p(2))
        self.assertEqual(did, ["wait", "elapsed"])

    def test_findings_wait_for_their_own_event_alone(self) -> None:
        did: list[object] = []
        driver: Any = SimpleNamespace(
            host_buffer=lambda size: ctypes.addressof(self.memory(size)), event=lambda: "fetched", wait=lambda event: did.append(("wait", event)),
            fetch=lambda *_: did.append("fetch"), record=lambda event: did.append(("record", event)), fill=lambda *_: 1,
        )
        block = FindingsBlock(driver, cast(Any, SimpleNamespace(allocate=lambda _size: 1 << 20)))
        block.queue_fetch(4)
        did.append("something else")
        block.wait()
        self.assertEqual(did, ["fetch", ("record", "fetched"), "something else", ("wait", "fetched")])

    def memory(self, size: int) -> "ctypes.Array[ctypes.c_char]":
        self.kept = ctypes.create_string_buffer(size)
        return self.kept


if __name__ == "__main__":
    unittest.main()
