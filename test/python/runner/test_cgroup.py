"""What control groups of version 1 and 2 allow, read from files as kernels, containers and services lay them out."""
import tempfile
import unittest
from pathlib import Path

from kiln_runner.host.cgroup import memory_limit, processor_limit

UNLIMITED_1 = str(2 ** 63 - 4096)


class Limits(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "proc").mkdir()

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("FOLDER", str(self.folder)) + "\n")

    @property
    def reported(self) -> tuple:
        return processor_limit(self.folder / "proc"), memory_limit(self.folder / "proc")

    def test_a_container_of_version_2_sees_its_own_group_as_the_root(self) -> None:
        self.write({
            "proc/cgroup": "0::/", "proc/mountinfo": "30 23 0:26 / FOLDER/cg rw,nosuid - cgroup2 cgroup2 rw",
            "cg/cpu.max": "250000 100000", "cg/memory.max": "8589934592",
        })
        self.assertEqual(self.reported, (2.5, 8 * 1024 ** 3))

    def test_a_service_of_version_2_is_limited_by_every_group_above_it(self) -> None:
        self.write({
            "proc/cgroup": "0::/system.slice/kiln.service", "proc/mountinfo": "30 23 0:26 / FOLDER/cg rw - cgroup2 cgroup2 rw,nsdelegate",
            "cg/system.slice/kiln.service/cpu.max": "max 100000", "cg/system.slice/kiln.service/memory.max": "max",
            "cg/system.slice/cpu.max": "400000 100000", "cg/system.slice/memory.max": "4294967296",
        })
        self.assertEqual(self.reported, (4.0, 4 * 1024 ** 3))

    def test_a_container_of_version_1_is_mounted_under_the_name_it_has_on_the_host(self) -> None:
        self.write({
            "proc/cgroup": "5:cpu,cpuacct:/docker/ab12\n4:memory:/docker/ab12\n1:name=systemd:/docker/ab12",
            "proc/mountinfo": "40 30 0:30 /docker/ab12 FOLDER/cpu ro - cgroup cgroup rw,cpu,cpuacct\n"
            "41 30 0:31 /docker/ab12 FOLDER/memory ro - cgroup cgroup rw,memory",
            "cpu/cpu.cfs_quota_us": "150000", "cpu/cpu.cfs_period_us": "100000", "memory/memory.limit_in_bytes": "2147483648",
        })
        self.assertEqual(self.reported, (1.5, 2 * 1024 ** 3))

    def test_no_limit_is_none_in_both_versions(self) -> None:
        self.write({
            "proc/cgroup": "5:cpu:/\n4:memory:/\n0::/", "proc/mountinfo": "40 30 0:30 / FOLDER/cpu ro - cgroup cgroup rw,cpu\n"
            "41 30 0:31 / FOLDER/memory ro - cgroup cgroup rw,memory\n42 30 0:32 / FOLDER/unified rw - cgroup2 cgroup2 rw",
            "cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000", "memory/memory.limit_in_bytes": UNLIMITED_1,
        })
        self.assertEqual(self.reported, (None, None))

    def test_a_machine_without_control_groups_has_no_limit(self) -> None:
        self.assertEqual(self.reported, (None, None))


if __name__ == "__main__":
    unittest.main()
