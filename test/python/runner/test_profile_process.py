"""The profiling process: what it makes of ncu's answers, and of the driver's where ncu gives none."""
import ctypes
import io
import os
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import ClassVar

from kiln_runner.frames import PAYLOAD_BYTES_MAX, encode, read_frame
from kiln_runner.judge.gpu.launching import LaunchShape
from kiln_runner.profile.binary import binary_profiles
from kiln_runner.profile.main import REPORT_BYTES_MAX, merged
from kiln_runner.profile.ncu import Report, measure, missing
from kiln_runner.profile.unmeasured import unmeasured

from . import samples
from .drive import REPOSITORY, RUNNER_ROOT, processes_of, wait_until

PAGE = REPOSITORY / "test/fixtures/profile/raw-page.csv"
# What it is asked for is told in `asked`. The report is made while the program runs; the page comes from the fixture.
NCU = f"""#!/bin/sh
echo "$@" >> "$FOLDER/asked"
case "$1" in
  --import) [ "$HOW" = empty ] || cat {PAGE}; exit 0 ;;
esac
[ "$HOW" = forbidden ] && echo "==ERROR== ERR_NVGPUCTRPERM - The user does not have permission" && exit 1
[ "$HOW" = broken ] && echo "==ERROR== no such option" && exit 1
for part in "$@"; do [ "$before" = --export ] && printf report > "$part.ncu-rep"; before=$part; done
"""


class Ncu(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="kiln-ncu-")
        self.path = Path(self.folder.name)
        (self.path / "ncu").write_text(NCU)
        (self.path / "ncu").chmod(stat.S_IRWXU)
        os.environ["FOLDER"] = self.folder.name

    def tearDown(self) -> None:
        self.folder.cleanup()
        for name in ("FOLDER", "HOW"):
            os.environ.pop(name, None)

    def measured(self, how: str) -> Report:
        os.environ["HOW"] = how
        return measure(str(self.path / "ncu"), ["true"], self.path)

    def test_the_report_and_its_numbers_come_back(self) -> None:
        report = self.measured("well")
        self.assertEqual((report.raw, report.trouble, [kernel["registers"] for kernel in report.kernels]), (b"report", None, [40, 18]))
        asked = (self.path / "asked").read_text()
        # The candidate alone, at the clocks it is timed at.
        self.assertIn("--profile-from-start off", asked)
        self.assertIn("--clock-control none", asked)

    def test_without_permission_it_says_what_mends_it(self) -> None:
        report = self.measured("forbidden")
        self.assertEqual(report.kernels, [])
        self.assertIn("NVreg_RestrictProfilingToAdminUsers=0", report.trouble)
        self.assertIn("compiled code alone", report.trouble)

    def test_any_other_failure_is_told_in_ncus_own_words(self) -> None:
        self.assertIn("no such option", self.measured("broken").trouble)
        self.assertIn("no kernel in it", self.measured("empty").trouble)
        self.assertIn("ncu is not installed", missing().trouble)


class Merging(unittest.TestCase):
    def test_what_was_measured_stands_over_what_the_code_tells_launch_by_launch(self) -> None:
        facts = [{**unmeasured("a"), "registers": 30, "spillBytes": 0}, {**unmeasured("b"), "registers": 10}]
        kernels, note = merged(facts, Report([{"registers": 32, "l2HitRate": None}, {"durationNs": 5.0}], b"", None))
        self.assertEqual([(one["kernel"], one["registers"], one["durationNs"]) for one in kernels], [("a", 32, None), ("b", 10, 5.0)])
        self.assertEqual((kernels[0]["spillBytes"], note), (0, None))

    def test_without_measurements_the_code_stands_with_the_reason(self) -> None:
        kernels, note = merged([{**unmeasured("a"), "registers": 30}], missing())
        self.assertEqual(kernels[0]["registers"], 30)
        self.assertIn("nsight-compute", note)

    def test_launches_that_ncu_did_not_see_are_told(self) -> None:
        _kernels, note = merged([unmeasured("a"), unmeasured("b")], Report([{"registers": 1}], b"", None))
        self.assertIn("1 of 2 launches", note)


class FakeLibrary:
    """libcuda's answers: {attribute: value} of the device and of every function."""

    def __init__(self, function: dict[int, int], blocks: int) -> None:
        self._function, self._blocks = function, blocks
        self.asked: list[tuple] = []

    def cuFuncGetAttribute(self, value: object, which: int, _function: object) -> int:
        value._obj.value = self._function[which]
        return 0

    def cuOccupancyMaxActiveBlocksPerMultiprocessor(self, value: object, _function: object, threads: ctypes.c_int, shared: ctypes.c_size_t) -> int:
        self.asked.append((threads.value, shared.value))
        value._obj.value = self._blocks
        return 0


class FakeDriver:
    DEVICE: ClassVar[dict[int, int]] = {39: 2048, 81: 233472, 82: 65536, 106: 32, 111: 1024}

    def __init__(self, library: FakeLibrary) -> None:
        self.lib = library

    def attribute(self, which: int) -> int:
        return self.DEVICE[which]

    def check(self, code: int, what: str) -> None:
        assert code == 0, what


class FakeProgram:
    def function(self, _kernel: str) -> ctypes.c_void_p:
        return ctypes.c_void_p(1)

    def shape(self, launch: dict) -> LaunchShape:
        return LaunchShape(launch["grid"], launch["block"], launch["shared"])


class CompiledCode(unittest.TestCase):
    def profile(self, local_bytes: int, resources: dict) -> dict:
        self.library = FakeLibrary({1: 2048, 3: local_bytes, 4: 64}, blocks=4)
        plan = {"launches": [{"kernel": "k", "grid": [10, 1, 1], "block": [16, 16, 1], "shared": 4096}], "scratch": {}}
        return binary_profiles(FakeDriver(self.library), FakeProgram(), plan, resources)[0]

    def test_registers_shared_memory_and_occupancy_come_from_the_driver(self) -> None:
        profile = self.profile(0, {})
        names = ("registers", "spillBytes", "sharedBytes", "occupancyTheoretical", "occupancyLimiter", "durationNs")
        reported = {name: profile[name] for name in names}
        self.assertEqual(reported, {
            "registers": 64, "spillBytes": 0, "sharedBytes": 6144, "occupancyTheoretical": 0.5, "occupancyLimiter": "registers", "durationNs": None,
        })
        self.assertEqual(self.library.asked, [(256, 4096)])

    def test_spills_are_the_compilers_word_and_unknown_where_local_memory_may_be_an_array(self) -> None:
        self.assertEqual(self.profile(64, {"k": {"registers": 64, "sharedBytes": 0, "spillBytes": 24}})["spillBytes"], 24)
        self.assertIsNone(self.profile(64, {})["spillBytes"])


# Starts a profile as the runner's server does, and stays.
SERVER = """
import os, subprocess, sys, time
from kiln_runner.frames import encode
folder = sys.argv[1]
argv = [sys.executable, "-m", "kiln_runner", "profile", "--device", "d", "--ordinal", "0", "--cache", folder, "--work", folder]
argv += ["--lock", folder + "/lock", "--ncu", folder + "/ncu"]
child = subprocess.Popen(argv, stdin=subprocess.PIPE, start_new_session=True, env={**os.environ, "KILN_RUNNER_PID": str(os.getpid())})
request = {"type": "profile", "case": {"name": "big"}, "plan": {"launches": [], "scratch": {}}, "artifact": "a", "resources": {}, "model": "m"}
child.stdin.write(encode(request))
child.stdin.flush()
time.sleep(600)
"""


class Process(unittest.TestCase):
    def run_process(self, *options: str) -> dict:
        case = {"name": "big", "kind": "bench", "tensors": []}
        request = {"type": "profile", "case": case, "plan": samples.plan(), "artifact": "a" * 64, "resources": {}, "model": "Test GPU"}
        with tempfile.TemporaryDirectory(prefix="kiln-profile-") as folder:
            done = subprocess.run(
                [
                    sys.executable, "-m", "kiln_runner", "profile", "--device", "GPU-test", "--ordinal", "0", "--cache", folder,
                    "--lock", f"{folder}/lock", "--work", folder, *options,
                ],
                env={**os.environ, "PYTHONPATH": str(RUNNER_ROOT), "CUDA_VISIBLE_DEVICES": ""}, input=encode(request), capture_output=True,
                timeout=600, check=True, start_new_session=True,
            )
        return read_frame(io.BytesIO(done.stdout))[0]["result"]

    def test_a_simulated_device_says_that_nothing_was_measured(self) -> None:
        summary = self.run_process("--simulated")["summary"]
        self.assertEqual((summary["source"], summary["case"], summary["kernels"]), ("binary", "big", [unmeasured("vector_add")]))
        self.assertIn("simulated", summary["note"])

    def test_a_host_that_cannot_launch_at_all_is_to_blame_itself(self) -> None:
        failure = self.run_process()["failure"]
        self.assertEqual(failure["code"], "worker_died")
        self.assertIn("the launching process ended with", failure["message"])

    def test_the_servers_death_takes_everything_of_a_profile_along(self) -> None:
        with tempfile.TemporaryDirectory(prefix="kiln-profile-") as folder:
            ncu = Path(folder, "ncu")
            ncu.write_text(f"#!/bin/sh\necho $$ > {folder}/started.part; mv {folder}/started.part {folder}/started; sleep 600\n")
            ncu.chmod(stat.S_IRWXU)
            server = subprocess.Popen([sys.executable, "-c", SERVER, folder], env={**os.environ, "PYTHONPATH": str(RUNNER_ROOT)})
            try:
                # The server, the profiling process, ncu, and what it runs.
                wait_until(lambda: Path(folder, "started").exists() and len(processes_of(folder)) == 4, "ncu runs")
            finally:
                server.kill()
                server.wait()
            wait_until(lambda: not processes_of(folder), "nothing of the profile is left")

    def test_reports_stay_well_below_what_a_frame_carries(self) -> None:
        self.assertLess(REPORT_BYTES_MAX, PAYLOAD_BYTES_MAX)


if __name__ == "__main__":
    unittest.main()
