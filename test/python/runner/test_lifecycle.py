"""The server's life: starting, attaching, wrong frames, the bridge, and that nothing is left behind."""
import json
import os
import shutil
import socket
import stat
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest.mock import patch

from kiln_runner import stop
from kiln_runner.frames import FrameDecoder, encode
from kiln_runner.paths import RunnerPaths, take_lock

from . import samples
from .drive import AMPLE_MS, WAIT_S, Runner, processes_of, wait_until
from .test_compiling import ENDLESS, HAS_GCC
from .test_judging import prepare

ATTACH = {"type": "attach", "protocol": 1, "daemonId": "test", "leaseMs": AMPLE_MS, "idleExitMs": AMPLE_MS}


def servers_of(runner: Runner) -> int:
    """A child that a server has just forked counts for a moment: it has its parent's command line until it is another program."""
    return len([line for line in runner.processes() if " serve " in line])


class Starting(unittest.TestCase):
    def test_starting_twice_gives_one_server_and_its_place(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1") as runner:
            where = runner.start()
            self.assertEqual(where["pid"], runner.pid)
            self.assertEqual(where["runnerHash"], runner.client().attach()["runnerHash"])
            wait_until(lambda: servers_of(runner) == 1, "one server is there")

    def test_a_folder_outside_of_ascii_works_in_a_locale_that_knows_no_such_letters(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            place = os.path.join(folder, "Läufer")
            os.mkdir(place)
            locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
            with Runner(place, KILN_SIMULATED_DEVICES="1", **locale) as runner:
                self.assertEqual(runner.start()["socket"], f"{place}/runner.sock")
                client = runner.client()
                client.attach()
                if HAS_GCC:
                    self.assertEqual(client.compile(samples.c_unit("int f(void) { return 1; }"))["status"], "compiled")

    def test_two_starts_at_once_give_one_server(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1") as runner:
            runner.command("stop", "--dir", runner.folder)
            starts = [
                subprocess.Popen(runner.argv("start", "--dir", runner.folder), env=runner.environment, stdout=subprocess.PIPE)
                for _ in range(3)
            ]
            pids = {json.loads(process.communicate(timeout=WAIT_S)[0])["pid"] for process in starts}
            self.assertEqual(len(pids), 1)
            # Nor does another one wait to take over.
            wait_until(lambda: servers_of(runner) == 1, "one server is left")

    def test_a_second_server_on_one_folder_refuses_and_says_how_to_stop_the_first(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1") as runner:
            second = runner.command("serve", "--dir", runner.folder)
            self.assertEqual(second.returncode, 75)
            self.assertIn(b"stop --dir", second.stderr)

    def test_folder_and_socket_are_for_their_owner_alone(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1") as runner:
            path = (Path(runner.folder) / "socket").read_text().strip()
            self.assertEqual(stat.S_IMODE(os.stat(runner.folder).st_mode), 0o700)
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)

    def test_a_folder_too_deep_for_a_socket_address_works_through_a_short_one(self) -> None:
        root = tempfile.mkdtemp(prefix="kiln-deep-")
        with Runner(os.path.join(root, "x" * 100), KILN_SIMULATED_DEVICES="1") as runner:
            path = (Path(runner.folder) / "socket").read_text().strip()
            self.assertTrue(path.startswith(f"/tmp/kiln-{os.getuid()}/"), path)
            runner.client().attach()
        self.assertFalse(os.path.exists(path))
        shutil.rmtree(root)

    def test_a_server_starts_over_what_a_killed_one_left(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1") as runner:
            runner.kill()
            self.assertTrue((Path(runner.folder) / "runner.sock").exists())
            runner.start()
            runner.client().attach()


class WrongFrames(unittest.TestCase):
    runner: Runner

    @classmethod
    def setUpClass(cls) -> None:
        cls.runner = Runner(KILN_SIMULATED_DEVICES="1").__enter__()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.runner.__exit__()

    def refusal(self, *frames: dict) -> dict:
        client = self.runner.client()
        for frame in frames:
            client.send(frame)
        error = client.wait("error")
        client.wait_end()
        return error

    def test_a_missing_field_is_named(self) -> None:
        error = self.refusal({key: value for key, value in ATTACH.items() if key != "leaseMs"})
        self.assertEqual((error["code"], error["message"]), ("bad_frame", "leaseMs: is missing"))

    def test_an_odd_field_is_named(self) -> None:
        self.assertIn("colour: is not known", self.refusal({**ATTACH, "colour": 1})["message"])

    def test_a_deep_wrong_value_is_named_by_its_path(self) -> None:
        unit = samples.cuda_unit("x")
        definition = samples.problem(unit)
        definition["cases"][0]["reference"]["launches"][0]["grid"] = [1, 0, 1]
        error = self.refusal(ATTACH, {"type": "problem", "definition": definition})
        self.assertEqual(error["message"], "definition.cases[0].reference.launches[0].grid[1]: must be at least 1")

    def test_an_unknown_type_is_named(self) -> None:
        self.assertIn("type: must be one of attach", self.refusal({"type": "reboot"})["message"])

    def test_a_param_name_that_is_an_option_is_refused(self) -> None:
        unit = {**samples.c_unit(), "params": {"A -o/tmp/x": 1}}
        error = self.refusal(ATTACH, {"type": "compile", "compileId": "1", "unit": unit, "limitMs": 1})
        self.assertIn("unit.params.A -o/tmp/x", error["message"])

    def test_work_before_attach_is_refused(self) -> None:
        self.assertEqual(self.refusal({"type": "ping", "nonce": 1})["code"], "not_attached")

    def test_another_protocol_is_refused_with_ours(self) -> None:
        error = self.refusal({**ATTACH, "protocol": 2})
        self.assertEqual(error["code"], "unsupported_protocol")
        self.assertIn("speaks protocol 1", error["message"])

    def test_bytes_that_are_no_frames_are_refused(self) -> None:
        for data in (b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\5\0\0\0\0[1,2]", b"\0\0\0\2\0\0\0\0{x"):
            client = self.runner.client()
            client.send_bytes(data)
            self.assertEqual(client.wait("error")["code"], "bad_frame")
            client.wait_end()


class Bursts(unittest.TestCase):
    def test_every_frame_of_a_burst_is_answered_in_order(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1") as runner:
            client = runner.client()
            client.attach()
            client.send_bytes(b"".join(encode({"type": "ping", "nonce": nonce}) for nonce in range(100)))
            self.assertEqual([client.wait("pong")["nonce"] for _ in range(100)], list(range(100)))


class Bridging(unittest.TestCase):
    def test_attach_starts_a_runner_and_is_its_byte_stream_until_stdin_ends(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1") as runner:
            runner.command("stop", "--dir", runner.folder)
            bridge = subprocess.Popen(
                runner.argv("attach", "--dir", runner.folder, "--start"), env=runner.environment,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
            )
            bridge.stdin.write(encode(ATTACH))
            decoder = FrameDecoder()
            frames = []
            while not frames:
                frames = list(decoder.feed(os.read(bridge.stdout.fileno(), 65536)))
            self.assertEqual(frames[0].header["type"], "hello")
            bridge.stdin.close()
            self.assertEqual(bridge.wait(WAIT_S), 0)
            bridge.stdout.close()
            runner.client().attach(daemon="test")

    def test_attach_without_a_runner_says_how_to_start_one(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            done = Runner(folder).command("attach", "--dir", folder)
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"--start", done.stderr)


class NothingLeft(unittest.TestCase):
    @unittest.skipUnless(HAS_GCC, "gcc is not installed: apt-get install gcc")
    def test_no_process_outlives_a_killed_server_not_even_a_compilers_own_children(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="2") as runner:
            client = runner.client()
            client.attach()
            client.send({"type": "compile", "compileId": "1", "unit": samples.c_unit(ENDLESS), "limitMs": AMPLE_MS})
            wait_until(lambda: any("cc1" in line for line in runner.processes()), "the compiler runs")
            runner.kill()

    def test_no_busy_judge_outlives_a_killed_server(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1", KILN_SIMULATED_JUDGE_MS="600000") as runner:
            client = runner.client()
            definition, artifact, device = prepare(client)
            client.send({"type": "judge", "task": samples.task(definition, artifact, device, samples.attempt())})
            client.wait("started")
            runner.kill()

    def test_shutdown_ends_everything_and_removes_the_socket(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="2", KILN_SIMULATED_JUDGE_MS="600000") as runner:
            client = runner.client()
            client.attach()
            client.send({"type": "shutdown"})
            client.wait_end()
            wait_until(lambda: not runner.processes(), "the runner and its judges are gone")
            self.assertEqual(sorted(os.listdir(runner.folder)), ["cache", "runner.lock", "runner.log", "spool", "work"])

    def test_stop_ends_everything_within_its_call(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="2") as runner:
            runner.client().attach()
            self.assertEqual(runner.command("stop", "--dir", runner.folder).returncode, 0)
            self.assertEqual(processes_of(runner.folder), [])

    def test_stop_takes_a_runner_that_ends_just_before_the_signal_for_ended(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            paths = RunnerPaths(folder)
            paths.pid.write_text("1234")
            lock = take_lock(paths)
            assert lock is not None

            def end_before(pid: int, number: int) -> None:
                os.close(lock)
                raise ProcessLookupError(pid, number)

            with patch("os.kill", end_before):
                self.assertEqual(stop.run(["--dir", folder]), 0)

    def test_a_connection_that_says_nothing_holds_nobody_up(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1") as runner:
            silent = socket.socket(socket.AF_UNIX)
            silent.connect((Path(runner.folder) / "socket").read_text().strip())
            runner.client().attach()
            silent.close()


if __name__ == "__main__":
    unittest.main()
