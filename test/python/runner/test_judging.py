"""Judging through a real server and simulated devices: order, retract, cancel, limits, leases, replays."""
import statistics
import unittest

from kiln_runner.frames import encode
from test.python.asked_again import until_given_time, until_so

from . import samples
from .drive import AMPLE_MS, Client, Runner, wait_until
from .test_compiling import HAS_GCC

WAITED_MS = 3_600_000
LIMIT_MS = 1000


def prepare(client: Client) -> tuple[dict, str, str]:
    """(problem, artifact, device id) of a simulated device that is ready for tasks."""
    hello = client.attach()
    unit = samples.cuda_unit("simulated")
    definition = samples.problem(unit)
    client.send({"type": "problem", "definition": definition})
    artifact = client.compile(unit)["artifact"]
    return definition, artifact, hello["inventory"]["devices"][0]["id"]


class OneDevice(unittest.TestCase):
    """A runner with one simulated device, shared by the tests of a class; every result is acknowledged by the test that caused it."""

    judge_ms = "5"
    runner: Runner

    @classmethod
    def setUpClass(cls) -> None:
        cls.runner = Runner(KILN_SIMULATED_DEVICES="1", KILN_SIMULATED_JUDGE_MS=cls.judge_ms).__enter__()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.runner.__exit__()

    def setUp(self) -> None:
        self.client = self.runner.client()
        self.definition, self.artifact, self.device = prepare(self.client)

    def asked(self, attempt_id: str, **changes: float) -> dict:
        return {"type": "judge", "task": samples.task(self.definition, self.artifact, self.device, attempt_id, **changes)}

    def judge(self, attempt_id: str, **changes: float) -> None:
        self.client.send(self.asked(attempt_id, **changes))

    def send_at_once(self, *frames: dict) -> None:
        """So that the runner has all of them before a judge answers the first: it takes up to eight of what it reads in one turn."""
        self.client.send_bytes(b"".join(map(encode, frames)))

    def judged(self) -> int:
        """How many judgements the device has finished."""
        return self.client.wait("health")["use"][self.device]["judged"]


class JudgingOrder(OneDevice):
    def test_tasks_start_in_order_and_each_result_names_the_next(self) -> None:
        ids = samples.attempts(8)
        self.send_at_once(*map(self.asked, ids))
        self.assertEqual(self.client.wait("started")["attemptId"], ids[0])
        results = [self.client.result(attempt_id) for attempt_id in ids]
        self.assertEqual([frame["started"] for frame in results], [*ids[1:], None])
        self.assertEqual({frame["result"]["outcome"]["verdict"] for frame in results}, {"passed"})
        # The first may wait for the judge to start; from then on there is no gap, but for those in which this machine did other things.
        self.assertLess(statistics.median(frame["result"]["phases"]["idleGapMs"] for frame in results[1:]), 50)

    def test_an_attempt_sent_twice_is_judged_once(self) -> None:
        before, attempt_id = self.judged(), samples.attempt()
        self.judge(attempt_id)
        self.client.wait("result")
        self.judge(attempt_id)
        self.judge(attempt_id)
        self.client.sync()
        self.client.frames.clear()
        self.assertEqual(self.judged(), before + 1)
        self.client.send({"type": "ack", "attemptIds": [attempt_id]})

    def test_time_waited_before_the_task_came_counts_as_idle_gap_only_while_the_device_was_free(self) -> None:
        first, second = samples.attempts(2)
        self.judge(first)
        self.client.result(first)
        self.judge(second, waited_ms=WAITED_MS)
        phases = self.client.result(second)["result"]["phases"]
        self.assertGreater(phases["idleGapMs"], 0)
        self.assertLess(phases["idleGapMs"], WAITED_MS / 2)


class Cancelling(OneDevice):
    """Of what would be judged for longer than the test takes on any machine."""
    judge_ms = "600000"

    def test_cancel_of_a_running_attempt_frees_the_device_at_once(self) -> None:
        running, queued = samples.attempts(2)
        for attempt_id in (running, queued):
            self.judge(attempt_id)
        self.assertEqual(self.client.wait("started")["attemptId"], running)
        self.client.send({"type": "cancel", "attemptId": running})
        self.assertEqual(self.client.result(running)["result"]["outcome"], {"verdict": "cancelled"})
        self.assertEqual(self.client.wait("started")["attemptId"], queued)
        self.client.send({"type": "cancel", "attemptId": queued})
        self.assertEqual(self.client.result(queued)["result"]["outcome"], {"verdict": "cancelled"})


    def over_limit(self) -> dict:
        """The result frame of one that was over its limit. The next one would run for longer than the test takes: it is cancelled."""
        first, second = samples.attempts(2)
        self.send_at_once(self.asked(first, limit_ms=LIMIT_MS), self.asked(second))
        frame = self.client.result(first)
        self.client.send({"type": "cancel", "attemptId": second})
        self.assertEqual(self.client.result(second)["result"]["outcome"], {"verdict": "cancelled"})
        return {**frame, "is_followed": frame["started"] == second}

    def test_a_judgement_over_its_limit_is_killed_and_the_standby_takes_over(self) -> None:
        # The result is not held for a standby that is not there in seconds (losses.py).
        frame = until_so(lambda: until_given_time(self.over_limit), lambda frame: frame["is_followed"])
        outcome = frame["result"]["outcome"]
        self.assertEqual((outcome["verdict"], outcome["stage"], outcome["case"]), ("timed_out", "measure", "case-0"))
        self.assertTrue(frame["is_followed"])
        self.assertGreater(frame["result"]["phases"]["totalMs"], 0.9 * LIMIT_MS)
        self.client.frames.clear()
        self.assertGreater(self.client.wait("health")["use"][self.device]["faultMs"], 0)


class Withdrawing(OneDevice):
    def setUp(self) -> None:
        super().setUp()
        # A judge that is still starting has begun with nothing.
        warm_up = samples.attempt()
        self.judge(warm_up)
        self.client.result(warm_up)
        self.client.frames.clear()

    def test_retract_gives_back_what_is_queued_and_leaves_what_runs(self) -> None:
        first, second, third = samples.attempts(3)
        retract = {"type": "retract", "attemptIds": [first, second, samples.attempt()]}
        self.send_at_once(*map(self.asked, (first, second, third)), retract)
        self.assertEqual(self.client.wait("retracted")["attemptIds"], [second])
        self.assertEqual(self.client.result(first)["started"], third)
        self.assertEqual(self.client.result(third)["started"], None)

    def test_cancel_of_a_queued_attempt_gives_a_cancelled_result(self) -> None:
        running, queued = samples.attempts(2)
        self.send_at_once(self.asked(running), self.asked(queued), {"type": "cancel", "attemptId": queued})
        self.assertEqual(self.client.result(queued)["result"]["outcome"], {"verdict": "cancelled"})
        self.assertEqual(self.client.result(running)["result"]["outcome"]["verdict"], "passed")

    def test_unknown_problem_artifact_and_device_are_named(self) -> None:
        definition = {**self.definition, "key": "0" * 64}
        cases = (
            ("unknown_problem", samples.task(definition, self.artifact, self.device, samples.attempt())),
            ("unknown_artifact", samples.task(self.definition, "1" * 64, self.device, samples.attempt())),
            ("device_lost", samples.task(self.definition, self.artifact, "GPU-none", samples.attempt())),
        )
        for code, body in cases:
            self.client.send({"type": "judge", "task": body})
            self.assertEqual(self.client.result(body["attemptId"])["result"]["infra"]["code"], code)

    @unittest.skipUnless(HAS_GCC, "gcc is not installed: apt-get install gcc")
    def test_a_reference_that_does_not_compile_fails_its_tasks_with_the_log(self) -> None:
        definition, attempt_id = samples.problem(samples.c_unit("int broken( {")), samples.attempt()
        self.client.send({"type": "problem", "definition": definition})
        self.client.send({"type": "judge", "task": samples.task(definition, self.artifact, self.device, attempt_id)})
        infra = self.client.result(attempt_id)["result"]["infra"]
        self.assertEqual(infra["code"], "reference_failed")
        self.assertIn("candidate.c:1", infra["message"])


class Keeping(unittest.TestCase):
    def test_results_survive_a_killed_server_and_are_told_again(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1") as runner:
            client = runner.client()
            definition, artifact, device = prepare(client)
            ids = samples.attempts(5)
            for attempt_id in ids:
                client.send({"type": "judge", "task": samples.task(definition, artifact, device, attempt_id)})
            for attempt_id in ids:
                client.wait("result", lambda frame, wanted=attempt_id: frame["result"]["attemptId"] == wanted)
            client.send({"type": "ack", "attemptIds": ids[:2]})
            client.sync()
            runner.kill()
            runner.start()
            again = runner.client()
            hello = again.attach()
            self.assertEqual(sorted(set(hello["finished"]) & set(ids[2:])), sorted(ids[2:]))
            for attempt_id in ids[2:]:
                self.assertEqual(again.result(attempt_id)["result"]["outcome"]["verdict"], "passed")

    def test_reattaching_replays_unacknowledged_results_until_they_are_acknowledged(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1") as runner:
            client = runner.client()
            definition, artifact, device = prepare(client)
            attempt_id = samples.attempt()
            client.send({"type": "judge", "task": samples.task(definition, artifact, device, attempt_id)})
            first = client.wait("result")["result"]
            client.close()
            again = runner.client()
            self.assertEqual(again.attach()["finished"], [attempt_id])
            self.assertEqual(again.result(attempt_id)["result"], first)
            again.sync()
            again.close()
            self.assertEqual(runner.client().attach()["finished"], [])

    def test_work_goes_on_while_nobody_is_connected(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1", KILN_SIMULATED_JUDGE_MS="50") as runner:
            client = runner.client()
            definition, artifact, device = prepare(client)
            ids = samples.attempts(3)
            for attempt_id in ids:
                client.send({"type": "judge", "task": samples.task(definition, artifact, device, attempt_id)})
            client.sync()
            client.close()
            again = runner.client()
            hello = again.attach()
            self.assertEqual(sorted(hello["queued"] + hello["running"] + hello["finished"]), sorted(ids))
            for attempt_id in ids:
                self.assertEqual(again.result(attempt_id)["result"]["outcome"]["verdict"], "passed")

    def test_another_daemons_results_are_not_told(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1") as runner:
            client = runner.client()
            definition, artifact, device = prepare(client)
            client.send({"type": "judge", "task": samples.task(definition, artifact, device, samples.attempt())})
            client.wait("result")
            runner.kill()
            runner.start()
            self.assertEqual(runner.client().attach(daemon="someone-else")["finished"], [])


class Leases(unittest.TestCase):
    def test_an_expired_lease_kills_device_work_forgets_the_queue_and_keeps_results(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1", KILN_SIMULATED_JUDGE_MS="600000") as runner:
            client = runner.client()
            definition, artifact, device = prepare(client)
            running, queued = samples.attempts(2)
            for attempt_id in (running, queued):
                client.send({"type": "judge", "task": samples.task(definition, artifact, device, attempt_id)})
            client.wait("started")
            # Only now: how long a start takes is the machine's affair.
            client.attach(lease_ms=400)
            client.wait_end()
            hello = runner.client().attach()
            self.assertEqual((hello["queued"], hello["running"], hello["finished"]), ([], [], [running]))

    def test_the_runner_leaves_when_no_daemon_comes_back(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1") as runner:
            client = runner.client()
            client.attach(lease_ms=100, idle_exit_ms=100)
            client.wait_end()
            wait_until(lambda: not runner.processes(), "the runner and its judges are gone")
            self.assertIn("no daemon for too long", runner.log())

    def test_a_second_attach_of_one_daemon_closes_the_first_and_another_daemon_is_refused(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1") as runner:
            first, second, stranger = runner.client(), runner.client(), runner.client()
            first.attach()
            second.attach()
            first.wait_end()
            stranger.send({"type": "attach", "protocol": 1, "daemonId": "stranger", "leaseMs": AMPLE_MS, "idleExitMs": AMPLE_MS})
            self.assertEqual(stranger.wait("error")["code"], "busy")
            stranger.wait_end()
            second.sync()


if __name__ == "__main__":
    unittest.main()
