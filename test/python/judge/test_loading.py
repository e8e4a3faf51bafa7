"""Who is blamed when the driver does not load code: the image, whoever holds the memory, the name, or the device. Against a played driver."""
import ctypes
import hashlib
import json
import struct
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Optional
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner"))
from kiln_runner.compile.elf import loaded_bytes
from kiln_runner.judge.artifacts import Artifact
from kiln_runner.judge.failures import DeviceFault, InfraFailure, LaunchRejected
from kiln_runner.judge.gpu.device import GpuDevice
from kiln_runner.judge.gpu.driver import Driver
from kiln_runner.judge.gpu.loading import BLAME, IMAGE
from kiln_runner.judge.gpu.program import Program

from .small_elf import ENTRY, FUNCTION, OBJECT, elf_of

GIB = 1024**3
TOTAL = 80 * GIB
IMAGE_BYTES = elf_of([("scale", FUNCTION, ENTRY, 5)])
VARIABLE = elf_of([("hoard", OBJECT, 0, 3)])
PLAN = {"launches": [{"kernel": "scale", "grid": [1, 1, 1], "block": [1, 1, 1], "cluster": None, "shared": 0, "args": []}], "scratch": {}}


class PlayedLibrary:
    """Answers `load` to cuModuleLoadData, `find` to cuModuleGetFunction, and with that free memory; `is_lost`: every other call fails."""

    def __init__(self, load: int = 0, find: int = 0, free: int = 78 * GIB, is_lost: bool = False) -> None:
        self._load, self._find, self._free, self._is_lost = load, find, free, is_lost
        self.unloaded = 0

    def cuModuleLoadData(self, _module: object, _image: bytes) -> int:
        return self._load

    def cuModuleUnload(self, _module: object) -> int:
        self.unloaded += 1
        return 0

    def cuModuleGetFunction(self, _function: object, _module: object, _name: bytes) -> int:
        return self._find

    def cuMemGetInfo_v2(self, free: object, total: object) -> int:
        free._obj.value, total._obj.value = self._free, TOTAL
        return 0

    def cuCtxSynchronize(self) -> int:
        return 719 if self._is_lost else 0

    def cuGetErrorName(self, code: int, name: object) -> int:
        name._obj.value = f"CUDA_ERROR_{code}".encode()
        return 0


class Loading(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def artifact(self, image: bytes = IMAGE_BYTES, recorded: Optional[bytes] = None) -> Artifact:
        """Of code.cubin; `recorded`: what it was when it was compiled."""
        (self.folder / "code.cubin").write_bytes(image)
        meta = {"kernels": {"scale": {"file": "code.cubin"}}, "sha256": {"code.cubin": hashlib.sha256(recorded or image).hexdigest()}}
        (self.folder / "meta.json").write_text(json.dumps(meta))
        return Artifact(self.folder)

    def load(self, library: PlayedLibrary, artifact: Optional[Artifact] = None, side: str = "candidate") -> Program:
        device = GpuDevice.__new__(GpuDevice)
        device.driver = Driver.__new__(Driver)
        device.driver.lib = library
        return device.load(side, artifact or self.artifact())

    def rejected(self, library: PlayedLibrary, artifact: Optional[Artifact] = None) -> str:
        with self.assertRaises(LaunchRejected) as raised:
            self.load(library, artifact)
        self.assertEqual(raised.exception.field, "launch[0].kernel")
        return str(raised.exception)

    def infra(self, library: PlayedLibrary, artifact: Optional[Artifact] = None, side: str = "candidate") -> tuple[str, str]:
        with self.assertRaises(InfraFailure) as raised:
            self.load(library, artifact, side)
        return raised.exception.code, str(raised.exception)

    def test_an_image_that_the_driver_refuses_is_the_candidates_verdict(self) -> None:
        for code in (code for code, blame in BLAME.items() if blame == IMAGE):
            self.assertEqual(self.rejected(PlayedLibrary(code)), f"the driver cannot load the compiled code: CUDA_ERROR_{code}")

    def test_more_variables_than_the_device_has_memory_are_the_candidates_verdict(self) -> None:
        message = self.rejected(PlayedLibrary(2), self.artifact(with_variables(90 * GIB)))
        self.assertIn(f"its variables and code need {90 * GIB:,} bytes of device memory; {78 * GIB:,} of {TOTAL:,} are free", message)
        # Somebody else's memory would not help it either.
        self.assertIn("does not fit", self.rejected(PlayedLibrary(2, free=GIB), self.artifact(with_variables(90 * GIB))))

    def test_no_memory_on_a_device_that_has_most_of_it_free_is_the_candidates_verdict(self) -> None:
        self.assertIn("does not fit", self.rejected(PlayedLibrary(2), self.artifact(with_variables(79 * GIB))))

    def test_no_memory_on_a_device_that_is_full_is_nobodys_fault(self) -> None:
        self.assertEqual(self.infra(PlayedLibrary(2, free=GIB), self.artifact(with_variables(2 * GIB)))[0], "out_of_memory")

    def test_a_file_that_is_not_as_it_was_made_is_the_hosts_fault(self) -> None:
        damaged = self.artifact(b"\0" + IMAGE_BYTES[1:], recorded=IMAGE_BYTES)
        self.assertEqual(self.infra(PlayedLibrary(200), damaged)[0], "unknown_artifact")

    def test_what_the_device_or_the_driver_does_is_infra(self) -> None:
        for code in (100, 3, 999, 719):
            self.assertEqual(self.infra(PlayedLibrary(code))[0], "device_lost", code)
        with self.assertRaises(DeviceFault):
            self.load(PlayedLibrary(999, is_lost=True))

    def test_the_problems_own_code_is_never_the_candidates_verdict(self) -> None:
        for side, code in (("reference", "reference_failed"), ("baseline", "baseline_failed"), ("record", "internal")):
            self.assertEqual(self.infra(PlayedLibrary(200), side=side)[0], code)

    def test_code_that_is_no_elf_file_is_the_candidates_verdict_and_is_unloaded(self) -> None:
        library = PlayedLibrary()
        self.assertIn("no ELF file", self.rejected(library, self.artifact(IMAGE_BYTES[:-70])))
        self.assertEqual(library.unloaded, 1)

    def test_a_kernel_that_is_not_there_is_told_apart_from_one_that_cannot_be_loaded(self) -> None:
        for code, words in ((500, 'no kernel "scale"'), (200, "cannot load the compiled code"), (701, "cannot load the compiled code")):
            with self.assertRaises(LaunchRejected) as raised:
                self.load(PlayedLibrary(find=code)).prepare(PLAN, lambda _argument: 0)
            self.assertIn(words, str(raised.exception))
        with self.assertRaises(InfraFailure) as raised:
            self.load(PlayedLibrary(find=999)).prepare(PLAN, lambda _argument: 0)
        self.assertEqual(raised.exception.code, "device_lost")

    def test_a_kernel_by_a_cpp_name_is_looked_up_by_what_it_is_called_in_the_code(self) -> None:
        asked = []
        library = PlayedLibrary()
        library.cuModuleGetFunction = lambda _function, _module, name: asked.append(name) or 500
        artifact = self.artifact()
        meta = json.loads((self.folder / "meta.json").read_text())
        meta["kernels"]["add<float, 4>"] = {"file": "code.cubin", "symbol": "_Z3addIfLi4EEvPT_i"}
        (self.folder / "meta.json").write_text(json.dumps(meta))
        launch = {**PLAN["launches"][0], "kernel": "add<float, 4>"}
        with self.assertRaises(LaunchRejected):
            self.load(library, Artifact(artifact.folder)).prepare({**PLAN, "launches": [launch]}, lambda _argument: 0)
        self.assertEqual(asked, [b"_Z3addIfLi4EEvPT_i"])

    def test_loading_ahead_convicts_nobody(self) -> None:
        device = GpuDevice.__new__(GpuDevice)
        device.driver = Driver.__new__(Driver)
        device.driver.lib = PlayedLibrary(200)
        with self.assertRaises(InfraFailure):
            device.load_ahead("candidate", self.artifact(), ["scale"])

    def test_what_was_read_ahead_for_each_side_is_not_read_again(self) -> None:
        device = GpuDevice.__new__(GpuDevice)
        device.driver = Driver.__new__(Driver)
        device.driver.lib = PlayedLibrary()
        artifacts, parent = dict[str, Artifact](), self.folder
        for side in ("candidate", "record"):
            self.folder = parent / side
            self.folder.mkdir()
            artifacts[side] = self.artifact()
        device.read_ahead(list(artifacts.values()))
        with patch("kiln_runner.judge.gpu.program.read_images", side_effect=AssertionError):
            for side, artifact in artifacts.items():
                device.load(side, artifact)


class LoadedBytes(unittest.TestCase):
    def test_sections_without_bytes_in_the_file_count(self) -> None:
        self.assertEqual(loaded_bytes(with_variables(5 * GIB)), 5 * GIB)
        self.assertEqual(loaded_bytes(b"no ELF"), 0)

    def test_a_variable_counts_with_its_own_size_where_its_section_keeps_32_bits_of_it(self) -> None:
        symbols_at, = struct.unpack_from("<Q", VARIABLE, struct.unpack_from("<Q", VARIABLE, 40)[0] + 2 * 64 + 24)
        self.assertEqual(loaded_bytes(VARIABLE[: symbols_at + 40] + struct.pack("<Q", 90 * GIB) + VARIABLE[symbols_at + 48 :]), 90 * GIB)


def with_variables(size: int) -> bytes:
    """The image with a section that takes memory and no bytes of the file (.nv.global)."""
    sections_at, = struct.unpack_from("<Q", IMAGE_BYTES, 40)
    image = IMAGE_BYTES + struct.pack("<IIQQQQIIQQ", 0, 8, 3, 0, 0, size, 0, 0, 8, 0)
    count = (len(image) - sections_at) // ctypes.sizeof(ctypes.c_char * 64)
    return image[:60] + struct.pack("<H", count) + image[62:]


if __name__ == "__main__":
    unittest.main()
