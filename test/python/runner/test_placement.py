"""Who gets which cores: near its GPU, fairly, and never one that somebody else measures on. With a made-up /sys."""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Optional

from kiln_runner.frames import encode, read_frame
from kiln_runner.host.equipment import device_lock_file, judge_command
from kiln_runner.host.placement import NOWHERE, Limits, Placement, compile_slots, parse_cores, place
from kiln_runner.paths import RunnerPaths

from .drive import RUNNER_ROOT, wait_until

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(RUNNER_ROOT), "PYTHONDONTWRITEBYTECODE": "1", "KILN_TRITON_PYTHON": ""}
ADDRESSES = {"GPU-a": "0000:1b:00.0", "GPU-b": "0000:9d:00.0"}


class PlacementOfCores(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="kiln-sysfs-")
        self.addCleanup(self.folder.cleanup)
        self.pci, self.cpus = Path(self.folder.name, "devices"), Path(self.folder.name, "cpu")

    def near(self, address: str, cores: str, node: int = 0) -> None:
        (self.pci / address).mkdir(parents=True)
        (self.pci / address / "local_cpulist").write_text(f"{cores}\n")
        (self.pci / address / "numa_node").write_text(f"{node}\n")

    def siblings(self, core: int, text: str) -> None:
        folder = self.cpus / f"cpu{core}/topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text(f"{text}\n")

    def place(self, cores: int, addresses: Optional[dict[str, str]] = None) -> Placement:
        return place(ADDRESSES if addresses is None else addresses, range(cores), pci=self.pci, cpus=self.cpus)

    def test_each_gpu_gets_two_cores_of_its_own_node_and_all_else_shares_the_rest(self) -> None:
        self.near("0000:1b:00.0", "0-15", 0)
        self.near("0000:9d:00.0", "16-31", 1)
        judges, shared = self.place(32)
        self.assertEqual(judges, {"GPU-a": [14, 15], "GPU-b": [30, 31]})
        self.assertEqual(shared, [*range(14), *range(16, 30)])

    def test_gpus_of_one_node_never_share_a_core(self) -> None:
        for address in ADDRESSES.values():
            self.near(address, "0-7")
        judges, shared = self.place(16)
        self.assertEqual(judges, {"GPU-a": [6, 7], "GPU-b": [4, 5]})
        self.assertEqual(shared, [0, 1, 2, 3, *range(8, 16)])

    def test_a_gpu_of_unknown_place_leaves_the_others_their_near_cores(self) -> None:
        self.near("0000:9d:00.0", "14-15")
        self.assertEqual(self.place(16, {"GPU-a": "", "GPU-b": "0000:9d:00.0"}).judges, {"GPU-a": [12, 13], "GPU-b": [14, 15]})

    def test_a_host_that_tells_nothing_or_tells_of_foreign_cores_still_gives_each_its_own(self) -> None:
        self.near("0000:1b:00.0", "64-127")
        self.near("0000:9d:00.0", "0-3", node=-1)
        judges, _ = self.place(16)
        self.assertEqual(sorted(core for cores in judges.values() for core in cores), [12, 13, 14, 15])

    def test_both_threads_of_a_core_go_to_one_judge(self) -> None:
        for core in range(8):
            self.siblings(core, f"{core % 4},{core % 4 + 4}")
        self.assertEqual(self.place(8).judges, {"GPU-a": [3, 7], "GPU-b": [2, 6]})

    def test_eight_gpus_on_sixteen_cores_get_one_core_each(self) -> None:
        judges, shared = self.place(16, {f"GPU-{number}": "" for number in range(8)})
        self.assertEqual(sorted(cores[0] for cores in judges.values()), list(range(8, 16)))
        self.assertEqual(({len(cores) for cores in judges.values()}, shared), ({1}, list(range(8))))

    def test_nothing_is_bound_where_cores_are_few_or_there_is_no_gpu(self) -> None:
        self.assertEqual(self.place(3), NOWHERE)
        self.assertEqual(self.place(64, {}), NOWHERE)
        self.assertEqual(self.place(4).judges, {"GPU-a": [3], "GPU-b": [2]})

    def test_compilers_fill_what_the_judges_and_the_server_leave(self) -> None:
        free = Limits(None, 0)
        self.assertEqual(compile_slots(32, 2, self.place(32), free), 27)
        self.assertEqual(compile_slots(4, 2, self.place(4), free), 1)
        self.assertEqual([compile_slots(cores, 2, NOWHERE, free) for cores in (1, 2, 3)], [1, 2, 1])
        self.assertEqual(compile_slots(16, 0, NOWHERE, free), 16)

    def test_compilers_keep_within_what_a_container_may_use(self) -> None:
        self.assertEqual(compile_slots(32, 2, self.place(32), Limits(8.0, 0)), 6)
        self.assertEqual(compile_slots(32, 0, NOWHERE, Limits(2.5, 0)), 2)
        self.assertEqual(compile_slots(32, 0, NOWHERE, Limits(0.5, 0)), 1)
        self.assertEqual(compile_slots(32, 2, self.place(32), Limits(None, 4 * 1024 ** 3)), 4)

    def test_lists_of_cores_are_read_as_the_kernel_writes_them(self) -> None:
        self.assertEqual(parse_cores("0-2,8,10-11\n"), {0, 1, 2, 8, 10, 11})
        self.assertEqual(parse_cores(""), set())

    def test_a_judge_is_told_its_cores_only_where_it_has_some(self) -> None:
        device = {"id": f"GPU-{os.getpid()}", "kind": "gpu", "model": "Test GPU"}
        self.addCleanup(device_lock_file(device["id"]).unlink, missing_ok=True)
        paths = RunnerPaths(self.folder.name)
        self.assertIn("--cores 3,7", " ".join(judge_command(paths, device, (0, [3, 7]), None).argv))
        self.assertNotIn("--cores", judge_command(paths, device, (0, None), None).argv)

    def test_a_process_that_moves_takes_its_children_along_and_survives_cores_that_are_gone(self) -> None:
        core = min(os.sched_getaffinity(0))
        script = (
            "import os, subprocess, sys\n"
            "from kiln_runner.host.placement import move_to\n"
            f"move_to([100000]); move_to(None); move_to([{core}])\n"
            "subprocess.run([sys.executable, '-c', 'import os; print(os.sched_getaffinity(0))'])\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], env=ENVIRONMENT, capture_output=True, text=True, check=True
        )
        self.assertEqual(done.stdout.strip(), str({core}))

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "needs two cores")
    def test_a_judge_moves_to_its_own_cores_with_its_first_work(self) -> None:
        core = max(os.sched_getaffinity(0))
        argv = ["judge", "--kind", "cpu", "--device", "cpu-test-0", "--cache", self.folder.name, "--lock", f"{self.folder.name}/lock"]
        judge = subprocess.Popen(
            [sys.executable, "-m", "kiln_runner", *argv, "--cores", str(core)], env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        with judge:
            seen = [(read_frame(judge.stdout)[0]["type"], os.sched_getaffinity(judge.pid))]
            judge.stdin.write(encode({"type": "canary"}))
            judge.stdin.flush()
            seen.append((read_frame(judge.stdout)[0]["type"], os.sched_getaffinity(judge.pid)))
            judge.kill()
        self.assertEqual(seen, [("ready", os.sched_getaffinity(0)), ("canary", {core})])

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "needs two cores")
    def test_the_server_and_its_compile_workers_keep_off_the_judges_cores(self) -> None:
        shared = min(os.sched_getaffinity(0))
        # The same program, told of a placement that this machine without GPUs would not have.
        script = (
            "import sys\nfrom kiln_runner import serve\nfrom kiln_runner.host.placement import Placement\ntake = serve.Probe.take\n"
            f"serve.Probe.take = lambda probe: take(probe)._replace(placement=Placement({{}}, [{shared}]))\n"
            f"sys.exit(serve.run(['--dir', {self.folder.name!r}]))\n"
        )
        with subprocess.Popen([sys.executable, "-c", script], env=ENVIRONMENT, stderr=subprocess.DEVNULL) as server:
            try:
                wait_until(lambda: len(children_of(server.pid)) >= 2, "the server has warm compile workers")
                found = [os.sched_getaffinity(pid) for pid in [server.pid, *children_of(server.pid)]]
            finally:
                server.terminate()
        self.assertEqual(found, [{shared}] * len(found))


def children_of(pid: int) -> list[int]:
    """Started by its main thread. Two or more: warm compile workers, for the inventory is taken by one from another thread."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


if __name__ == "__main__":
    unittest.main()
