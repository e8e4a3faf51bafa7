import fcntl
import json
import os
import tempfile
import unittest
from pathlib import Path

from kiln_runner.hostwork.job_log import LogReader
from kiln_runner.protocol import Json
from test.python.runner.small_disk import SmallDisk

from .processes import WAIT_S, python, until

SUPERVISE = "import sys; from kiln_runner.hostwork import supervisor; sys.exit(supervisor.run(['--dir', sys.argv[1]]))"


class Supervisor(unittest.TestCase):
    def test_a_job_starts_also_while_somebody_looks_whether_it_runs(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "job.json").write_text(json.dumps(job("true")))
            looking = os.open(folder / "lock", os.O_RDWR | os.O_CREAT)
            fcntl.flock(looking, fcntl.LOCK_SH)
            with python(SUPERVISE, name) as process:
                # It waits in the kernel: /proc says so of nobody else.
                until(lambda: _waits_for_lock(process.pid) or process.poll() is not None, "it comes to the lock")
                os.close(looking)
                self.assertEqual(process.wait(WAIT_S), 0)
            self.assertEqual(json.loads((folder / "end.json").read_text())["code"], 0)


    def test_a_disk_that_fills_up_costs_a_job_some_of_its_log_and_nothing_else(self) -> None:
        with tempfile.TemporaryDirectory() as name, SmallDisk(name, "1m") as disk:
            folder = Path(disk)
            told = Path(name, "told")
            much = f"head -c 3000000 /dev/zero && rm {disk}/filler && echo behind it && echo done > {told}"
            (folder / "job.json").write_text(json.dumps(job("sh", "-c", much)))
            (folder / "filler").write_bytes(bytes(512 * 1024))
            with python(SUPERVISE, disk) as process:
                self.assertEqual(process.wait(WAIT_S), 0)
            self.assertEqual(told.read_text(), "done\n")
            self.assertEqual(json.loads((folder / "end.json").read_text())["code"], 0)
            reader = LogReader(folder)
            written = b"".join(record.data for record in reader.read())
            self.assertEqual(written.strip(b"\0"), b"behind it\n")
            self.assertGreater(reader.dropped, 1_000_000)

    def test_the_end_of_a_job_is_written_where_there_is_no_room_at_all(self) -> None:
        with tempfile.TemporaryDirectory() as name, SmallDisk(name, "1m") as disk:
            folder = Path(disk)
            (folder / "job.json").write_text(json.dumps(job("sh", "-c", f"head -c 2000000 /dev/zero > {disk}/filler; exit 7")))
            with python(SUPERVISE, disk) as process:
                self.assertEqual(process.wait(WAIT_S), 0)
            self.assertEqual(json.loads((folder / "end.json").read_text())["code"], 7)


def job(*argv: str) -> Json:
    return {"id": "j-1", "argv": list(argv), "cwd": "/", "env": [], "timeoutMs": None, "by": "ada", "name": None, "startedAtMs": 0}


def _waits_for_lock(pid: int) -> bool:
    return any(" -> " in line and f" {pid} " in line for line in Path("/proc/locks").read_text().splitlines())


if __name__ == "__main__":
    unittest.main()
