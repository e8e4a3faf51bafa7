import fcntl
import json
import os
import tempfile
import unittest
from pathlib import Path

from .processes import WAIT_S, python, until

SUPERVISE = "import sys; from kiln_runner.hostwork import supervisor; sys.exit(supervisor.run(['--dir', sys.argv[1]]))"


class Supervisor(unittest.TestCase):
    def test_a_job_starts_also_while_somebody_looks_whether_it_runs(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            job = {"id": "j-1", "argv": ["true"], "cwd": name, "env": [], "timeoutMs": None, "by": "ada", "name": None, "startedAtMs": 0}
            (folder / "job.json").write_text(json.dumps(job))
            looking = os.open(folder / "lock", os.O_RDWR | os.O_CREAT)
            fcntl.flock(looking, fcntl.LOCK_SH)
            with python(SUPERVISE, name) as process:
                # It waits in the kernel: /proc says so of nobody else.
                until(lambda: _waits_for_lock(process.pid) or process.poll() is not None, "it comes to the lock")
                os.close(looking)
                self.assertEqual(process.wait(WAIT_S), 0)
            self.assertEqual(json.loads((folder / "end.json").read_text())["code"], 0)


def _waits_for_lock(pid: int) -> bool:
    return any(" -> " in line and f" {pid} " in line for line in Path("/proc/locks").read_text().splitlines())


if __name__ == "__main__":
    unittest.main()
