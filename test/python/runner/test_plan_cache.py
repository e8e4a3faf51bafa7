"""Plans that are told once and named by tasks: what a judge gets, and what a task may not name."""
import json
import unittest

from kiln_runner.connection import Refusal
from kiln_runner.devices.plan_cache import PLANS_KEPT_MAX, PlanCache

from . import samples
from .drive import Runner
from .test_judging import OneDevice


def key(number: int = 0) -> str:
    return f"{number:064x}"


class Filling(unittest.TestCase):
    def setUp(self) -> None:
        definition = samples.problem(samples.cuda_unit("simulated"))
        self.task = samples.task(definition, "a" * 64, "gpu-0", samples.attempt())
        self.plans = self.task["plans"]
        self.named = {**{name: value for name, value in self.task.items() if name != "plans"}, "plansKey": key()}
        self.book = PlanCache()

    def test_a_task_that_names_its_plans_reads_as_if_it_had_brought_them(self) -> None:
        self.book.keep(key(), self.plans)
        body, raw = self.book.filled(self.named, b"as it came")
        self.assertEqual(body, self.task)
        self.assertEqual(json.loads(raw), {"type": "judge", "task": self.task})

    def test_a_task_that_brings_its_plans_goes_on_as_it_came(self) -> None:
        self.assertEqual(self.book.filled(self.task, b"as it came"), (self.task, b"as it came"))

    def test_a_hidden_case_in_the_payload_is_the_tasks_for_the_judge_and_not_read_before(self) -> None:
        self.book.keep(key(), self.plans)
        hidden = {"kind": "refused", "field": "grid", "message": "caf\u00e9"}
        payload = json.dumps(hidden, ensure_ascii=False).encode()
        for body in (self.named, self.task):
            with self.subTest(named="plansKey" in body):
                known, raw = self.book.filled(body, b"as it came", payload)
                self.assertEqual(json.loads(raw), {"type": "judge", "task": {**self.task, "hidden": hidden}})
                self.assertEqual(known, self.task)

    def test_a_hidden_case_in_the_task_and_in_the_payload_is_refused(self) -> None:
        hidden = {"kind": "refused", "field": "grid", "message": ""}
        with self.assertRaises(Refusal) as caught:
            self.book.filled({**self.task, "hidden": hidden}, b"", json.dumps(hidden).encode())
        self.assertEqual(caught.exception.code, "bad_frame")

    def test_neither_and_both_are_refused(self) -> None:
        self.book.keep(key(), self.plans)
        neither = {name: value for name, value in self.named.items() if name != "plansKey"}
        for body in (neither, {**self.named, "plans": self.plans}):
            with self.assertRaises(Refusal) as caught:
                self.book.filled(body, b"")
            self.assertEqual(caught.exception.code, "bad_frame")

    def test_the_last_that_were_told_are_kept(self) -> None:
        for number in range(PLANS_KEPT_MAX + 1):
            self.book.keep(key(number), self.plans)
        self.book.filled({**self.named, "plansKey": key(1)}, b"")
        with self.assertRaises(Refusal):
            self.book.filled({**self.named, "plansKey": key(0)}, b"")


class OverAConnection(OneDevice):
    def named_task(self) -> dict:
        task = samples.task(self.definition, self.artifact, self.device, samples.attempt())
        self.plans = task.pop("plans")
        return {**task, "plansKey": key()}

    def test_a_named_task_is_judged(self) -> None:
        task = self.named_task()
        self.client.send({"type": "plans", "key": key(), "plans": self.plans})
        self.client.send({"type": "judge", "task": task})
        self.assertEqual(self.client.result(task["attemptId"])["result"]["outcome"]["verdict"], "passed")

    def test_plans_of_an_earlier_connection_are_not_known_and_the_daemon_is_told_why(self) -> None:
        task = self.named_task()
        self.client.send({"type": "plans", "key": key(), "plans": self.plans})
        self.client.sync()
        again = self.runner.client()
        again.attach()
        again.send({"type": "judge", "task": task})
        error = again.wait("error")
        self.assertEqual(error["code"], "unknown_plans")
        self.assertIn(key(), error["message"])
        again.wait_end()


class ManyAtOnce(unittest.TestCase):
    def test_everything_said_before_a_hang_up_arrives(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1") as runner:
            client = runner.client()
            client.attach()
            for nonce in range(200):
                client.send({"type": "ping", "nonce": nonce})
            client.send({"type": "reboot"})
            self.assertEqual([client.wait("pong")["nonce"] for _ in range(200)], list(range(200)))
            self.assertEqual(client.wait("error")["code"], "bad_frame")
            client.wait_end()


if __name__ == "__main__":
    unittest.main()
