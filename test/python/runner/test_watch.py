"""What is read of GPUs by a process of its own: what it tells, and that a driver that never answers is told as that, and holds up nobody."""
import json
import math
import os
import tempfile
import threading
import unittest
from pathlib import Path
from types import SimpleNamespace
from typing import Callable, ClassVar

from kiln_runner.frames import Frame
from kiln_runner.judge.gpu.timely import Timely
from kiln_runner.watch.watch import DeviceWatch

from .drive import Client, Runner, wait_until


class WithReadings(unittest.TestCase):
    VARIABLES: ClassVar[dict[str, str]] = {}

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "reading.json"
        self.runner = Runner(KILN_SIMULATED_DEVICES="2", KILN_SIMULATED_READING=str(self.file), **self.VARIABLES)
        self.runner.__enter__()
        self.addCleanup(self.runner.__exit__)

    def reading(self, client: Client, matches: Callable[[dict], bool]) -> dict:
        frame = client.wait("health", lambda frame: "reading" in frame and matches(frame["reading"]))
        return frame["reading"]

    def say(self, **told: object) -> None:
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps(told), encoding="utf-8")
        os.replace(new, self.file)


class WatchTest(WithReadings):
    def test_tells_what_nvml_tells_and_when_it_changes(self) -> None:
        client = self.runner.client()
        client.attach()
        first = self.reading(client, lambda reading: reading["nvml"] == "answers")
        self.assertEqual([device["lost"] for device in first["devices"]], [None, None])
        self.say(devices={"1": {"lost": "GPU is lost", "xids": [{"code": 79, "count": 1}]}})
        after = self.reading(client, lambda reading: any(device["lost"] for device in reading["devices"]))
        self.assertEqual(after["devices"][1]["xids"], [{"code": 79, "count": 1}])


class HangingTest(WithReadings):
    # So soon that also a reader that is only slow to start may be taken for one that hangs: the one that is started after it answers.
    VARIABLES: ClassVar[dict[str, str]] = {"KILN_SIMULATED_SILENT_S_MAX": "3"}

    def test_nvml_that_hangs_is_told_and_the_runner_goes_on(self) -> None:
        client = self.runner.client()
        client.attach()
        self.reading(client, lambda reading: reading["nvml"] == "answers")
        client.frames.clear()
        self.say(hangs=True)
        self.assertIn("no answer within", self.reading(client, lambda reading: reading["nvml"] == "hangs")["message"])
        client.sync()
        wait_until(lambda: not any(" watch " in command for command in self.runner.processes()), "the reader that hung is gone")


class PlayedLoop:
    def call_later(self, _seconds: float, _then: Callable[[], None]) -> "PlayedLoop":
        return self

    def cancel(self) -> None:
        pass


class NewsTest(unittest.TestCase):
    def test_a_reading_is_told_at_once_where_it_is_another_one_than_before(self) -> None:
        told: list[float] = []
        children = SimpleNamespace(loop=PlayedLoop())
        watch = DeviceWatch(children, None, lambda: told.append(watch.reading["devices"][0]["powerW"]), silent_s_max=3.0)
        for power in (400.0, 400.0, 410.0, 410.0, 400.0):
            watch._on_frame(None, Frame({"reading": {"nvml": "answers", "message": None, "devices": [{"powerW": power}]}}, b"", b""))
        self.assertEqual(told, [400.0, 410.0, 400.0])


class TimelyTest(unittest.TestCase):
    def test_answers_in_time(self) -> None:
        self.assertEqual(Timely(600.0).ask(lambda: 7, 0), 7)

    def test_one_that_is_late_is_not_waited_for_and_not_asked_again(self) -> None:
        free = threading.Event()
        self.addCleanup(free.set)
        timely = Timely(0.05)
        self.assertEqual(timely.ask(lambda: free.wait() and 7, 0), 0)
        # No queue waits for so long: to wait once more would be an error.
        timely._seconds = math.inf
        self.assertEqual([timely.ask(lambda: 7, 0) for _ in range(100)], [0] * 100)
