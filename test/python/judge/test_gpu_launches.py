"""What the judge passes to its own GPU kernels is what these take, by their source: as many arguments, each of its size."""
import ctypes
import re
import sys
import unittest
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner"))
from kiln_runner.judge.gpu.exchange import Exchange
from kiln_runner.judge.gpu.kernels import HelperKernels
from kiln_runner.judge.gpu.launching import LaunchShape, PreparedLaunch
from kiln_runner.judge.gpu.looks import Looks, Outputs
from kiln_runner.judge.gpu.sampling import CaseSamples, Expected, Tools
from kiln_runner.judge.lookups import NO_LOOKUP, Lookup
from kiln_runner.judge.native_source import read
from kiln_runner.judge.sampling import rows_of
from kiln_runner.judge.tensors import Mixture, Structure

STRUCTURES = {one.__name__: ctypes.sizeof(one) for one in (Mixture, Structure, Lookup, Outputs)}
SIZES = {"u64": 8, "double": 8, "int": 4, **STRUCTURES}
OUT = {"name": "y", "dtype": "f32", "elements": 1000, "role": "out"}


def taken() -> dict[str, list[int]]:
    """Kernel -> bytes of each parameter."""
    source = read("gpu_kernels.cu", "gpu_sampling.cu", "gpu_answers.cu")
    found = re.findall(r"__global__ void\s+(?:__launch_bounds__\(\d+\)\s+)?(kiln_\w+)\(([^)]*)\)", source)
    return {name: [8 if "*" in one else SIZES[one.split()[-2]] for one in parameters.split(",")] for name, parameters in found}


def names_of(kernel: str, file: str) -> list[str]:
    """Of its parameters."""
    found = re.search(rf"{kernel}\(([^)]*)\)", read(file))
    return [one.split()[-1] for one in found.group(1).split(",")] if found else []


class Launches(unittest.TestCase):
    def setUp(self) -> None:
        driver = SimpleNamespace(
            lib=SimpleNamespace(cuLaunchKernel=None), launches_by_config=False, check=lambda *_: None, upload=lambda *_: None, fill=lambda *_: 1,
            host_buffer=lambda _size: ctypes.addressof(self.buffer),
        )
        self.buffer = ctypes.create_string_buffer(1 << 20)
        self.driver, self.kernels = driver, object.__new__(HelperKernels)
        self.taken = taken()
        self.kernels._driver, self.kernels._functions = driver, {name: ctypes.c_void_p(1) for name in self.taken}
        self.samples = self.case_samples()

    def case_samples(self) -> CaseSamples:
        store = SimpleNamespace(cells=1 << 20, rows=1 << 21, runs=1 << 22)
        return CaseSamples(Tools(self.driver, self.kernels, store), rows_of([OUT], 1, {}, 1 << 20), lambda _row: 1 << 23)

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
            "kiln_look": Looks(self.driver, SimpleNamespace(allocate=lambda _size: 1 << 24), self.kernels)._prepare(1).launch,
            "kiln_copy": Exchange(self.driver, self.kernels)._copying[0],
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

    def test_what_outputs_are_poisoned_with_tells_nothing_of_where_samples_are_taken(self) -> None:
        """A kernel sees the one, and of integers two words of it would have told the key of the other within 2^32 tries."""
        names, self.driver.lib.cuLaunchKernel = names_of("kiln_turn", "gpu_sampling.cu"), lambda *_: 0
        poisons: set[int] = set()
        once = self.case_samples()
        for samples in (once, once, self.case_samples()):
            samples.turn(None, 12345)
            values = {name: samples._turn.value(n) for n, name in enumerate(names)}
            self.assertEqual(values["next"].value, 12345)
            poisons.add(values["poison"].value)
        self.assertEqual(len(poisons), 3)
        self.assertIn("poison_word(poison, ", read("gpu_sampling.cu"))

    def test_keys_and_stamps_go_where_the_kernel_looks_for_them(self) -> None:
        names = names_of("kiln_draw_mixture", "gpu_kernels.cu")
        self.kernels._driver.lib.cuLaunchKernel, self.kernels._driver.check = (lambda *_: 0), (lambda code, what: None)
        draw = self.kernels.draw({"dtype": "f32", "elements": 8, "distribution": {"kind": "zeros"}}, 8)
        draw(5, 6, 7)
        values = {name: draw._launch.value(n) for n, name in enumerate(names)}
        self.assertEqual([values[name].value for name in ("key0", "key1", "found", "stamp")], [5, 6, 0, 7])


if __name__ == "__main__":
    unittest.main()
