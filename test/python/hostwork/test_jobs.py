"""Folders of jobs: none is left of one that did not start, and none is removed before its time."""
import json
import socket
import tempfile
import time
import unittest
from pathlib import Path

from kiln_runner.hostwork import job_requests, jobs
from kiln_runner.hostwork.channel import Channel
from kiln_runner.protocol import Json
from test.python.runner.small_disk import SmallDisk

DAY_MS = 86_400_000
ORDER: Json = {"argv": ["true"], "cwd": None, "env": [], "timeoutMs": None, "by": "ada", "name": None}


class Folders(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = Path(folder.name)

    def write(self, job_id: str, *, started: float, ended: float) -> None:
        """Days ago."""
        now, folder = time.time() * 1000, self.home / "jobs" / job_id
        folder.mkdir(parents=True)
        (folder / "job.json").write_text(json.dumps({**ORDER, "id": job_id, "startedAtMs": now - started * DAY_MS}))
        end = {"code": 0, "signal": None, "timedOut": False, "stopped": False, "endedAtMs": now - ended * DAY_MS}
        (folder / "end.json").write_text(json.dumps(end))

    def test_a_job_that_ran_for_weeks_is_kept_from_its_end_on(self) -> None:
        self.write("j-long", started=20, ended=1)
        self.write("j-old", started=20, ended=15)
        jobs.remove_old(self.home, jobs.all_jobs(self.home))
        self.assertEqual([job["id"] for job in jobs.all_jobs(self.home)], ["j-long"])

    def test_nothing_is_left_of_one_that_found_no_room(self) -> None:
        with SmallDisk(str(self.home), "1m") as disk:
            home = Path(disk)
            (home / "jobs").mkdir()
            # All but the page or so that a folder takes.
            filler = home / "filler"
            with filler.open("wb", buffering=0) as file:
                try:
                    while True:
                        file.write(bytes(4096))
                except OSError:
                    pass
            ours, theirs = socket.socketpair()
            with ours, theirs, self.assertRaises(OSError):
                job_requests.start(Channel(ours), ORDER, home)
            self.assertEqual(list((home / "jobs").iterdir()), [])


if __name__ == "__main__":
    unittest.main()
