"""The check of a device binary that comes out of a candidate's process: hand-made ones, and those of a real compiler where there is one."""
import shutil
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

from kiln_runner.programs.cubin import CubinRefused, Kernel, check_cubin
from test.python.programs.small_cubin import ARCHITECTURE, cubin_of

SECTIONS_AT, FLAGS_AT, COUNT_AT = 40, 48, 60
SOURCE = r"""
#include <cstdio>
struct Scales { int a; double b; char c[100]; };
__device__ int calls;
extern "C" __global__ void add(const float* a, float* out, int n, Scales s) {
  if (n > (int)s.b) { atomicAdd(&calls, 1); printf("%d", n); }
  out[n] = a[n] + s.c[3];
}
extern "C" __global__ void none() {}
"""
LAUNCHES_ITSELF = 'extern "C" __device__ int another(int); extern "C" __global__ void k(int* out) { *out = another(1); }'


def changed(image: bytes, at: int, form: str, value: int) -> bytes:
    spoiled = bytearray(image)
    struct.pack_into(form, spoiled, at, value)
    return bytes(spoiled)


def section_field(image: bytes, number: int, field: int) -> int:
    """Where field 0 to 9 of a section's header is; those of 4 bytes are 0, 1, 6, 7."""
    table, = struct.unpack_from("<Q", image, SECTIONS_AT)
    return table + 64 * number + (0, 4, 8, 16, 24, 32, 40, 44, 48, 56)[field]


class HandMade(unittest.TestCase):
    def setUp(self) -> None:
        # Sections: 1 code, 2 description, 3 relocations, 4 texts, 5 symbols, 6 names.
        self.image = cubin_of({"scale": [8, 8, 4]})

    def refused(self, image: bytes, reason: str, architecture: str = ARCHITECTURE) -> None:
        with self.assertRaisesRegex(CubinRefused, reason):
            check_cubin(image, architecture)

    def test_its_kernels_and_their_parameters_are_read(self) -> None:
        self.assertEqual(check_cubin(self.image, ARCHITECTURE).kernels, {"scale": Kernel((8, 8, 4), 20)})
        self.assertEqual(check_cubin(cubin_of({"none": []}), ARCHITECTURE).kernels, {"none": Kernel((), 0)})

    def test_it_must_be_for_the_device(self) -> None:
        self.refused(self.image, "sm_90 and cannot run on sm_80", "sm_80")
        self.refused(self.image, "cannot run on sm_100a", "sm_100a")
        self.assertEqual(check_cubin(cubin_of({"k": []}, number=80), "sm_86").number, 80)
        self.refused(cubin_of({"k": []}, number=86), "cannot run on sm_80", "sm_80")

    def test_it_must_be_a_linked_device_binary(self) -> None:
        self.refused(b"", "not a 64-bit")
        self.refused(self.image[:40], "cannot be read")
        self.refused(changed(self.image, 18, "<H", 62), "machine 62")
        self.refused(changed(self.image, 16, "<H", 1), "not linked")
        self.refused(changed(self.image, 8, "<B", 12), "version 12")

    def test_every_table_must_lie_within_the_file(self) -> None:
        self.refused(self.image[:-1], "the table of sections lies outside")
        self.refused(changed(self.image, SECTIONS_AT, "<Q", 2 ** 63), "outside")
        self.refused(changed(self.image, COUNT_AT, "<H", 0), "no table of sections")
        self.refused(changed(self.image, section_field(self.image, 2, 5), "<Q", 1 << 40), "section 2 lies outside")
        self.refused(changed(self.image, section_field(self.image, 1, 5), "<Q", len(self.image) - 64), "overlap")
        self.refused(changed(self.image, section_field(self.image, 5, 6), "<I", 99), "no sound shape")
        self.refused(changed(self.image, section_field(self.image, 1, 0), "<I", 1 << 20), "a name lies outside")
        self.refused(changed(self.image, 32, "<Q", 8)[:54] + struct.pack("<HH", 56, 60_000) + self.image[58:], "segments lies outside")

    def test_relocations_and_symbols_stay_within_their_sections(self) -> None:
        relocation, = struct.unpack_from("<Q", self.image, section_field(self.image, 3, 4))
        symbols, = struct.unpack_from("<Q", self.image, section_field(self.image, 5, 4))
        self.refused(changed(self.image, relocation, "<Q", 16), "a relocation leaves")
        self.refused(changed(self.image, relocation + 12, "<I", 40), "a relocation leaves")
        self.refused(changed(self.image, section_field(self.image, 3, 7), "<I", 99), "no sound shape")
        self.refused(changed(self.image, symbols + 24 + 16, "<Q", 17), "outside of its section")
        self.refused(changed(self.image, symbols + 24 + 6, "<H", 2), "not where its code is")

    def test_it_calls_nothing_but_what_the_driver_brings(self) -> None:
        check_cubin(cubin_of({"k": []}, ("vprintf", "__assertfail")), ARCHITECTURE)
        self.refused(cubin_of({"k": []}, ("vprintf", "cudaLaunchDeviceV2")), "does not hold: cudaLaunchDeviceV2")

    def test_sizes_that_no_device_has_are_refused(self) -> None:
        flags = changed(self.image, section_field(self.image, 1, 1), "<I", 8)
        self.refused(changed(flags, section_field(flags, 1, 5), "<Q", 1 << 41), "code and variables take more")


@unittest.skipUnless(shutil.which("nvcc"), "nvcc is not here")
class Compiled(unittest.TestCase):
    def compiled(self, source: str, architecture: str, *options: str) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "k.cu").write_text(source, encoding="utf-8")
            command = ["nvcc", f"-arch={architecture}", "-cubin", *options, "-o", f"{folder}/k.cubin", f"{folder}/k.cu"]
            subprocess.run(command, check=True, capture_output=True, timeout=600)
            return (Path(folder) / "k.cubin").read_bytes()

    def test_what_a_compiler_makes_is_loaded(self) -> None:
        found = check_cubin(self.compiled(SOURCE, "sm_90a"), "sm_90a")
        self.assertEqual(found.number, 90)
        self.assertEqual(found.kernels, {"add": Kernel((8, 8, 4, 120), 144), "none": Kernel(None, None)})

    def test_what_calls_another_file_is_not(self) -> None:
        with self.assertRaisesRegex(CubinRefused, "does not hold: another|not linked"):
            check_cubin(self.compiled(LAUNCHES_ITSELF, "sm_90a", "-rdc=true"), "sm_90a")
