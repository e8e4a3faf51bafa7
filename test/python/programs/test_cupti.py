"""Callbacks of CUPTI and questions to the driver, by libraries of our own with the same calls."""
import ctypes
import json
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from kiln_runner.programs import driver_calls
from kiln_runner.programs.cupti import Cupti, CuptiFailure, DriverFunctions
from kiln_runner.programs.device_memory import CudaMemory
from kiln_runner.programs.driver_calls import DriverCalls
from kiln_runner.programs.recorder import Recorder
from test.python.programs.small_cubin import ARCHITECTURE, cubin_of, digest
from test.python.programs.test_recorder import INPUTS_BASE, RANGES

LIBRARY = r"""
#include <stddef.h>
#include <stdint.h>
typedef void (*callback_t)(void*, int, unsigned, void*);
static callback_t callback; static int enabled[1024], domains[8], taken;
int cuptiSubscribe(void **subscriber, callback_t wanted, void *user) {
  if (taken) return 39;
  taken = 1; callback = wanted; *subscriber = &taken; return 0;
}
int cuptiUnsubscribe(void *subscriber) { taken = 0; callback = 0; return 0; }
int cuptiEnableDomain(unsigned on, void *subscriber, int domain) { domains[domain] = on; return 0; }
int cuptiEnableCallback(unsigned on, void *subscriber, int domain, unsigned number) { if (number > 600) return 1; enabled[number] = on; return 0; }
void fire(int domain, unsigned number, void *data) {
  if (callback && (domain == 1 ? enabled[number] : domains[domain])) callback(0, domain, number, data);
}
int cuFuncGetName(const char **name, void *f) { if ((uintptr_t)f >= 100) return 400; *name = "scale"; return 0; }
int cuFuncGetModule(void **module, void *f) { if ((uintptr_t)f >= 100) return 400; *module = (void*)((uintptr_t)f + 1000); return 0; }
int cuKernelGetFunction(void **f, void *kernel) { if ((uintptr_t)kernel >= 200) return 400; *f = (void*)((uintptr_t)kernel - 100); return 0; }
int cuFuncGetParamInfo(void *f, size_t n, size_t *offset, size_t *size) { if (n > 2) return 1; *offset = n * 8; *size = n == 2 ? 4 : 8; return 0; }
"""


@unittest.skipUnless(shutil.which("gcc"), "gcc is not here")
class Callbacks(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.mkdtemp(prefix="kiln-cupti-")
        Path(cls.folder, "played.c").write_text(LIBRARY, encoding="ascii")
        cls.path = f"{cls.folder}/libplayed.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", cls.path, f"{cls.folder}/played.c"], check=True, timeout=600)
        cls.played = ctypes.CDLL(cls.path)
        cls.played.fire.argtypes = [ctypes.c_int, ctypes.c_uint, ctypes.c_void_p]

    @classmethod
    def tearDownClass(cls) -> None:
        shutil.rmtree(cls.folder)

    def setUp(self) -> None:
        self.recorder = Recorder(ARCHITECTURE)
        self.calls = DriverCalls(self.recorder, DriverFunctions(self.played))

    def subscribed(self) -> Cupti:
        cupti = Cupti(self.calls, self.path)
        self.addCleanup(cupti.close)
        return cupti

    def fire_module(self, image: bytes) -> None:
        data = ctypes.create_string_buffer(image, len(image))
        module = driver_calls._Module(1, len(image), ctypes.addressof(data))
        resource = driver_calls._Resource(None, None, ctypes.addressof(module))
        self.played.fire(driver_calls.RESOURCE, driver_calls.MODULE_LOADED, ctypes.addressof(resource))

    def fire_launch(self, function: int) -> None:
        values = [(ctypes.c_uint64 * 1)(INPUTS_BASE), (ctypes.c_uint64 * 1)(INPUTS_BASE), (ctypes.c_uint64 * 1)(7)]
        pointers = (ctypes.c_uint64 * 3)(*map(ctypes.addressof, values))
        three = ctypes.c_uint * 3
        launch = driver_calls._Launch(function, three(1, 1, 1), three(32, 1, 1), 0, None, ctypes.addressof(pointers), None)
        shown = driver_calls._Callback(0, None, ctypes.addressof(launch), None, None)
        self.played.fire(driver_calls.DRIVER_API, 307, ctypes.addressof(shown))

    def test_what_is_shown_is_recorded(self) -> None:
        cupti = self.subscribed()
        # Those that this driver does not have.
        self.assertEqual([number for number in sorted(cupti.unknown) if number < 700], [652, 653])
        image = cubin_of({"scale": [8, 8, 4]})
        self.fire_module(image)
        self.recorder.begin()
        # A function, and a kernel of a library that stands for one.
        self.fire_launch(5)
        self.fire_launch(105)
        self.recorder.end()
        text, blobs = self.recorder.finish(RANGES, lambda address, size: bytes(size))
        self.assertIn(digest(image), blobs)
        self.assertEqual(text.count(b'"kernel":"scale"'), 2)

    def fire_load(self, site: int, module: int) -> None:
        handle = ctypes.c_uint64(module)
        arguments = (ctypes.c_uint64 * 2)(ctypes.addressof(handle), 0)
        shown = driver_calls._Callback(site, None, ctypes.addressof(arguments), None, None)
        self.played.fire(driver_calls.DRIVER_API, 19, ctypes.addressof(shown))

    def test_two_kernels_of_one_name_are_told_apart_by_the_module_that_they_are_in(self) -> None:
        self.subscribed()
        images = [cubin_of({"scale": [8, 8, 4], **more}) for more in ({}, {"other": [8]}, {"third": [4]})]
        for module, image in zip((1005, 1006), images):
            self.fire_load(0, 0)
            self.fire_module(image)
            self.fire_load(1, module)
        self.fire_module(images[2])
        self.recorder.begin()
        self.fire_launch(6)
        self.recorder.end()
        _, blobs = self.recorder.finish(RANGES, lambda address, size: bytes(size))
        self.assertEqual([image for image in images if digest(image) in blobs], [images[1]])
        self.recorder.begin()
        self.fire_launch(7)
        self.recorder.end()
        with self.assertRaisesRegex(Exception, "kernel scale, of which 3 device binaries are known"):
            self.recorder.finish(RANGES, lambda address, size: bytes(size))

    def test_a_module_that_is_gone_gives_its_name_to_no_other(self) -> None:
        self.subscribed()
        for image in (cubin_of({"scale": [8, 8, 4]}), cubin_of({"scale": [8, 8, 4], "other": [8]})):
            self.fire_load(0, 0)
            self.fire_module(image)
            self.fire_load(1, 1006)
        handle = (ctypes.c_uint64 * 1)(1006)
        shown = driver_calls._Callback(0, None, ctypes.addressof(handle), None, None)
        self.played.fire(driver_calls.DRIVER_API, 22, ctypes.addressof(shown))
        self.recorder.begin()
        self.fire_launch(6)
        with self.assertRaisesRegex(Exception, "kernel scale, of which 2 device binaries are known"):
            self.recorder.finish(RANGES, lambda address, size: bytes(size))

    def test_what_the_recorder_does_itself_is_no_part_of_the_recording(self) -> None:
        """A tensor that a program makes anew in the call that counts: its memory is mapped and zeroed meanwhile."""
        self.subscribed()

        def fill(address: int, value: int, count: int) -> int:
            arguments = (ctypes.c_uint64 * 3)(address, value, count)
            shown = driver_calls._Callback(0, None, ctypes.addressof(arguments), None, None)
            self.played.fire(driver_calls.DRIVER_API, 249, ctypes.addressof(shown))
            return 0

        names = ("cuInit", "cuDeviceGet", "cuDevicePrimaryCtxRetain", "cuCtxSetCurrent", "cuMemGetAllocationGranularity", "cuCtxSynchronize")
        calls: dict[str, Any] = {name: lambda *_: 0 for name in (*names, "cuMemcpyDtoH_v2", "cuMemcpyHtoD_v2", "cuMemAddressReserve", "cuMemCreate")}
        played = SimpleNamespace(**calls, cuMemMap=lambda *_: 0, cuMemSetAccess=lambda *_: 0, cuMemsetD8_v2=fill)
        memory = CudaMemory([], played)
        self.calls.is_own = memory.is_asking
        self.fire_module(cubin_of({"scale": [8, 8, 4]}))
        self.recorder.begin()
        memory.zero(INPUTS_BASE, 4096)
        self.fire_launch(5)
        fill(INPUTS_BASE, 7, 16)
        text, _ = self.recorder.finish(RANGES, lambda address, size: bytes(size))
        self.assertEqual([operation["op"] for operation in json.loads(text)["ops"]], ["launch", "set"])

    def test_a_function_without_a_name_ends_the_recording_and_not_the_program(self) -> None:
        self.subscribed()
        self.recorder.begin()
        self.fire_launch(300)
        with self.assertRaisesRegex(Exception, "could not be read.*a function without a name"):
            self.recorder.finish(RANGES, lambda address, size: bytes(size))

    def test_only_one_can_be_subscribed(self) -> None:
        self.subscribed()
        with self.assertRaisesRegex(CuptiFailure, "cuptiSubscribe failed with 39"):
            Cupti(self.calls, self.path)

    def test_a_library_that_cannot_be_loaded_is_named(self) -> None:
        with self.assertRaisesRegex(CuptiFailure, "no-such-library.so cannot be loaded"):
            Cupti(self.calls, f"{self.folder}/no-such-library.so")
