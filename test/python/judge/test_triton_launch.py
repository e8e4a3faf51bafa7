"""How a kernel that Triton compiled is launched: what its artifact says of it, against a driver that writes the call down."""
import ctypes
import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

from kiln_runner.judge.artifacts import Artifact
from kiln_runner.judge.failures import LaunchRejected
from kiln_runner.judge.gpu.driver import FUNCTION_MAX_DYNAMIC_SHARED
from kiln_runner.judge.gpu.program import Program

PLAN = {
    "launches": [{
        "kernel": "scale", "grid": [7, 1, 1], "block": [128, 1, 1], "cluster": None, "shared": 0,
        "args": [{"kind": "tensor", "name": "x"}, {"kind": "scalar", "dtype": "i32", "value": 41}, {"kind": "scalar", "dtype": "f32", "value": 2.5}],
    }],
    "scratch": {},
}
META = {"file": "code-0.cubin", "shared": 60_000, "numWarps": 8, "hidden": ["null_ptr", "null_ptr"]}


# An ELF file without a section.
CUBIN = b"\x7fELF\x02" + bytes(59)


class WritingLibrary:
    """The calls of the driver that a program makes, with parameters of these sizes."""

    def __init__(self, sizes: list[int]) -> None:
        self.sizes = sizes
        self.attributes = {}
        self.launched = None
        self.looked_up = 0

    def cuModuleGetFunction(self, function: object, _module: object, name: bytes) -> int:
        self.looked_up += 1
        function._obj.value = 5
        return 0 if name == b"scale" else 500

    def cuFuncGetParamInfo(self, _function: object, index: ctypes.c_size_t, _offset: object, size: object) -> int:
        if index.value >= len(self.sizes):
            return 1
        size._obj.value = self.sizes[index.value]
        return 0

    def cuFuncGetAttribute(self, value: object, which: int, _function: object) -> int:
        value._obj.value = 1024 if which == 0 else 0
        return 0

    def cuFuncSetAttribute(self, _function: object, which: int, value: int) -> int:
        self.attributes[which] = value
        return 0

    def cuLaunchKernel(self, _function: object, *arguments: Any) -> int:
        shape, parameters = list(arguments[:7]), arguments[8]
        words = [ctypes.string_at(parameters[n], size) for n, size in enumerate(self.sizes)]
        self.launched = (shape, [int.from_bytes(word, "little") for word in words])
        return 0


class WritingDriver:
    def __init__(self, sizes: list[int]) -> None:
        self.lib = WritingLibrary(sizes)

    def load_module(self, image: bytes) -> int:
        assert image == CUBIN
        return 9

    def attribute(self, _which: int) -> int:
        return 232_448

    def check(self, code: int, what: str) -> None:
        assert code == 0, what


class LaunchingTriton(unittest.TestCase):
    def launch(self, meta: dict, sizes: list[int], found_before: bool = False) -> WritingLibrary:
        driver = WritingDriver(sizes)
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "code-0.cubin").write_bytes(CUBIN)
            Path(folder, "meta.json").write_text(json.dumps({"language": "triton", "kernels": {"scale": meta}}))
            program = Program(driver, Artifact(Path(folder)))
            if found_before:
                program.find(["scale"])
                self.assertEqual((driver.lib.looked_up, driver.lib.launched), (1, None))
            for launch in program.prepare(PLAN, lambda _argument: 0x7000):
                self.assertEqual(launch(), 0)
        return driver.lib

    def test_warps_shared_memory_and_hidden_pointers_come_from_the_artifact(self) -> None:
        library = self.launch(META, [8, 4, 4, 8, 8])
        shape, arguments = library.launched
        self.assertEqual(shape, [7, 1, 1, 256, 1, 1, 60_000])
        self.assertEqual(arguments, [0x7000, 41, 0x40200000, 0, 0])
        self.assertEqual(library.attributes[FUNCTION_MAX_DYNAMIC_SHARED], 60_000)

    def test_no_shared_memory_is_no_shared_memory_whatever_the_plan_says(self) -> None:
        self.assertEqual(self.launch({**META, "shared": 0}, [8, 4, 4, 8, 8]).launched[0][6], 0)

    def test_a_kernel_that_was_found_ahead_is_not_looked_up_again(self) -> None:
        library = self.launch(META, [8, 4, 4, 8, 8], found_before=True)
        self.assertEqual((library.looked_up, library.launched[0]), (1, [7, 1, 1, 256, 1, 1, 60_000]))

    def test_hidden_arguments_that_do_not_fit_the_code_are_refused(self) -> None:
        for hidden in ([], ["null_ptr"], ["null_ptr"] * 3):
            with self.assertRaisesRegex(LaunchRejected, "takes 5 arguments"):
                self.launch({**META, "hidden": hidden}, [8, 4, 4, 8, 8])


if __name__ == "__main__":
    unittest.main()
