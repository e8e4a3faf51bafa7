"""The runner as it is shipped: one zip archive, run by path, judging real C candidates on the cpu device."""
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipapp
from pathlib import Path

from test.python.asked_again import until_given_time

from . import samples
from .drive import AMPLE_MS, RUNNER_ROOT, Client, Runner
from .test_compiling import HAS_GCC


class ArchivedRunner(Runner):
    """Runs from an archive, with nothing of the source tree in sight."""

    def __init__(self) -> None:
        super().__init__()
        del self._environment["PYTHONPATH"]
        self.archive = Path(tempfile.mkdtemp(prefix="kiln-archive-")) / "runner.pyz"
        source = self.archive.parent / "source"
        shutil.copytree(RUNNER_ROOT / "kiln_runner", source / "kiln_runner", ignore=shutil.ignore_patterns("__pycache__"))
        (source / "__main__.py").write_text("import sys\nfrom kiln_runner.__main__ import main\nsys.exit(main(sys.argv[1:]))\n")
        zipapp.create_archive(source, self.archive)
        shutil.rmtree(source)

    def argv(self, *arguments: str) -> list[str]:
        return [sys.executable, str(self.archive), *arguments]

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        shutil.rmtree(self.archive.parent)


@unittest.skipUnless(HAS_GCC, "gcc is not installed: apt-get install gcc")
class Archive(unittest.TestCase):
    def test_an_archive_compiles_and_judges_and_is_named_by_its_hash(self) -> None:
        with ArchivedRunner() as runner:
            client = runner.client()
            hello = client.attach()
            self.assertEqual(hello["runnerHash"], hashlib.sha256(runner.archive.read_bytes()).hexdigest())
            device = next(entry["id"] for entry in hello["inventory"]["devices"] if entry["kind"] == "cpu")
            definition = samples.problem(samples.c_unit())
            client.send({"type": "problem", "definition": definition})
            for source, verdict in SOURCES.items():
                with self.subTest(verdict=verdict):
                    self.assertEqual(self.verdict(client, definition, device, source), verdict)

    def test_a_damaged_artifact_costs_a_try_and_is_compiled_again(self) -> None:
        with ArchivedRunner() as runner:
            client = runner.client()
            device = next(entry["id"] for entry in client.attach()["inventory"]["devices"] if entry["kind"] == "cpu")
            definition = samples.problem(samples.c_unit())
            client.send({"type": "problem", "definition": definition})
            compiled = client.compile(samples.c_unit(samples.GOOD_C + "// damaged later\n"))
            for code in Path(runner.folder).rglob(f"artifacts/{compiled['artifact']}/code.so"):
                code.unlink()
            attempt_id = samples.attempt()
            client.send({"type": "judge", "task": samples.task(definition, compiled["artifact"], device, attempt_id)})
            self.assertEqual(client.result(attempt_id)["result"]["infra"]["code"], "unknown_artifact")
            again = client.compile(samples.c_unit(samples.GOOD_C + "// damaged later\n"))
            self.assertEqual((again["artifact"], again["cached"]), (compiled["artifact"], False))
            self.assertEqual(self.verdict(client, definition, device, samples.GOOD_C + "// damaged later\n"), "passed")

    def test_a_hidden_case_that_comes_beside_its_task_reaches_the_judge(self) -> None:
        with ArchivedRunner() as runner:
            client = runner.client()
            device = next(entry["id"] for entry in client.attach()["inventory"]["devices"] if entry["kind"] == "cpu")
            definition = samples.problem(samples.c_unit())
            client.send({"type": "problem", "definition": definition})
            artifact = client.compile(samples.c_unit())["artifact"]
            known = definition["cases"][0]
            hidden = {"kind": "case", "case": {**known, "name": "hidden", "kind": "check"}, "plan": known["baseline"]}
            refused = {"kind": "refused", "field": "launch[0].grid", "message": "too few"}
            outcomes = []
            for beside in (b"", json.dumps(hidden).encode(), json.dumps(refused).encode()):
                attempt_id = samples.attempt()
                client.send({"type": "judge", "task": samples.task(definition, artifact, device, attempt_id)}, beside)
                outcomes.append(client.result(attempt_id)["result"]["outcome"])
            plain, with_case, without_plan = outcomes
            self.assertEqual(with_case["checkedCases"], plain["checkedCases"] + 1)
            self.assertEqual((without_plan["verdict"], without_plan["field"]), ("plan_error", "launch[0].grid"))

    def verdict(self, client: Client, definition: dict, device: str, source: str) -> str:
        artifact = client.compile(samples.c_unit(source))["artifact"]

        def judged() -> dict:
            attempt_id = samples.attempt()
            client.send({"type": "judge", "task": samples.task(definition, artifact, device, attempt_id, limit_ms=LIMIT_MS.get(source, AMPLE_MS))})
            return client.result(attempt_id)["result"]

        result = until_given_time(judged)
        self.assertIsNotNone(result["outcome"], json.dumps(result))
        return result["outcome"]["verdict"]


ENDLESS_C = "void vector_add(float* a) { for (;;) __asm__ volatile(\"\"); }\n"
SOURCES = {
    samples.GOOD_C: "passed",
    samples.GOOD_C.replace("a[i] + b[i]", "a[i] - b[i]"): "wrong_answer",
    "void vector_add(float* a) { *(volatile int*)0 = 1; }\n": "crashed",
    ENDLESS_C: "timed_out",
    samples.GOOD_C + "// after the endless one\n": "passed",
}
LIMIT_MS = {ENDLESS_C: 500.0}


class Inventory(unittest.TestCase):
    def test_inventory_is_one_line_of_json_with_this_machine(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(RUNNER_ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run([sys.executable, "-m", "kiln_runner", "inventory"], env=environment, capture_output=True, check=True)
        inventory = json.loads(done.stdout)
        self.assertEqual(inventory["devices"][-1]["kind"], "cpu")
        self.assertEqual(inventory["cores"], len(os.sched_getaffinity(0)))

    def test_a_machine_without_compilers_says_what_to_install(self) -> None:
        environment = {"PATH": "/nonexistent", "HOME": "/nonexistent", "PYTHONPATH": str(RUNNER_ROOT), "KILN_SIMULATED_DEVICES": ""}
        done = subprocess.run([sys.executable, "-m", "kiln_runner", "inventory"], env=environment, capture_output=True, check=True)
        inventory = json.loads(done.stdout)
        self.assertNotIn("c", inventory["languages"])
        self.assertTrue(any("apt-get install gcc" in warning for warning in inventory["warnings"]), inventory["warnings"])


if __name__ == "__main__":
    unittest.main()
