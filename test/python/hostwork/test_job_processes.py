"""What a job leaves behind whose supervisor was killed: it is told, and a stop ends it."""
import json
import os
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from kiln_runner.hostwork import job_processes, jobs
from kiln_runner.protocol import Json

from .processes import WAIT_S, python, until

SUPERVISE = "import sys; from kiln_runner.hostwork import supervisor; sys.exit(supervisor.run(['--dir', sys.argv[1]]))"
JOB_ID = "j-0123456789ab"
# What ignores SIGTERM is killed after a grace; these need none.
LEFT = {
    "in its group": "sleep 300 &",
    "in a session of its own": "setsid sleep 300 &",
    "without its variables": "env -i sleep 300 &",
    "below one that has a session of its own": "setsid sh -c 'env -i sleep 300 & wait' &",
}


class Unwatched(unittest.TestCase):
    def setUp(self) -> None:
        home = tempfile.TemporaryDirectory()
        self.addCleanup(home.cleanup)
        self.home = Path(home.name)
        self.folder = self.home / "jobs" / JOB_ID
        self.folder.mkdir(parents=True)
        self.addCleanup(self._kill_rest)

    def _kill_rest(self) -> None:
        for pid in job_processes.of_job(self.folder, job_processes.living()):
            os.kill(pid, signal.SIGKILL)

    def left_behind(self, script: str) -> None:
        """By a job whose supervisor is killed once it has written that it is ready."""
        ready = self.home / "ready"
        ready.unlink(missing_ok=True)
        job: Json = {
            "id": JOB_ID, "argv": ["sh", "-c", f"{script} touch {ready}; wait"], "cwd": "/", "env": [], "timeoutMs": None, "by": "ada",
            "name": None, "startedAtMs": 0,
        }
        (self.folder / "job.json").write_text(json.dumps(job))
        with python(SUPERVISE, str(self.folder)) as supervisor:
            until(ready.exists, "the job runs")
            self.assertEqual(self.state()["status"], "running")
            supervisor.kill()
            supervisor.wait(WAIT_S)

    def state(self) -> Json:
        [job] = jobs.all_jobs(self.home)
        state: Json = job["state"]
        return state

    def test_is_told_and_ended_by_a_stop_wherever_it_went(self) -> None:
        for what, script in LEFT.items():
            with self.subTest(what):
                self.left_behind(script)
                # Its command goes with its supervisor.
                until(lambda: self.state()["status"] == "unwatched", "what it left is told")
                self.assertGreaterEqual(self.state()["processes"], 1)
                jobs.stop(self.folder, lambda: None)
                self.assertEqual(self.state(), {"status": "lost"})
                self.assertEqual(job_processes.of_job(self.folder, job_processes.living()), set())

    def test_keeps_the_job_from_being_removed_and_its_wait_from_ending(self) -> None:
        self.left_behind("setsid sh -c 'while [ ! -e $0 ]; do sleep 0.01; done' " + f"{self.home}/gate &")
        until(lambda: self.state()["status"] == "unwatched", "what it left is told")
        jobs.remove_old(self.home, jobs.all_jobs(self.home))
        self.assertEqual(self.state()["status"], "unwatched")
        looks = []

        def look() -> None:
            looks.append(self.state()["status"])
            (self.home / "gate").touch()

        jobs.await_end(self.folder, look)
        self.assertEqual(looks[0], "unwatched")
        self.assertEqual(self.state(), {"status": "lost"})

    def test_nothing_is_taken_for_it_that_only_has_the_number_of_its_command(self) -> None:
        with subprocess.Popen(["sleep", "300"], start_new_session=True) as other:
            self.addCleanup(other.kill)
            job_processes.keep_command(self.folder, other.pid)
            self.assertEqual(job_processes.of_job(self.folder, job_processes.living()), {other.pid})
            pid, started, boot = (self.folder / "command").read_text().split()
            for written in (f"{pid} {int(started) - 1} {boot}", f"{pid} {started} another-boot"):
                (self.folder / "command").write_text(written)
                self.assertEqual(job_processes.of_job(self.folder, job_processes.living()), set())
            other.kill()


if __name__ == "__main__":
    unittest.main()
