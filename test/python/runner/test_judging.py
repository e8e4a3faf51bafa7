"""Judging through a real server and simulated devices: order, retract, cancel, limits, leases, replays."""
import unittest
from typing import Tuple

from . import samples
from .drive import Client, Runner, wait_until


def prepare(client: Client) -> Tuple[dict, str, str]:
    """(problem, artifact, device id) of a simulated device that is ready for tasks."""
    hello = client.attach()
    unit = samples.cuda_unit("simulated")
    definition = samples.problem(unit)
    client.send({"type": "problem", "definition": definition})
    artifact = client.compile(unit)["artifact"]
    return definition, artifact, hello["inventory"]["devices"][0]["id"]


class JudgingOrder(unittest.TestCase):
    def test_tasks_start_in_order_and_each_result_names_the_next(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1", KILN_SIMULATED_JUDGE_MS="5") as runner:
            client = runner.client()
            definition, artifact, device = prepare(client)
            ids = samples.attempts(8)
            for attempt_id in ids:
                client.send({"type": "judge", "task": samples.task(definition, artifact, device, attempt_id)})
            self.assertEqual(client.wait("started")["attemptId"], ids[0])
            results = [client.result(attempt_id) for attempt_id in ids]
            self.assertEqual([frame["started"] for frame in results], [*ids[1:], None])
            self.assertEqual({frame["result"]["outcome"]["verdict"] for frame in results}, {"passed"})
            # The first waits for the judge to start; from then on there is no gap.
            self.assertLess(max(frame["result"]["phases"]["idleGapMs"] for frame in results[1:]), 50)

    def test_an_attempt_sent_twice_is_judged_once(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1") as runner:
            client = runner.client()
            definition, artifact, device = prepare(client)
            frame = {"type": "judge", "task": samples.task(definition, artifact, device, samples.attempt(1))}
            client.send(frame)
            client.wait("result")
            client.send(frame)
            client.send(frame)
            client.sync()
            self.assertEqual([frame for frame in client.frames if frame["type"] == "result"], [])
            self.assertEqual(client.wait("health", lambda health: health["use"][device]["judged"] > 0)["use"][device]["judged"], 1)

    def test_time_waited_before_the_task_came_counts_as_idle_gap_only_while_the_device_was_free(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1", KILN_SIMULATED_JUDGE_MS="1") as runner:
            client = runner.client()
            definition, artifact, device = prepare(client)
            first, second = samples.attempts(2)
            client.send({"type": "judge", "task": samples.task(definition, artifact, device, first)})
            client.result(first)
            client.send({"type": "judge", "task": samples.task(definition, artifact, device, second, waited_ms=3_600_000)})
            phases = client.result(second)["result"]["phases"]
            self.assertGreater(phases["idleGapMs"], 0)
            self.assertLess(phases["idleGapMs"], 5_000)


class Withdrawing(unittest.TestCase):
    def test_retract_gives_back_what_is_queued_and_leaves_what_runs(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1", KILN_SIMULATED_JUDGE_MS="300") as runner:
            client = runner.client()
            definition, artifact, device = prepare(client)
            first, second, third = samples.attempts(3)
            for attempt_id in (first, second, third):
                client.send({"type": "judge", "task": samples.task(definition, artifact, device, attempt_id)})
            client.wait("started")
            client.send({"type": "retract", "attemptIds": [first, second, samples.attempt()]})
            self.assertEqual(client.wait("retracted")["attemptIds"], [second])
            self.assertEqual(client.result(first)["started"], third)
            self.assertEqual(client.result(third)["started"], None)

    def test_cancel_of_a_running_attempt_frees_the_device_at_once(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1", KILN_SIMULATED_JUDGE_MS="60000") as runner:
            client = runner.client()
            definition, artifact, device = prepare(client)
            running, queued = samples.attempts(2)
            for attempt_id in (running, queued):
                client.send({"type": "judge", "task": samples.task(definition, artifact, device, attempt_id)})
            client.wait("started")
            client.send({"type": "cancel", "attemptId": running})
            self.assertEqual(client.result(running, 5)["result"]["outcome"], {"verdict": "cancelled"})
            self.assertEqual(client.wait("started", timeout_s=5)["attemptId"], queued)

    def test_cancel_of_a_queued_attempt_gives_a_cancelled_result(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1", KILN_SIMULATED_JUDGE_MS="200") as runner:
            client = runner.client()
            definition, artifact, device = prepare(client)
            running, queued = samples.attempts(2)
            for attempt_id in (running, queued):
                client.send({"type": "judge", "task": samples.task(definition, artifact, device, attempt_id)})
            client.send({"type": "cancel", "attemptId": queued})
            self.assertEqual(client.result(queued)["result"]["outcome"], {"verdict": "cancelled"})
            self.assertEqual(client.result(running)["result"]["outcome"]["verdict"], "passed")


class Limits(unittest.TestCase):
    def test_a_judgement_over_its_limit_is_killed_and_the_standby_takes_over(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1", KILN_SIMULATED_JUDGE_MS="60000") as runner:
            client = runner.client()
            definition, artifact, device = prepare(client)
            first, second = samples.attempts(2)
            for attempt_id in (first, second):
                client.send({"type": "judge", "task": samples.task(definition, artifact, device, attempt_id, limit_ms=300)})
            frame = client.result(first, 10)
            outcome = frame["result"]["outcome"]
            self.assertEqual((outcome["verdict"], outcome["stage"], outcome["case"]), ("timed_out", "measure", "case-0"))
            self.assertEqual(frame["started"], second)
            self.assertLess(outcome["lostMs"], 2_000)
            self.assertGreater(frame["result"]["phases"]["totalMs"], 290)
            self.assertEqual(client.result(second, 10)["result"]["outcome"]["verdict"], "timed_out")
            use = client.wait("health", lambda health: health["use"][device]["judged"] == 2)["use"][device]
            self.assertGreater(use["faultMs"], 0)

    def test_unknown_problem_artifact_and_device_are_named(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1") as runner:
            client = runner.client()
            definition, artifact, device = prepare(client)
            cases = (
                ("unknown_problem", samples.task({**definition, "key": "0" * 64}, artifact, device, samples.attempt())),
                ("unknown_artifact", samples.task(definition, "1" * 64, device, samples.attempt())),
                ("device_lost", samples.task(definition, artifact, "GPU-none", samples.attempt())),
            )
            for code, body in cases:
                client.send({"type": "judge", "task": body})
                self.assertEqual(client.result(body["attemptId"])["result"]["infra"]["code"], code)

    def test_a_reference_that_does_not_compile_fails_its_tasks_with_the_log(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1") as runner:
            client = runner.client()
            _, artifact, device = prepare(client)
            definition = samples.problem(samples.c_unit("int broken( {"))
            client.send({"type": "problem", "definition": definition})
            attempt_id = samples.attempt()
            client.send({"type": "judge", "task": samples.task(definition, artifact, device, attempt_id)})
            infra = client.result(attempt_id)["result"]["infra"]
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
        with Runner(KILN_SIMULATED_DEVICES="1", KILN_SIMULATED_JUDGE_MS="60000") as runner:
            client = runner.client()
            definition, artifact, device = prepare(client)
            client.attach(lease_ms=400)
            running, queued = samples.attempts(2)
            for attempt_id in (running, queued):
                client.send({"type": "judge", "task": samples.task(definition, artifact, device, attempt_id)})
            client.wait("started")
            client.wait_end(5)
            hello = runner.client().attach()
            self.assertEqual((hello["queued"], hello["running"], hello["finished"]), ([], [], [running]))

    def test_the_runner_leaves_when_no_daemon_comes_back(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1") as runner:
            client = runner.client()
            client.attach(lease_ms=100, idle_exit_ms=100)
            client.wait_end(5)
            wait_until(lambda: not runner.processes(), "the runner and its judges are gone")
            self.assertIn("no daemon for too long", runner.log())

    def test_a_second_attach_of_one_daemon_closes_the_first_and_another_daemon_is_refused(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1") as runner:
            first, second, stranger = runner.client(), runner.client(), runner.client()
            first.attach()
            second.attach()
            first.wait_end()
            stranger.send({"type": "attach", "protocol": 1, "daemonId": "stranger", "leaseMs": 1000, "idleExitMs": 1000})
            self.assertEqual(stranger.wait("error")["code"], "busy")
            stranger.wait_end()
            second.sync()


if __name__ == "__main__":
    unittest.main()
