"""What comes of what a process that answers says: the other end of the judge's socket is a script here, as hostile as it likes."""
import json
import os
import socket
import tempfile
import threading
import time
import unittest
from typing import Any, Callable, Optional
from unittest.mock import patch

from kiln_runner.devices import task_limits
from kiln_runner.judge import companions as module
from kiln_runner.judge.companions import TRIES_MAX, Asked, Companions
from kiln_runner.judge.failures import CandidateFailure, InfraFailure
from kiln_runner.judge.gpu.answer_process import AHEAD_MAX, AnswerProcess, arenas_from
from kiln_runner.programs.answer_messages import MESSAGE_BYTES_MAX
from kiln_runner.programs.recording_shape import ARENA_BASE, WINDOW_BYTES_MAX

from .played_answers import PlayedHost, StreamingDriver

CASES: Any = [
    {"name": name, "tensors": [{"name": "out", "dtype": "f32", "shape": [4], "role": "out", "distribution": {"kind": "normal"}}]}
    for name in ("one", "two")
]
EQUIPPED, READY = b'{"type":"equipped"}', b'{"type":"ready"}'
UNEQUIPPED = b'{"type":"refused","verdict":"unequipped","case":"","message":"0x3 is taken"}'
ARENA_BYTES = 8 << 20
# Of a script: what it says to a call, in turn; None: it closes its socket.
Says = Callable[[int], "list[Optional[bytes]]"]


def called(call: int, **outputs: int) -> bytes:
    listed = [{"name": name, "address": address} for name, address in outputs.items()]
    return json.dumps({"type": "called", "call": call, "outputs": listed}).encode()


class Script:
    """The runner and the process in one: `first`: what it says before any call; `says`: to each call."""

    def __init__(self, says: Says, first: "tuple[Optional[bytes], ...]" = (EQUIPPED, READY), ended: Optional["tuple[str, str]"] = None) -> None:
        self._says, self._first, self._ended = says, first, ended
        self.sent: list[Any] = []
        self.calls: list[int] = []
        self._socket: Optional[socket.socket] = None

    def send(self, header: Any) -> None:
        self.sent.append(header)
        if header["type"] == "companion":
            self.close()
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._socket.connect(header["socket"])
            threading.Thread(target=self._talk, args=(self._socket,), daemon=True).start()

    def take(self, _kind: str) -> "list[Any]":
        was_ended = any(header["type"] == "end_companion" for header in self.sent)
        if self._ended is None and not was_ended:
            return []
        how, why = self._ended or ("suspended", "its caller is gone")
        return [{"type": "companion_ended", "id": self.sent[0]["id"], "how": how, "why": why, "log": ""}]

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def _talk(self, connected: socket.socket) -> None:
        try:
            # The judge's memory is not looked at.
            self._close_passed(connected)
            if not self._say(connected, list(self._first)):
                return
            while True:
                data = connected.recv(MESSAGE_BYTES_MAX)
                if not data:
                    return
                call = json.loads(data)["call"]
                self.calls.append(call)
                if not self._say(connected, self._says(call)):
                    return
        except OSError:
            # The judge closed it.
            pass

    def _close_passed(self, connected: socket.socket) -> None:
        _, ancillary, _, _ = connected.recvmsg(MESSAGE_BYTES_MAX, socket.CMSG_SPACE(8))
        for _, _, content in ancillary:
            for at in range(0, len(content), 4):
                os.close(int.from_bytes(content[at : at + 4], "little"))

    def _say(self, connected: socket.socket, said: "list[Optional[bytes]]") -> bool:
        for data in said:
            if data is None:
                connected.close()
                return False
            connected.send(data)
        return True


class Talk(unittest.TestCase):
    def process(self, script: Any, limit_ms: float = 20_000.0, side: str = "candidate") -> AnswerProcess:
        host: Any = PlayedHost(script)
        process = AnswerProcess(host, Asked(None, "torch", "e" * 64, {}, side), CASES, arenas_from(ARENA_BASE), ARENA_BYTES)  # type: ignore[typeddict-item]
        self.addCleanup(host.close)
        self.addCleanup(script.close)
        self.addCleanup(process.close)
        self.addCleanup(process.settle)
        process.begin(limit_ms)
        return process

    def outcome(self, script: Any, limit_ms: float = 20_000.0, calls: int = 3) -> Any:
        with self.assertRaises(CandidateFailure) as caught:
            process = self.process(script, limit_ms)
            for _ in range(calls):
                call = process.next("one", False)
                told = process.called(call, "one", False)
                given = process.lent.given("one")["out"]
                process.find(told, "one", "out", given)
        return caught.exception.outcome

    def test_calls_are_asked_ahead_no_further_than_so_many(self) -> None:
        script = Script(lambda call: [called(call)])
        process = self.process(script)
        for number in range(1, 4):
            call = process.next("one", True)
            self.assertEqual((call, process.returned(call, "one").call), (number, number))
        deadline = time.monotonic() + 60
        while len(script.calls) < 3 + AHEAD_MAX and time.monotonic() < deadline:
            time.sleep(0.001)
        self.assertEqual(script.calls, list(range(1, 4 + AHEAD_MAX)))

    def test_each_thing_that_it_may_not_say_is_a_verdict_with_the_reason(self) -> None:
        beyond = ARENA_BASE + ARENA_BYTES
        told: list[tuple[Says, str]] = [
            (lambda _call: [b"garbage"], "is no answer"),
            (lambda _call: [b"x" * 70_000], "is no answer"),
            (lambda call: [called(call + 1)], "spoke of call 2 where call 1 was next"),
            (lambda call: [called(1)], "spoke of call 1 where call 2 was next"),
            (lambda call: [called(call)] * 2, "spoke of call 1 where call 2 was next"),
            (lambda call: [READY], "said twice that it is ready"),
            (lambda call: [called(call, out=ARENA_BASE - 16)], "not in memory"),
            (lambda call: [called(call, out=beyond - 8)], "not in memory"),
            (lambda call: [called(call, out=0)], "not in memory"),
            (lambda call: [called(call, out=10**15)], "not in memory"),
            (lambda call: [b'{"type":"refused","verdict":"contract","case":"one","message":"its own words"}'], "its own words"),
            (lambda call: [None], "closed what it answers by"),
        ]
        with patch.object(module, "ENDED_S_MAX", 0.1):
            for says, words in told:
                with self.subTest(words):
                    outcome = self.outcome(Script(says))
                    self.assertEqual((outcome["verdict"], outcome["case"]), ("contract", "one"))
                    self.assertIn(words, outcome["message"])

    def test_the_words_go_and_done_are_no_place_for_an_output(self) -> None:
        words = ARENA_BASE + ARENA_BYTES - (2 << 20)
        self.assertIn("not in memory", self.outcome(Script(lambda call: [called(call, out=words)]))["message"])
        script = Script(lambda call: [called(call, out=words - 16)])
        process = self.process(script)
        told = process.called(process.next("one", False), "one", False)
        self.assertEqual(process.find(told, "one", "out", process.lent.given("one")["out"]).theirs, words - 16)

    def test_silence_is_a_timeout_of_the_candidates(self) -> None:
        outcome = self.outcome(Script(lambda _call: []), 300.0)
        self.assertEqual((outcome["verdict"], outcome["stage"], outcome["case"], outcome["limitMs"]), ("timed_out", "check", "one", 300.0))

    def test_one_that_floods_the_judge_is_refused_and_nothing_grows(self) -> None:
        script = Script(lambda call: [called(call + n) for n in range(40)] if call == 1 else [])
        process = self.process(script)
        call = process.next("one", False)
        process.called(call, "one", False)
        with self.assertRaises(CandidateFailure) as caught:
            event = process._host.driver.event()
            process.wait_for(event, "one", False)
        self.assertIn("calls that nobody asked for", caught.exception.outcome["message"])

    def test_what_it_says_before_the_first_call_is_that_it_is_ready_or_why_not(self) -> None:
        for said, verdict, words in (
            (called(1), "contract", "before there was one"),
            (b"{}", "contract", "is no answer"),
            (EQUIPPED, "contract", "said twice that it is made ready"),
            (b'{"type":"refused","verdict":"crashed","case":"","message":"1 / 0"}', "crashed", "1 / 0"),
            (b'{"type":"refused","verdict":"compile_error","case":"","message":"no ptx"}', "compile_error", "no ptx"),
            (UNEQUIPPED, "contract", "which it was made ready for: 0x3 is taken"),
        ):
            with self.subTest(words):
                outcome = self.outcome(Script(lambda call: [called(call)], (EQUIPPED, said)))
                self.assertEqual(outcome["verdict"], verdict)
                self.assertIn(words, outcome.get("message", outcome.get("log")))

    def test_lacking_memory_is_its_fault_where_the_device_had_room_for_it(self) -> None:
        said = b'{"type":"refused","verdict":"crashed","case":"one","message":"torch.OutOfMemoryError: CUDA out of memory"}'
        script = Script(lambda _call: [said])
        self.assertEqual(self.outcome(script)["verdict"], "crashed")
        with patch.object(StreamingDriver, "memory_bytes", return_value=(9 << 30, 80 << 30)):
            for scripted in (Script(lambda _call: [said]), Script(lambda _call: [], (EQUIPPED, said))):
                with self.assertRaises(InfraFailure) as caught:
                    process = self.process(scripted)
                    process.called(process.next("one", False), "one", False)
                self.assertEqual(caught.exception.code, "out_of_memory")
            other = Script(lambda _call: [said.replace(b"CUDA out of memory", b"an illegal address")])
            self.assertEqual(self.outcome(other)["verdict"], "crashed")

    def test_what_the_record_holders_process_does_is_no_verdict_of_the_candidate(self) -> None:
        refused = b'{"type":"refused","verdict":"crashed","case":"one","message":"1 / 0"}'
        for says, first in (
            (lambda _call: [refused], (EQUIPPED, READY)), (lambda _call: [], (EQUIPPED, refused)), (lambda _call: [b"{}"], (EQUIPPED, READY)),
            (lambda call: [called(call + 7)], (EQUIPPED, READY)), (lambda _call: [], (EQUIPPED, READY)), (lambda _call: [None], (EQUIPPED, READY)),
        ):
            with self.subTest(first), patch.object(module, "ENDED_S_MAX", 0.1), self.assertRaises(InfraFailure) as caught:
                process = self.process(Script(says, first), 300.0, side="record")
                process.called(process.next("one", False), "one", False)
            self.assertEqual(caught.exception.code, "pair_failed")
            self.assertIn("the record's program", str(caught.exception))

    def test_until_it_is_equipped_nothing_that_fails_is_the_candidates_fault(self) -> None:
        for first, ended, code in (
            ((UNEQUIPPED,), None, "environment_missing"),
            ((b"garbage",), ("ended", ""), "worker_died"),
            ((None,), ("ended", ""), "worker_died"),
            ((None,), ("unconfinable", "no walls"), "environment_missing"),
            ((READY,), None, "suspended"),
        ):
            with self.subTest(code), patch.object(module, "ENDED_S_MAX", 0.1), self.assertRaises(InfraFailure) as caught:
                self.process(Script(lambda call: [called(call)], first, ended))
            self.assertEqual(caught.exception.code, code)

    def test_nothing_is_kept_of_one_that_never_came(self) -> None:
        class Silent(Script):
            """The runner alone, which says that there will be no process."""

            def send(self, header: Any) -> None:
                self.sent.append(header)

        script = Silent(lambda _call: [], ended=("unconfinable", "no walls"))
        companions = Companions(script.send, script)
        with self.assertRaises(InfraFailure) as caught:
            companions.start(Asked(None, "torch", "e" * 64, {}), 1.0)  # type: ignore[typeddict-item]
        self.assertEqual(caught.exception.code, "environment_missing")
        self.assertEqual((companions._alive, companions._ended), (set(), {}))

    def test_where_its_addresses_are_taken_it_is_made_ready_at_others(self) -> None:
        class Taken(Script):
            """At the first of the places that it is told."""

            def send(self, header: Any) -> None:
                starts = sum(header["type"] == "companion" for header in [*self.sent, header])
                self._first = (UNEQUIPPED,) if starts < TRIES_MAX else (EQUIPPED, READY)
                super().send(header)

        script = Taken(lambda call: [called(call)])
        process = self.process(script)
        self.assertEqual(process.lent.arena.address, arenas_from(ARENA_BASE)[-1])
        self.assertEqual([header["type"] for header in script.sent], ["companion", "end_companion"] * (TRIES_MAX - 1) + ["companion"])
        self.assertEqual(process.called(process.next("one", False), "one", False).call, 1)

    def test_whoever_waits_for_a_judge_gives_up_behind_it(self) -> None:
        """The judge's own program, the candidate's and the record holder's may all be started, each at every place."""
        started_s = TRIES_MAX * (module.CONNECT_S_MAX + module.EQUIPPED_S_MAX) + module.READY_S_MAX
        self.assertGreater(task_limits.COMPANION_S_MAX, 3 * started_s)

    def test_places_of_an_arena_are_in_windows_of_their_own(self) -> None:
        for first in (ARENA_BASE, ARENA_BASE + 63 * WINDOW_BYTES_MAX + (4 << 20)):
            found = arenas_from(first)
            self.assertEqual(found[0], first)
            self.assertEqual(len({one // WINDOW_BYTES_MAX for one in found}), TRIES_MAX)
            self.assertTrue(all(ARENA_BASE <= one < ARENA_BASE + 64 * WINDOW_BYTES_MAX for one in found))

    def test_how_it_ended_decides_where_its_socket_ends(self) -> None:
        for how, verdict, words in (("over", "contract", "too much memory"), ("ended", "contract", "ended its own process")):
            outcome = self.outcome(Script(lambda _call: [None], ended=(how, "too much memory")))
            self.assertEqual(outcome["verdict"], verdict)
            self.assertIn(words, outcome["message"])
        for how, code in (("lost", "worker_died"), ("suspended", "suspended"), ("unconfinable", "environment_missing")):
            with self.assertRaises(InfraFailure) as caught:
                process = self.process(Script(lambda _call: [None], ended=(how, "no luck")))
                process.called(process.next("one", False), "one", False)
            self.assertEqual(caught.exception.code, code)

    def test_one_that_never_comes_is_no_verdict_and_is_given_up(self) -> None:
        class Absent(Script):
            def send(self, header: Any) -> None:
                self.sent.append(header)

        for ended, code in ((None, "suspended"), (("lost", "the zygote died"), "worker_died")):
            script = Absent(lambda _call: [], ended=ended)
            with patch.object(module, "CONNECT_S_MAX", 0.1), self.assertRaises(InfraFailure) as caught:
                Companions(script.send, script).start(Asked(None, "torch", "e" * 64, {}), 5.0)  # type: ignore[typeddict-item, arg-type]
            self.assertEqual(caught.exception.code, code)
        self.assertEqual([name for name in os.listdir(tempfile.gettempdir()) if name.startswith(f"kiln-companion-{os.getpid()}-")], [])

    def test_closing_it_tells_the_runner_once(self) -> None:
        script = Script(lambda call: [called(call)])
        process = self.process(script)
        process.settle()
        process.settle()
        process.close()
        self.assertEqual([header["type"] for header in script.sent], ["companion", "end_companion"])


if __name__ == "__main__":
    unittest.main()
