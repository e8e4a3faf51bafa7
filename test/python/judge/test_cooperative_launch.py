"""A launch whose blocks wait for each other: only as many as the device holds at once, and with the driver's attribute that promises it."""
import ctypes
import json
import tempfile
import unittest
from pathlib import Path
from typing import Any, Optional

from kiln_runner.judge.artifacts import Artifact
from kiln_runner.judge.failures import LaunchRejected
from kiln_runner.judge.gpu.driver import MULTIPROCESSORS
from kiln_runner.judge.gpu.launching import COOPERATIVE
from kiln_runner.judge.gpu.program import Program

from .test_triton_launch import CUBIN, WritingDriver

BLOCKS_EACH = 2


class Held(WritingDriver):
    """Of four multiprocessors, each of which holds two blocks of the kernel with 512 bytes of shared memory."""

    def __init__(self) -> None:
        super().__init__([8])
        self.switches: Optional[list[int]] = None
        self.lib.cuOccupancyMaxActiveBlocksPerMultiprocessor = self.resident
        self.lib.cuLaunchKernelEx = self.launched

    def attribute(self, which: int) -> int:
        return 4 if which == MULTIPROCESSORS else super().attribute(which)

    @staticmethod
    def resident(blocks: Any, _function: object, threads: ctypes.c_int, shared: ctypes.c_size_t) -> int:
        blocks._obj.value = BLOCKS_EACH if (threads.value, shared.value) == (128, 512) else 0
        return 0

    def launched(self, config: Any, *_: object) -> int:
        found = config.contents
        self.switches = [found.attributes[n].id for n in range(found.attribute_count) if found.attributes[n].value[0] == 1]
        return 0


class CooperativeLaunch(unittest.TestCase):
    def launch(self, blocks: list[int], shared: int = 512) -> Held:
        driver = Held()
        launch = {
            "kernel": "scale", "grid": blocks, "block": [128, 1, 1], "cluster": None, "shared": shared, "cooperative": True, "index": 3,
            "args": [{"kind": "tensor", "name": "x"}],
        }
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "code-0.cubin").write_bytes(CUBIN)
            Path(folder, "meta.json").write_text(json.dumps({"language": "cuda", "kernels": {"scale": {"file": "code-0.cubin"}}}))
            program = Program(driver, Artifact(Path(folder)))
            for prepared in program.prepare({"launches": [launch], "scratch": {}}, lambda _argument: 0x7000):
                self.assertEqual(prepared.field, "launch[3]")
                self.assertEqual(prepared(), 0)
        return driver

    def test_is_made_where_all_of_its_blocks_are_resident(self) -> None:
        self.assertEqual(self.launch([8, 1, 1]).switches, [COOPERATIVE])
        self.assertEqual(self.launch([2, 2, 2]).switches, [COOPERATIVE])

    def test_is_refused_with_how_many_may_be(self) -> None:
        with self.assertRaises(LaunchRejected) as refused:
            self.launch([9, 1, 1])
        self.assertEqual(refused.exception.field, "launch[3].grid")
        self.assertEqual(
            str(refused.exception),
            "a cooperative launch of 9 blocks; this device holds at most 8 of this kernel at once, 2 on each of its 4 multiprocessors",
        )

    def test_is_refused_where_no_block_fits(self) -> None:
        with self.assertRaisesRegex(LaunchRejected, "holds at most 0"):
            self.launch([1, 1, 1], shared=1024)


if __name__ == "__main__":
    unittest.main()
