"""A program that answers, against a judge's driver that is played: its process is a real one, over a real socket and in shared memory."""
import json
import os
import random
import shutil
import struct
import tempfile
import time
import unittest
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest import mock

from kiln_runner.compile.artifact import store_artifact
from kiln_runner.judge.answering import AnsweringArtifact, is_answering
from kiln_runner.judge.artifacts import Artifact
from kiln_runner.judge.failures import CandidateFailure, InfraFailure
from kiln_runner.judge.gpu import answer_process
from kiln_runner.judge.gpu.answering_program import KIND_LEAST, AnsweringProgram, Offsets
from kiln_runner.judge.gpu.null_process import NullRuns
from kiln_runner.judge.gpu.runnable import Runnable
from kiln_runner.judge.layout import room
from kiln_runner.programs.answering_document import files_of, meta_of
from kiln_runner.programs.recording_shape import WINDOW_UNIT
from kiln_runner.programs.sandbox import levels
from test.python.programs.test_record_task import unit_of

from .played_answers import PlayedHost, PlayedRunner, SandboxedRunner

HEAD = "from test.python.judge.played_companion import gpu\n"
DOUBLE = HEAD + "def custom_kernel(data):\n    x, out = data\n    gpu().scale(x, out, 2.0)\n    return out\n"
OWN_OUTPUT = HEAD + (
    "KEPT = []\ndef custom_kernel(data):\n    x, _ = data\n    [gpu().free(one) for one in KEPT]\n    y = gpu().empty(x.shape)\n    KEPT[:] = [y]\n"
    "    gpu().scale(x, y, 2.0)\n    return y\n"
)
STEERS = HEAD + "def custom_kernel(data):\n    x, out = data\n    gpu().scale(x, out, 2.0 if gpu().value(x) >= 0 else 3.0)\n    return out\n"
COUNT = HEAD + "COUNT = [0]\ndef custom_kernel(data):\n    import os, time\n    x, out = data\n    COUNT[0] += 1\n"
COUNTS = {"case-0": 8, "case-1": 16}
OFFSETS = Offsets(1000.0, 400.0)


class Answered(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="kiln-answers-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.runner: Any = self.started()
        self.host: Any = PlayedHost(self.runner)
        self.addCleanup(self.host.close)
        self.addCleanup(self.runner.close)
        self.programs: list[AnsweringProgram] = []
        self.addCleanup(self.end)
        self.proven: list[str] = []
        # Of runs of the null among others', what they took longer than alone.
        self.beyond: list[float] = []
        runs = SimpleNamespace(runnable=Runnable([]), take=lambda: self.beyond, close=lambda: None)
        self.host.nulls = SimpleNamespace(
            prove=lambda name, _key: self.proven.append(name), offsets=lambda *_: OFFSETS, runs=lambda *_: runs,
        )
        self.rng = random.Random(1)

    def started(self) -> Any:
        return PlayedRunner(self.folder)

    def program(self, source: str, limit_ms: float = 20_000.0, **changes: Any) -> AnsweringProgram:
        unit = unit_of(source, **changes)
        name = "a" * 64
        shutil.rmtree(Path(self.folder, name), ignore_errors=True)
        files = files_of(unit, "e" * 64, {"program.json": b'{"extensions": {}, "triton": {}}'})
        store_artifact(Path(self.folder), name, meta_of(unit, "torch"), files)
        self.assertTrue(is_answering(Artifact(Path(self.folder, name))))
        program = AnsweringProgram(self.host, AnsweringArtifact(Path(self.folder, name)), "candidate")
        self.programs.append(program)
        program.prove()
        program.calibrate()
        program.begin(limit_ms)
        return program

    def end(self) -> None:
        for program in self.programs:
            self.assertTrue(program.settle())
            program.close()
        self.programs.clear()

    def bind(self, program: AnsweringProgram, case: str) -> tuple[Any, dict[str, int]]:
        count = COUNTS[case]
        tensors: Any = [
            {"name": name, "dtype": "f32", "elements": count, "role": role, "distribution": {"kind": "normal"}}
            for name, role in (("x", "in"), ("out", "out"))
        ]
        block = self.host.memory.map([room(4 * count, WINDOW_UNIT).mapped for _ in tensors])
        places = {tensor["name"]: piece.address + room(4 * count, WINDOW_UNIT).offset for tensor, piece in zip(tensors, block.pieces)}
        return program.bind(case, tensors, places.__getitem__), places

    def run_once(self, runnable: Any, places: dict[str, int], case: str, *, is_timed: bool) -> tuple[list[float], list[float]]:
        """Inputs and outputs, as GpuCase.execute and the timer go about it."""
        driver, count, end = self.host.driver, COUNTS[case], []
        glances = driver.seen.count("glance")
        values = [float(self.rng.randrange(1, 100)) for _ in range(count)]
        driver.synchronize()
        driver.upload(places["x"], struct.pack(f"<{count}f", *values))
        driver.upload(places["out"], b"\xff" * (4 * count))
        runnable.beside.before(is_timed=is_timed)
        self.assertEqual([launch() for launch in runnable.launches[0]], [0, 0, 0])
        driver.record(end)
        runnable.beside.behind(end)
        runnable.beside.wait_for(end)
        driver.synchronize()
        if is_timed:
            # One look by a copy is shorter by what a switch takes.
            runnable.beside.corrected(5000.0 if driver.seen.count("glance") == glances else 5000.0 - OFFSETS.kernel_ns + OFFSETS.copied_ns)
        return values, list(struct.unpack(f"<{count}f", driver.download(places["out"], 4 * count)))

    def runs(self, source: str, timed: int = 6, limit_ms: float = 20_000.0, **changes: Any) -> AnsweringProgram:
        """Each case once to check, then timed, twice over."""
        program = self.program(source, limit_ms, **changes)
        bound = {case: self.bind(program, case) for case in COUNTS}
        for case, (runnable, places) in bound.items():
            values, outputs = self.run_once(runnable, places, case, is_timed=False)
            self.assertEqual(outputs, [2.0 * value for value in values])
        for case, (runnable, places) in bound.items():
            for _ in range(timed):
                values, outputs = self.run_once(runnable, places, case, is_timed=True)
                self.assertEqual(outputs, [2.0 * value for value in values])
        return program

    def refused(self, source: str, limit_ms: float = 20_000.0, **changes: Any) -> Any:
        with self.assertRaises(CandidateFailure) as caught:
            program = self.runs(source, limit_ms=limit_ms, **changes)
            for case in COUNTS:
                program.refuse(case)
        self.end()
        return caught.exception.outcome

    # A process that stands still for a moment is not one that waits for its inputs.
    @mock.patch.object(answer_process, "RETURN_S_MAX", 60.0)
    def test_its_outputs_are_on_inputs_that_came_after_it_was_called(self) -> None:
        for source in (DOUBLE, OWN_OUTPUT):
            with self.subTest(source):
                program = self.runs(source)
                for case in COUNTS:
                    program.refuse(case)
                    told = program.told(case)
                    self.assertEqual((told["semantics"], told["nullNs"], told["uncertaintyNs"]), ("released", 1000.0, 8400.0))
                self.assertTrue(program.settle())

    def test_it_is_called_in_a_hidden_case_by_its_name_and_timed_in_the_others_as_ever(self) -> None:
        hidden, count = "hidden(m=1, n=24, as all_magnitudes)", 24
        cases = [{**case, "name": name} for case, name in zip(unit_of("", shapes=([8], [16], [count]))["cases"], (*COUNTS, hidden))]
        special = DOUBLE.replace("2.0", f"3.0 if x.elements == {count} else 2.0")
        for source, factor in ((DOUBLE, 2.0), (special, 3.0)):
            with mock.patch.dict(COUNTS, {hidden: count}):
                program = self.program(source, cases=cases)
                bound = {case: self.bind(program, case) for case in COUNTS}
                for case, is_timed in (("case-0", False), (hidden, False), ("case-0", True), ("case-1", True)):
                    values, outputs = self.run_once(*bound[case], case, is_timed=is_timed)
                    self.assertEqual(outputs, [(factor if case == hidden else 2.0) * value for value in values])
                program.refuse(hidden)
            self.end()

    def test_a_case_that_it_was_not_made_ready_for_has_it_made_ready_again(self) -> None:
        program = self.program(DOUBLE)
        with self.assertRaisesRegex(InfraFailure, "was not made ready for the case hidden") as raised:
            program.bind("hidden(n=24)", [], {}.__getitem__)
        self.assertEqual(raised.exception.code, "unknown_artifact")

    def test_what_is_taken_off_its_times_and_has_moved_is_in_what_is_told_of_them(self) -> None:
        """Another judge's context came, or went: the null's runs beside it take longer, or shorter, and no switch more."""
        for beyond_ns in (4_200.0, -4_200.0):
            with self.subTest(beyond_ns):
                program = self.program(DOUBLE)
                self.bind(program, "case-0")
                # Some are held up by other things.
                self.beyond = [*[beyond_ns] * 9, 300_000.0]
                program._offsets = Offsets(294_000.0, 160_000.0)
                self.assertFalse(program.hindered())
                self.beyond = []
                self.assertFalse(program.hindered())
                self.assertEqual(program.told("case-0")["uncertaintyNs"], 12_600.0)
                self.end()

    def test_its_inputs_are_not_there_before_all_is_queued_that_releases_them(self) -> None:
        """However late the judge's host is, whose stream is then empty and the device the program's."""
        for is_timed in (False, True):
            program = self.program(DOUBLE)
            (runnable, places), driver = self.bind(program, "case-0"), self.host.driver
            self.run_once(runnable, places, "case-0", is_timed=is_timed)
            given, end = program._process.lent.given("case-0")["x"].ours, list[float]()
            known, new = driver.download(given, 32), struct.pack("<8f", *range(101, 109))
            driver.upload(places["x"], new)
            runnable.beside.before(is_timed=is_timed)
            deadline = time.monotonic() + 0.2
            while driver.is_busy() and time.monotonic() < deadline:
                time.sleep(0.001)
            self.assertEqual(driver.download(given, 32), known)
            self.assertEqual([launch() for launch in runnable.launches[0]], [0, 0, 0])
            driver.record(end)
            runnable.beside.behind(end)
            runnable.beside.wait_for(end)
            self.assertEqual(driver.download(given, 32), new)
            self.end()

    def test_what_passes_between_it_and_the_judge_is_copied_by_kernels(self) -> None:
        """While the driver copies, the device is the program's too."""
        self.runs(OWN_OUTPUT, timed=2)
        self.assertIn("kiln_copy", self.host.driver.seen)
        self.assertNotIn("copy", self.host.driver.seen)

    def test_one_that_is_refused_before_its_inputs_are_released_holds_nobody(self) -> None:
        program = self.program(DOUBLE)
        runnable, _ = self.bind(program, "case-0")
        runnable.beside.before(is_timed=False)
        self.assertTrue(program.settle())
        self.assertFalse(self.host.driver.is_busy())

    def test_what_it_is_lent_holds_nothing_of_anybody_else(self) -> None:
        lent = self.program(DOUBLE)._process.lent
        for at, window in ((lent._inputs_at, lent.inputs), (lent._arena_at, lent.arena)):
            self.assertEqual(self.host.driver.download(at + window.bytes // 2, 16), bytes(16))

    def test_one_that_changes_its_inputs_in_timed_runs_alone_is_found(self) -> None:
        outcome = self.refused(COUNT + "    gpu().scale(x, out, 2.0)\n    if COUNT[0] > 2:\n        gpu().scale(x, x, 0.5)\n")
        self.assertEqual((outcome["verdict"], outcome["tensor"]), ("modified_input", "x"))

    def test_one_that_reads_its_inputs_on_the_host_is_timed_by_its_calls(self) -> None:
        program = self.runs(STEERS)
        self.assertEqual(program.told("case-0")["semantics"], "call")

    def test_what_it_wrote_before_is_gone_also_where_its_calls_wait_for_their_inputs(self) -> None:
        reads = "    import struct\n    gpu().value(x)\n    left, = struct.unpack('<f', gpu().memory.read(out.address, 4))\n"
        program = self.program(COUNT + reads + "    if COUNT[0] > 2 and left > 0:\n        raise ValueError(left)\n"
            "    gpu().scale(x, out, 2.0)\n    return out\n")
        runnable, places = self.bind(program, "case-0")
        for is_timed in (False, *[True] * 6):
            self.run_once(runnable, places, "case-0", is_timed=is_timed)

    def test_nobody_knows_which_runs_the_judge_looks_at_by_a_copy(self) -> None:
        """Who saw how all others were looked at does not know it of the next: of those that follow on a copy some are, and some are not."""
        program = self.program(DOUBLE)
        self.bind(program, "case-0")
        kinds = [program._cases["case-0"]._next_kind() for _ in range(6000)]
        following = [kinds[at + 1] for at in range(len(kinds) - 1) if kinds[at]]
        self.assertTrue(0.1 < sum(following) / len(following) < 0.3)
        self.assertTrue(all(sum(kinds[at : at + 24]) >= KIND_LEAST for at in range(0, 6000, 24)))

    def test_what_was_asked_ahead_for_one_case_is_released_before_another(self) -> None:
        driver = self.host.driver
        with mock.patch.object(driver, "event", side_effect=driver.event) as made:
            program = self.runs(DOUBLE, timed=3)
            bound = {case: self.bind(program, case) for case in COUNTS}
            for case, (runnable, places) in [*bound.items(), *bound.items()]:
                values, outputs = self.run_once(runnable, places, case, is_timed=True)
                self.assertEqual(outputs, [2.0 * value for value in values])
        self.assertTrue(any(name.startswith("done") for name in driver.seen))
        self.assertEqual(made.call_count, 1, "there is one for all changes of case")

    def test_what_it_does_wrong_is_a_verdict(self) -> None:
        raises = COUNT + "    if COUNT[0] == 4:\n        raise ValueError('no more')\n    gpu().scale(x, out, 2.0)\n"
        for source, verdict, words in (
            (raises, "crashed", "no more"),
            (raises.replace("raise ValueError('no more')", "os._exit(0)"), "contract", "ended its own process"),
            (raises.replace("raise ValueError('no more')", "return out._replace(shape=[3])"), "contract", "has the shape"),
            (raises.replace("raise ValueError('no more')", "return out._replace(address=4096)"), "contract", "not in memory"),
            (raises.replace("raise ValueError('no more')", "os.write(4, b'{}')"), "contract", "no answer"),
            (raises.replace("raise ValueError('no more')", "gpu().fault('an illegal address')"), "crashed", "an illegal address"),
            ("1 / 0\n", "crashed", "ZeroDivisionError"),
            ("x = 1\n", "contract", "defines no custom_kernel"),
        ):
            with self.subTest(words):
                outcome = self.refused(source)
                self.assertEqual(outcome["verdict"], verdict, outcome)
                self.assertIn(words, outcome["message"])

    def test_one_that_never_ends_is_ended_and_the_stream_is_free(self) -> None:
        for line in ("while COUNT[0] == 4:\n        time.sleep(0.01)", "if COUNT[0] == 4:\n        gpu().sleep(3600)"):
            with self.subTest(line):
                start = time.monotonic()
                program = self.program(COUNT + f"    {line}\n    gpu().scale(x, out, 2.0)\n", 1500.0)
                with self.assertRaises(CandidateFailure) as caught:
                    runnable, places = self.bind(program, "case-0")
                    for _ in range(6):
                        self.run_once(runnable, places, "case-0", is_timed=False)
                self.assertEqual(caught.exception.outcome["verdict"], "timed_out")
                self.assertTrue(program.settle())
                self.assertFalse(self.host.driver.is_busy())
                self.assertLess(time.monotonic() - start, 600)

    def test_who_holds_the_device_while_others_are_timed_is_told_by_what_the_null_took(self) -> None:
        program = self.program(DOUBLE)
        for beyond, is_hindered in (([100.0] * 20, False), ([100.0] * 12 + [1e6] * 4, True)):
            self.beyond = beyond
            self.assertEqual(program.hindered(), is_hindered)

    def test_what_is_written_after_done_is_found(self) -> None:
        program = self.program(DOUBLE)
        runnable, places = self.bind(program, "case-0")
        for spoilt in (False, True, False):
            self.host.driver.is_spoilt = spoilt
            self.run_once(runnable, places, "case-0", is_timed=False)
        with self.assertRaises(CandidateFailure) as caught:
            program.refuse("case-0")
        self.assertIn("after it said that it was done", caught.exception.outcome["message"])
        self.run_once(runnable, places, "case-0", is_timed=False)
        program.refuse("case-0")

    def test_the_judges_own_program_among_others_tells_what_it_took_longer_and_fails_for_nobody(self) -> None:
        program = self.program(COUNT + "    if COUNT[0] == 9:\n        raise ValueError('no more')\n    gpu().scale(x, out, 2.0)\n")
        _, places = self.bind(program, "case-0")
        answers = program._cases["case-0"]
        answers.offsets = Offsets(4000.0, 3400.0)
        null = NullRuns(cast(Any, SimpleNamespace(close=lambda: None)), answers)
        for _ in range(2):
            self.run_once(null.runnable, places, "case-0", is_timed=True)
        self.assertEqual(null.take(), [1000.0, 1000.0])
        self.assertEqual(null.take(), [])
        with self.assertRaises(InfraFailure):
            for _ in range(8):
                self.run_once(null.runnable, places, "case-0", is_timed=True)

    def test_a_runner_that_cannot_start_it_is_not_its_fault(self) -> None:
        for how, code in (("lost", "worker_died"), ("unconfinable", "environment_missing"), ("suspended", "suspended")):
            with self.subTest(how):
                self.runner.how = (how, "no luck")
                with self.assertRaises(InfraFailure) as caught:
                    self.runs(COUNT + "    os._exit(0)\n")
                self.assertEqual(caught.exception.code, code)
                self.end()

    def test_a_claim_that_nothing_can_answer_is_refuted_by_what_it_was_made_ready_for(self) -> None:
        words = json.dumps({"type": "refused", "verdict": "unequipped", "case": "", "message": "no"})
        outcome = self.refused(f"import os\nos.write(4, {words.encode()!r})\ndef custom_kernel(data):\n    pass\n")
        self.assertEqual((outcome["verdict"], self.proven), ("contract", ["torch"]))


@unittest.skipUnless(os.geteuid() == 0 and levels(), "needs root, as a runner with a user for each program has it")
class AnsweredInTheSandbox(Answered):
    """The same, with a zygote's copy behind its walls for a process."""

    def started(self) -> Any:
        return SandboxedRunner()

    def test_a_runner_that_cannot_start_it_is_not_its_fault(self) -> None:
        """A guardian's findings are its own here."""
        self.refused("import time\ntime.sleep(0)\n1 / 0\n")
