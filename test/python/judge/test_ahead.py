"""The next candidate's code is loaded in the gap behind the last timed run, once, for it alone, and costs nobody else anything."""
import os
import sys
import tempfile
import time
import unittest
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Callable, Optional
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parent))
from rig import TIMING

from kiln_runner.frames import encode
from kiln_runner.judge.ahead import Ahead
from kiln_runner.judge.artifacts import Artifact
from kiln_runner.judge.device import KEPT
from kiln_runner.judge.device_lock import DeviceLock
from kiln_runner.judge.failures import DeviceFault, InfraFailure
from kiln_runner.judge.gpu.driver import Driver
from kiln_runner.judge.inbox import KEPT_MAX, Inbox
from kiln_runner.judge.outcomes import Comparison, Findings
from kiln_runner.judge.schedule import TimedRun
from kiln_runner.judge.service import Service, Surroundings

OUTPUT = {"name": "out", "role": "out", "dtype": "f32", "elements": 1}
CASES = [{"name": name, "kind": "bench", "tensors": [OUTPUT], "reference": {"scratch": {}}, "baseline": {"scratch": {}}} for name in ("one", "two")]


class PlayedProgram:
    def __init__(self, device: "PlayedDevice", name: str) -> None:
        self._device, self.name = device, name

    def close(self) -> None:
        self._device.did.append(f"close {self.name}")


RIGHT, WRONG = (0, 0, 0, 0.0, 1.0), (1, 2**64 - 1, 0, 1.0, 1.0)


class PlayedCase:
    """Every side computes the inputs' seed, and rightly; `did` of the device tells what was asked."""

    batch, draw_bias, hard_names = 1, 0.0, ()

    def __init__(self, device: "PlayedDevice", name: str) -> None:
        self._did, self.name, self.bound, self.seed = device.did, name, {}, 0
        self._output: Optional[int] = None
        self._kept: dict[int, Optional[int]] = {}
        self._expected: dict[int, int] = {}
        self._compared: list[Comparison] = []

    def bind(self, side: str, _program: PlayedProgram, _plan: dict) -> str:
        return side

    def draw(self, seed: int) -> None:
        self.seed = seed

    def execute(self, _side: str) -> None:
        self._output = self.seed

    def executed_ns(self) -> float:
        return 1000.0

    def poison(self, *_: object) -> None:
        self._output = None

    blank = poison

    def snapshot(self, _replica: int, look: int) -> None:
        self._kept[look] = self._output

    def expect(self, _reference: str, seed: int, at: tuple[int, int]) -> None:
        self._expected[at[1]] = seed

    def compare(self, _tolerance: dict, look: int) -> None:
        self._compared.append(Comparison(OUTPUT, look, RIGHT if self._kept[look] == self._expected[look] else WRONG))

    def run_timed(self, runs: Sequence[TimedRun], _runnables: Mapping[str, str], _rng: object, meanwhile: Callable[[], None]) -> list[float]:
        meanwhile()
        self._did.append(f"timed {self.name}")
        for run in runs:
            self.seed = self.seed if run.seed is None else run.seed
            if run.keep is not None:
                self._kept[KEPT] = self.seed
        self._output = self.seed
        return [50_000.0 for _ in runs]

    def gaps(self) -> Sequence[float]:
        return ()

    def findings(self) -> Findings:
        self._did.append(f"findings {self.name}")
        found, self._compared = self._compared, []
        return Findings(None, None, found)

    def _queue(self, *_: object) -> None:
        """Queued on the device; nothing waits for it."""

    arm = inspect = wipe = announce = compare_samples = weigh = ask_findings = _queue


class PlayedDevice:
    def __init__(self) -> None:
        self.did: list[str] = []
        self.fails: dict[str, Exception] = {}
        self.busy = True
        self.now_ns = self.ahead_ns = 0

    def clock_ns(self) -> int:
        """By which loading ahead takes its time, and everything else next to none."""
        self.now_ns += 1
        return self.now_ns

    def load(self, side: str, artifact: Artifact) -> PlayedProgram:
        return self._loaded("load", side, artifact)

    def read_ahead(self, artifacts: Sequence[Artifact]) -> None:
        self.did += [f"read {artifact.folder.name}" for artifact in artifacts]

    def load_ahead(self, side: str, artifact: Artifact, _kernels: Sequence[str]) -> PlayedProgram:
        self.now_ns += self.ahead_ns
        return self._loaded("ahead", side, artifact)

    def _loaded(self, how: str, side: str, artifact: Artifact) -> PlayedProgram:
        self.did.append(f"{how} {side} {artifact.folder.name}")
        if artifact.folder.name in self.fails and how == "ahead":
            raise self.fails[artifact.folder.name]
        return PlayedProgram(self, artifact.folder.name)

    def is_busy(self) -> bool:
        return self.busy

    def open_case(self, _problem: dict, case: dict, _batch: int, _scratch: object) -> PlayedCase:
        return PlayedCase(self, case["name"])

    def keeps_open(self, *_: object) -> bool:
        return False

    def replicas_max(self, _case: dict) -> int:
        return 1

    def reserve(self, _parts: object) -> bool:
        return False

    def rest(self) -> None: ...

    def telemetry(self) -> dict:
        self.did.append("telemetry")
        return {}

    def leftover(self, _programs: object) -> None: ...

    def constants(self, _programs: object) -> bytes:
        return b""

    def cleanse(self) -> None: ...

    def prove(self) -> None: ...

    measure_copy = canary = unavailable = prove

    def describe(self) -> dict:
        return {"unavailable": None}


class Folder(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cache, self.device = Path(folder.name), PlayedDevice()
        for artifact in ("first", "second", "third", "record", "reference", "baseline"):
            (self.cache / "artifacts" / artifact).mkdir(parents=True)
            (self.cache / "artifacts" / artifact / "meta.json").write_text("{}")


def upcoming(attempt: str, **artifacts: str) -> dict:
    programs = {side: {"artifact": artifact, "kernels": ["k"]} for side, artifact in artifacts.items()}
    return {"type": "upcoming", "attemptId": attempt, "programs": programs}


class LoadingAhead(Folder):
    def setUp(self) -> None:
        super().setUp()
        self.ahead = Ahead(self.device, self.cache)

    def test_what_was_announced_is_loaded_once_and_taken_by_its_attempt(self) -> None:
        self.ahead.announce(upcoming("b", candidate="second", record="record"))
        for _ in range(2):
            self.ahead.load()
        self.assertEqual(self.device.did, ["ahead candidate second", "ahead record record"])
        self.assertEqual({side: program.name for side, program in self.ahead.take("b").items()}, {"candidate": "second", "record": "record"})
        self.assertEqual((self.ahead.take("b"), self.device.did[2:]), ({}, []))

    def test_what_does_not_come_is_unloaded(self) -> None:
        for instead in (lambda: self.ahead.take("c"), lambda: self.ahead.announce({**upcoming("x"), "attemptId": None}),
                        lambda: self.ahead.announce(upcoming("c", candidate="third"))):
            self.ahead.announce(upcoming("b", candidate="second"))
            self.ahead.load()
            instead()
            self.assertEqual(self.device.did.pop(), "close second")
            self.assertEqual(self.ahead.take("b"), {})

    def test_what_cannot_be_loaded_is_left_to_its_judgement(self) -> None:
        for failure in (InfraFailure("unknown_artifact", "odd"), DeviceFault("sticks", lost=True), OSError("gone")):
            self.device.fails = {"record": failure}
            self.ahead.announce(upcoming("b", candidate="second", record="record"))
            self.ahead.load()
            self.assertEqual(self.ahead.take("b"), {})
            self.assertEqual(self.device.did.pop() == "close second", not isinstance(failure, DeviceFault), "a lost context closes nothing")


class InOrder(Folder):
    """Two judgements of one judge, the frames in its pipe before the first ends."""

    def setUp(self) -> None:
        super().setUp()
        reader, self.pipe = os.pipe()
        self.inbox = Inbox(reader)
        self.addCleanup(self.inbox._stream.close)
        self.sent: list[dict] = []
        around = Surroundings(DeviceLock(str(self.cache / "lock")), self.cache, self.sent.append, lambda: None, False)
        self.service = Service(self.device, around)

    def judge(self, *frames: dict) -> list[dict]:
        """The results, after these frames and the end of the stream."""
        definition = {"key": "p", "name": "p", "tolerance": {"rtol": 0, "atol": 0, "relative_l2": 0}, "cases": CASES}
        problem = {"type": "problem", "definition": definition, "referenceArtifact": "reference", "baselineArtifact": "baseline"}
        with os.fdopen(self.pipe, "wb") as pipe:
            pipe.write(b"".join(encode(frame) for frame in (problem, *frames)))
        self.assertFalse(self.service.serve(self.inbox))
        return [frame for frame in self.sent if frame["type"] == "result"]

    def task(self, attempt: str, artifact: str) -> dict:
        plans = {case["name"]: {"scratch": {}, "launches": []} for case in CASES}
        task = {"attemptId": attempt, "problemKey": "p", "artifact": artifact, "plans": plans, "timing": TIMING, "record": None}
        return {"type": "judge", "task": task}

    def test_the_next_is_loaded_behind_the_last_timed_run_and_then_only_used(self) -> None:
        results = self.judge(self.task("a", "first"), upcoming("b", candidate="second"), self.task("b", "second"))
        self.assertEqual([result["outcome"]["verdict"] for result in results], ["passed", "passed"])
        did = self.device.did
        at = did.index("ahead candidate second")
        self.assertEqual((did[at - 1], did[at + 1]), ("timed two", "findings two"))
        self.assertNotIn("load candidate second", did)
        self.assertEqual([entry for entry in did if entry.startswith("close")], ["close first", "close second"])

    def test_loading_that_outlasts_the_checks_counts_as_loading_of_the_one_before(self) -> None:
        for busy in (True, False):
            self.device.busy, self.device.ahead_ns = busy, 20_000_000
            with patch.object(time, "monotonic_ns", self.device.clock_ns):
                before, _ = self.judge(self.task("a", "first"), upcoming("b", candidate="second"), self.task("b", "second"))
            self.assertEqual(before["phases"]["loadMs"] < 20, busy, before["phases"])
            self.assertEqual(before["phases"]["checkMs"] >= 20, busy, before["phases"])
            self.setUp()

    def test_an_announcement_before_its_time_waits_and_one_that_is_not_kept_costs_nothing(self) -> None:
        results = self.judge(upcoming("b", candidate="second"), self.task("a", "first"), upcoming("c", candidate="third"), self.task("b", "second"))
        self.assertEqual([result["outcome"]["verdict"] for result in results], ["passed", "passed"])
        interesting = [entry for entry in self.device.did if "second" in entry or "third" in entry]
        self.assertEqual(interesting, ["read third", "ahead candidate third", "close third", "load candidate second", "close second"])

    def test_code_that_cannot_be_loaded_ahead_is_the_affair_of_its_own_attempt(self) -> None:
        self.device.fails = {"second": InfraFailure("unknown_artifact", "odd")}
        results = self.judge(self.task("a", "first"), upcoming("b", candidate="second"), self.task("b", "second"))
        self.assertEqual([result["outcome"]["verdict"] for result in results], ["passed", "passed"])
        self.assertIn("load candidate second", self.device.did)


class SettingAside(unittest.TestCase):
    def setUp(self) -> None:
        reader, self.writer = os.pipe()
        self.inbox = Inbox(reader)
        self.addCleanup(self.inbox._stream.close)

    def write(self, *kinds: str) -> None:
        os.write(self.writer, b"".join(encode({"type": kind, "n": n}) for n, kind in enumerate(kinds)))

    def test_frames_of_a_kind_are_taken_and_the_others_keep_their_order(self) -> None:
        self.write("known", "upcoming", "problem", "upcoming")
        self.assertEqual([header["n"] for header in self.inbox.take("upcoming")], [1, 3])
        self.assertTrue(self.inbox.has_frame(0))
        os.close(self.writer)
        self.assertEqual([self.inbox.read()[0]["type"] for _ in range(2)], ["known", "problem"])
        self.assertEqual((self.inbox.take("upcoming"), self.inbox.take("upcoming")), ([], []))
        self.assertIsNone(self.inbox.read())

    def test_no_more_than_a_few_are_set_aside(self) -> None:
        self.write(*["known"] * KEPT_MAX, "upcoming")
        self.assertEqual(self.inbox.take("upcoming"), [])
        for _ in range(KEPT_MAX):
            self.inbox.read()
        self.assertEqual(len(self.inbox.take("upcoming")), 1)
        os.close(self.writer)


class Busy(unittest.TestCase):
    def test_the_device_is_busy_exactly_while_the_driver_says_not_ready(self) -> None:
        for code, busy in ((0, False), (600, True), (700, False)):
            driver = SimpleNamespace(lib=SimpleNamespace(cuStreamQuery=lambda _stream, code=code: code))
            self.assertEqual(Driver.is_busy(driver), busy)


if __name__ == "__main__":
    unittest.main()
