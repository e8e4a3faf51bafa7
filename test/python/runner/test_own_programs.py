"""A problem's own programs: built, recorded for each model of devices, and told with the program's own lines where they cannot be."""
import sys
import unittest
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from .drive import RUNNER_ROOT
from .samples import c_unit, problem

sys.path.insert(0, str(RUNNER_ROOT))
from kiln_runner.compile.pool import infra
from kiln_runner.devices import problems
from kiln_runner.devices.problems import REFUSED_S, ProblemRegistry
from kiln_runner.devices.slot_events import Prepared, Preparing, Unpreparable
from kiln_runner.frames import FrameDecoder

META: Any = {"language": "python", "architecture": "sm_90a", "kernels": {}, "compiler": "", "log": "", "resources": {}}
MODEL = "Played GPU"


def side(name: str, content: str = "x = 1\n") -> dict:
    entry = {"file": "reference.py", "symbol": "ref_kernel", "style": "custom_kernel"}
    files = [{"path": "reference.py", "content": content}]
    cases = [{"name": "case-0", "tensors": []}]
    unit = {"language": "python", "architecture": "sm_90a", "files": files, "entry": entry, "environment": "torch"}
    return {**unit, "cases": cases, "side": name}


def compiled(artifact: str) -> Any:
    return {"status": "compiled", "artifact": artifact, "cached": False, "durationMs": 1, "log": "", "compiler": "", "resources": {}}


def failed(outcome: dict) -> Any:
    return {"status": "failed", "outcome": outcome, "durationMs": 1, "compiler": ""}


class OwnPrograms(unittest.TestCase):
    def setUp(self) -> None:
        self.compiles: list[Any] = []
        self.records: list[Any] = []
        self.pinned: list[str] = []
        self.settled = 0
        pool: Any = SimpleNamespace(compile=lambda *asked: self.compiles.append(asked))
        cache: Any = SimpleNamespace(pin=self.pinned.append, unpin=lambda artifact: self.pinned.remove(artifact), discard=lambda _artifact: None)
        self.registry = ProblemRegistry(pool, cache, self.on_settled, lambda asked: self.records.append(asked))

    def on_settled(self) -> None:
        self.settled += 1

    def define(self, **sides: dict) -> str:
        definition: Any = {**problem(c_unit()), "reference": side("reference"), "baseline": side("baseline"), **sides}
        self.registry.define(definition)
        return definition["key"]

    def build(self, artifact: str = "b" * 64) -> None:
        """Answers what the compile pool was asked for."""
        asked, self.compiles = self.compiles, []
        for _id, _unit, _limit, told in asked:
            told(compiled(artifact))

    def record(self, result: Any = None) -> list[Any]:
        asked, self.records = self.records, []
        for one in asked:
            one.told(result or compiled(one.unit["side"].ljust(64, "0")))
        return asked

    def test_both_sides_are_built_alike_recorded_each_by_itself_and_given_to_the_judge(self) -> None:
        key = self.define()
        self.assertIsInstance(self.registry.state(key, MODEL), Preparing)
        self.assertEqual(self.compiles[0][1], self.compiles[1][1], "a build knows nothing of sides")
        self.assertNotIn("cases", self.compiles[0][1])
        self.build()
        recorded = self.record()
        self.assertEqual([one.unit["side"] for one in recorded], ["reference", "baseline"])
        self.assertEqual({(one.unit["built"], one.unit["deviceModel"]) for one in recorded}, {("b" * 64, MODEL)})
        state = self.registry.state(key, MODEL)
        assert isinstance(state, Prepared)
        [frame] = FrameDecoder().feed(state.frame)
        self.assertEqual((frame.header["referenceArtifact"][:9], frame.header["baselineArtifact"][:8]), ("reference", "baseline"))
        self.assertEqual(self.settled, 1)

    def test_another_model_has_recordings_of_its_own_and_what_is_compiled_alone_serves_all(self) -> None:
        key = self.define()
        for model in (MODEL, "Other GPU"):
            self.registry.prepare(key, model)
            self.build()
            self.assertEqual({one.unit["deviceModel"] for one in self.record()}, {model})
            self.assertIsInstance(self.registry.state(key, model), Prepared)
        native = {**problem(c_unit()), "key": "9" * 64}
        self.registry.define(native)
        for model in (MODEL, "Other GPU"):
            self.registry.prepare(native["key"], model)
        self.assertEqual(len(self.compiles), 2)

    def test_what_derives_inputs_is_recorded_beside_sides_of_any_language_and_given_to_the_judge(self) -> None:
        key = self.define(reference=c_unit(), baseline=c_unit(), inputs=side("inputs"))
        self.registry.prepare(key, MODEL)
        self.build()
        self.assertEqual([one.unit["side"] for one in self.record()], ["inputs"])
        state = self.registry.state(key, MODEL)
        assert isinstance(state, Prepared)
        [frame] = FrameDecoder().feed(state.frame)
        self.assertEqual(frame.header["inputsArtifact"], "inputs".ljust(64, "0"))
        self.assertIsInstance(self.registry.state(key, "Other GPU"), Preparing, "it is recorded for each model")

    def test_inputs_that_cannot_be_derived_are_told_as_the_problems_own(self) -> None:
        key = self.define(reference=c_unit(), baseline=c_unit(), inputs=side("inputs"))
        self.registry.prepare(key, MODEL)
        self.build()
        self.record(failed({"verdict": "contract", "case": "case-0", "message": "it cannot be recorded: it reads 4 bytes on the host"}))
        state = self.registry.state(key, MODEL)
        assert isinstance(state, Unpreparable)
        self.assertEqual(state.infra["code"], "reference_failed")
        said = "cannot be recorded here, case case-0: it cannot be recorded: it reads 4 bytes"
        self.assertIn(f"the program that derives the inputs of {problem(c_unit())['name']} {said}", state.infra["message"])

    def test_a_check_of_its_own_is_recorded_too_and_given_to_the_judge(self) -> None:
        key = self.define(reference=c_unit(), baseline=c_unit(), verify=side("verify"))
        self.registry.prepare(key, MODEL)
        self.build()
        self.assertEqual([one.unit["side"] for one in self.record()], ["verify"])
        state = self.registry.state(key, MODEL)
        assert isinstance(state, Prepared)
        [frame] = FrameDecoder().feed(state.frame)
        self.assertEqual(frame.header["verifyArtifact"], "verify".ljust(64, "0"))

    def test_a_check_that_cannot_be_recorded_is_told_as_the_problems_own(self) -> None:
        key = self.define(reference=c_unit(), baseline=c_unit(), verify=side("verify"))
        self.registry.prepare(key, MODEL)
        self.build()
        self.record(failed({"verdict": "contract", "case": "case-0", "message": "it cannot be recorded: it reads 4 bytes on the host"}))
        state = self.registry.state(key, MODEL)
        assert isinstance(state, Unpreparable)
        self.assertEqual(state.infra["code"], "reference_failed")
        self.assertIn(f"the program that checks the outputs of {problem(c_unit())['name']} cannot be recorded here", state.infra["message"])

    def test_a_program_beside_code_of_a_device_is_recorded_alone(self) -> None:
        key = self.define(baseline=c_unit())
        self.registry.prepare(key, MODEL)
        self.build()
        self.assertEqual([one.unit["side"] for one in self.record()], ["reference"])
        self.assertIsInstance(self.registry.state(key, MODEL), Prepared)

    def test_one_that_cannot_be_recorded_is_told_with_its_own_lines_and_not_tried_for_a_while(self) -> None:
        key = self.define()
        self.registry.prepare(key, MODEL)
        self.build()
        words = 'Traceback (most recent call last):\n  File "reference.py", line 3, in ref_kernel\n    return data[9]\nIndexError: tuple index'
        self.record(failed({"verdict": "crashed", "case": "case-0", "message": words}))
        state = self.registry.state(key, MODEL)
        assert isinstance(state, Unpreparable)
        self.assertEqual(state.infra["code"][-7:], "_failed")
        said = 'cannot be recorded here, case case-0: Traceback (most recent call last):\n  File "reference.py", line 3'
        self.assertIn(said, state.infra["message"])
        self.registry.prepare(key, MODEL)
        self.assertEqual((self.compiles, self.records), ([], []), "each try would hold a device")
        later = problems.time.monotonic() + REFUSED_S
        with patch.object(problems.time, "monotonic", lambda: later):
            self.registry.prepare(key, MODEL)
        self.assertEqual(len(self.compiles), 2)

    def test_what_the_host_lacks_is_told_as_such_and_tried_with_the_next_task(self) -> None:
        key = self.define()
        self.registry.prepare(key, MODEL)
        for _id, _unit, _limit, told in self.compiles:
            told(infra("environment_missing", "environment torch is not on this host any more"))
        self.compiles = []
        state = self.registry.state(key, MODEL)
        assert isinstance(state, Unpreparable)
        self.assertEqual(state.infra["code"], "environment_missing")
        self.registry.prepare(key, MODEL)
        self.assertEqual(len(self.compiles), 2)

    def test_a_build_that_was_thrown_away_meanwhile_is_made_once_more(self) -> None:
        key = self.define(baseline=c_unit())
        self.registry.prepare(key, MODEL)
        self.build()
        for _ in range(2):
            self.record(infra("unknown_artifact", "it is not there; build it again"))
            self.build()
        self.assertEqual(self.records, [])
        state = self.registry.state(key, MODEL)
        assert isinstance(state, Unpreparable)
        self.assertEqual(state.infra["code"], "unknown_artifact")

    def test_artifacts_are_kept_as_long_as_they_are_in_use(self) -> None:
        key = self.define()
        self.registry.prepare(key, MODEL)
        self.build()
        self.record()
        self.assertEqual(len(self.pinned), 2)
        self.registry.renew(key)
        self.assertEqual(self.pinned, [])
        self.assertIsInstance(self.registry.state(key, MODEL), Preparing)

    def test_recordings_that_do_not_work_are_made_anew_once_and_not_for_each_candidate(self) -> None:
        key = self.define()
        self.registry.prepare(key, MODEL)
        for _ in range(2):
            self.build()
            self.record()
            self.registry.renew(key)
            self.registry.prepare(key, MODEL)
        self.assertEqual((self.compiles, self.records), ([], []))
        self.assertIsInstance(self.registry.state(key, MODEL), Prepared)


if __name__ == "__main__":
    unittest.main()
