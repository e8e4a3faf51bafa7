"""What the judge passes to its own GPU kernels is what these take, by their source: as many arguments, each of its size."""
import ctypes
import re
import sys
import unittest
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner"))
from kiln_runner.judge.gpu.kernels import HelperKernels
from kiln_runner.judge.gpu.launching import LaunchShape, PreparedLaunch
from kiln_runner.judge.gpu.sampling import CaseSamples, Expected, Tools
from kiln_runner.judge.lookups import NO_LOOKUP, Lookup
from kiln_runner.judge.native_source import read
from kiln_runner.judge.sampling import rows_of
from kiln_runner.judge.tensors import Mixture, Structure

SIZES = {"u64": 8, "double": 8, "int": 4, "Mixture": ctypes.sizeof(Mixture), "Structure": ctypes.sizeof(Structure), "Lookup": ctypes.sizeof(Lookup)}
OUT = {"name": "y", "dtype": "f32", "elements": 1000, "role": "out"}


def taken() -> dict[str, list[int]]:
    """Kernel -> bytes of each parameter."""
    source = read("gpu_kernels.cu", "gpu_sampling.cu")
    found = re.findall(r"__global__ void\s+(?:__launch_bounds__\(\d+\)\s+)?(kiln_\w+)\(([^)]*)\)", source)
    return {name: [8 if "*" in one else SIZES[one.split()[-2]] for one in parameters.split(",")] for name, parameters in found}


class Launches(unittest.TestCase):
    def setUp(self) -> None:
        driver = SimpleNamespace(lib=SimpleNamespace(cuLaunchKernel=None), launches_by_config=False, check=lambda *_: None, upload=lambda *_: None)
        self.kernels = object.__new__(HelperKernels)
        self.taken = taken()
        self.kernels._driver, self.kernels._functions = driver, {name: ctypes.c_void_p(1) for name in self.taken}
        store = SimpleNamespace(cells=1 << 20, rows=1 << 21, runs=1 << 22)
        self.samples = CaseSamples(Tools(driver, self.kernels, store), rows_of([OUT], 1, {}, 1 << 20), lambda _row: 1 << 23)

    def assert_fits(self, name: str, launch: PreparedLaunch) -> None:
        self.assertEqual([ctypes.sizeof(launch.value(n)) for n in range(launch.count)], self.taken[name], name)

    def test_every_kernel_gets_what_it_takes(self) -> None:
        plain, mixed = ({"dtype": "f32", "elements": 8, "distribution": {"kind": kind}} for kind in ("normal", "zeros"))
        shuffled = {"dtype": "i32", "elements": 8, "distribution": {"kind": "permutation", "length": 8}}
        launches = {
            "kiln_draw": self.kernels.draw(plain, 8)._launch,
            "kiln_draw_mixture": self.kernels.draw(mixed, 8)._launch,
            "kiln_draw_structure": self.kernels.draw(shuffled, 8)._launch,
            "kiln_guard": self.kernels.guard(8, 1)._launch,
            "kiln_compare": self.kernels.compare(plain, 8, 16, 24)._launch,
            "kiln_compare_indices": self.kernels.compare_indices(plain, (8, 16, 24), NO_LOOKUP, 0)._launch,
            "kiln_delay": self.kernels.delay()._launch,
            "kiln_flush": self.kernels.flush(8, 132)._launch,
            "kiln_turn": self.samples._turn,
            "kiln_compare_samples": self.samples._prepare_compare(0, (Expected(8, 16, 24), NO_LOOKUP), (0.0, 0.0, 0.0)),
        }
        self.assertEqual(set(launches), set(self.taken))
        for name, launch in launches.items():
            self.assert_fits(name, launch)

    def test_the_judges_own_are_launched_in_the_way_that_takes_the_host_least_where_the_driver_has_it(self) -> None:
        calls: list[tuple[str, int]] = []
        driver = self.kernels._driver
        library = driver.lib
        library.cuLaunchKernel = lambda *arguments: calls.append(("usual", len(arguments))) or 0
        for name in ("usual", "lean"):
            if name == "lean":
                driver.launches_by_config = True
                library.cuLaunchKernelEx = lambda *arguments: calls.append(("lean", len(arguments))) or 0
            launch = self.samples._prepare_compare(0, (Expected(8, 16, 24), NO_LOOKUP), (0.0, 0.0, 0.0))
            launch.widen(7)
            self.assertEqual(launch(), 0)
            blocks = launch._config.grid[0] if launch._config else launch._arguments[1]
            self.assertEqual((blocks, calls.pop()), (7, (name, {"usual": 11, "lean": 4}[name])))
        theirs = PreparedLaunch(self.kernels._driver, ctypes.c_void_p(1), LaunchShape([3], [64]), [])
        self.assertEqual((theirs(), calls.pop()[0]), (0, "usual"), "a candidate's, whose time is taken, as ever")

    def test_values_that_are_set_at_once_lie_one_after_the_other(self) -> None:
        launch = PreparedLaunch(self.kernels._driver, ctypes.c_void_p(1), LaunchShape([1], [1]), [ctypes.c_int(1), *map(ctypes.c_uint64, range(4))])
        launch.words(1, 3)(7, 2**64 - 1, 9)
        self.assertEqual([launch.value(n).value for n in range(launch.count)], [1, 7, 2**64 - 1, 9, 3])
        wide = PreparedLaunch(self.kernels._driver, ctypes.c_void_p(1), LaunchShape([1], [1]), [NO_LOOKUP, ctypes.c_uint64(1)])
        with self.assertRaises(ValueError):
            wide.words(0, 2)

    def test_keys_and_stamps_go_where_the_kernel_looks_for_them(self) -> None:
        order = re.search(r"void kiln_draw_mixture\(([^)]*)\)", read("gpu_kernels.cu"))
        names = [one.split()[-1] for one in order.group(1).split(",")] if order else []
        self.kernels._driver.lib.cuLaunchKernel, self.kernels._driver.check = (lambda *_: 0), (lambda code, what: None)
        draw = self.kernels.draw({"dtype": "f32", "elements": 8, "distribution": {"kind": "zeros"}}, 8)
        draw(5, 6, 7)
        values = {name: draw._launch.value(n) for n, name in enumerate(names)}
        self.assertEqual([values[name].value for name in ("key0", "key1", "found", "stamp")], [5, 6, 0, 7])


if __name__ == "__main__":
    unittest.main()
