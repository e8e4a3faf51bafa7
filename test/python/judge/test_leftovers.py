"""A candidate that leaves behind what unloading does not take away: found in its code, and its judge serves nobody else."""
import os
import shutil
import sys
import tempfile
import unittest
from collections.abc import Iterable
from pathlib import Path
from typing import Optional

sys.path.insert(0, str(Path(__file__).resolve().parent))
from rig import CORPUS, Rig, vector_add

from kiln_runner.compile.elf import ConstantBank, called_from_outside, constant_bank, kernel_names
from kiln_runner.frames import encode
from kiln_runner.judge.cpu.device import CpuDevice
from kiln_runner.judge.device_lock import DeviceLock
from kiln_runner.judge.failures import DeviceFault
from kiln_runner.judge.gpu.leftovers import leftover
from kiln_runner.judge.inbox import Inbox
from kiln_runner.judge.service import Service, Surroundings

from .small_elf import ENTRY, FUNCTION, OBJECT, elf_of


class CalledFromOutside(unittest.TestCase):
    def test_functions_that_a_cubin_calls_and_does_not_hold_are_found(self) -> None:
        cubin = elf_of([
            ("uses", FUNCTION, ENTRY, 5), ("helper", FUNCTION, 0, 5), ("malloc", FUNCTION, ENTRY, 0), ("vprintf", FUNCTION, ENTRY, 0),
            (".nv.reservedSmem.offset0", OBJECT, 0, 0),
        ])
        self.assertEqual(called_from_outside(cubin), {"malloc", "vprintf"})
        self.assertEqual(kernel_names(cubin), ["uses"])

    def test_a_cubin_without_any_calls_none(self) -> None:
        self.assertEqual(called_from_outside(elf_of([("uses", FUNCTION, ENTRY, 5)])), set())


class Constants(unittest.TestCase):
    def test_the_bank_is_as_long_as_its_section_and_every_symbol_has_its_place(self) -> None:
        cubin = elf_of([("f", FUNCTION, ENTRY, 5), ("table", OBJECT, 0, 3), ("counter", OBJECT, 0, 4), ("other", OBJECT, 0, 3)])
        self.assertEqual(constant_bank(cubin), ConstantBank(48, {"table": 8, "other": 24}))

    def test_a_file_without_sections_has_none(self) -> None:
        self.assertEqual(constant_bank(b"\x7fELF\x02" + bytes(59)), ConstantBank(0, {}))


class Leftover(unittest.TestCase):
    def test_the_heap_the_printf_buffer_and_kernels_that_launch_kernels_last(self) -> None:
        for name in ("malloc", "free", "vprintf", "cudaLaunchDeviceV2"):
            self.assertEqual(leftover([name], 0, 1024), f"its code calls {name}")

    def test_an_assertion_leaves_nothing_or_ends_the_context_itself(self) -> None:
        self.assertIsNone(leftover(["__assertfail"], 0, 1024))

    def test_local_memory_lasts_where_a_thread_takes_more_than_the_context_began_with(self) -> None:
        self.assertIsNone(leftover([], 1024, 1024))
        self.assertIn("65536 bytes of local memory", str(leftover([], 65536, 1024)))


class LeavingDevice(CpuDevice):
    """Every second candidate leaves something behind."""

    judged, cleansed = 0, 0

    def leftover(self, _programs: Iterable) -> Optional[str]:
        self.judged += 1
        return None if self.judged % 2 else "its code calls malloc"

    def cleanse(self) -> None:
        self.cleansed += 1


class TamperedDevice(CpuDevice):
    """Constants of other sides change while the second candidate is judged."""

    asked = 0

    def constants(self, _programs: Iterable) -> bytes:
        self.asked += 1
        return b"as they were" if self.asked < 4 else b"changed"


class SpoiltDevice(CpuDevice):
    """Its canary fails from the second time on; the first is the judge's own, before it is ready."""

    canaries = 0

    def canary(self) -> None:
        self.canaries += 1
        if self.canaries > 1:
            raise DeviceFault("canary: equal memory was found different", lost=True)


@unittest.skipUnless(shutil.which("gcc"), "gcc is missing: apt-get install gcc")
class RetiringJudge(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def serve(self, kind: type[CpuDevice], sources: list[str]) -> tuple[CpuDevice, bool, list[dict]]:
        """(the device, whether the judge left by itself, what it said)."""
        cache = Path(self.folder.name)
        rig, problem = Rig("cpu", cache), vector_add("cpu", {"one": ("check", 1)})
        self.addCleanup(rig.close)
        frames = [{
            "type": "problem", "definition": problem.definition,
            "referenceArtifact": rig.artifact(problem.reference), "baselineArtifact": rig.artifact(problem.baseline),
        }]
        frames += [{"type": "judge", "task": rig.task(problem, source)} for source in sources]
        said: list[dict] = []
        read_end, write_end = os.pipe()
        os.write(write_end, b"".join(map(encode, frames)))
        os.close(write_end)
        device = kind("cpu", cache)
        around = Surroundings(DeviceLock(str(cache / "device.lock")), cache, said.append, lambda: None, False)
        return device, Service(device, around).serve(Inbox(read_end)), said

    def test_it_says_so_in_the_result_tells_first_what_it_learned_and_takes_no_further_task(self) -> None:
        device, left, said = self.serve(LeavingDevice, [corpus("honest") + f"/* {n} */" for n in range(3)])
        results = [frame for frame in said if frame["type"] == "result"]
        self.assertEqual([result["outcome"]["verdict"] for result in results], ["passed", "passed"])
        self.assertEqual([result.get("retires") for result in results], [None, "its code calls malloc"])
        self.assertEqual((left, said[-1]), (True, results[-1]), "what comes behind the result of a judge that retires is not read")
        self.assertEqual(device.cleansed, 1)

    def test_a_candidate_that_changes_the_tables_of_others_has_crashed_and_ends_the_judge(self) -> None:
        _, left, said = self.serve(TamperedDevice, [corpus("honest"), corpus("honest") + "/* changes */", corpus("honest-slow")])
        results = [frame for frame in said if frame["type"] == "result"]
        self.assertEqual([result["outcome"]["verdict"] for result in results], ["passed", "crashed"])
        self.assertIn("constants of the record", results[1]["outcome"]["message"])
        self.assertEqual((left, results[1]["contextLost"]), (True, True))

    def test_a_judge_that_may_have_been_made_to_reject_goes_on_only_when_its_canary_passes(self) -> None:
        _, left, said = self.serve(SpoiltDevice, [corpus("honest"), corpus("nan"), corpus("honest-slow")])
        results = [frame["outcome"]["verdict"] for frame in said if frame["type"] == "result"]
        self.assertEqual((left, results), (True, ["passed", "wrong_answer"]))
        _, left, said = self.serve(CpuDevice, [corpus("nan"), corpus("honest")])
        results = [frame["outcome"]["verdict"] for frame in said if frame["type"] == "result"]
        self.assertEqual((left, results), (False, ["wrong_answer", "passed"]))


def corpus(name: str) -> str:
    return (CORPUS / "c" / f"{name}.c").read_text()


if __name__ == "__main__":
    unittest.main()
