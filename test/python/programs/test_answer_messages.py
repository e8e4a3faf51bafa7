"""What a judge reads of a process that answers: every message that it does not say itself is refused with a reason."""
import json
import random
import socket
import unittest
from typing import Any

from kiln_runner.programs.answer_messages import (
    MESSAGE_BYTES_MAX,
    OUTPUTS_MAX,
    Begin,
    Called,
    Channel,
    Equipped,
    NoMessage,
    Ready,
    Window,
    pack_call,
    said_of,
    send_begin,
)
from kiln_runner.programs.record_frames import WORDS_MAX, Refused


def packed(message: Any) -> bytes:
    return json.dumps(message).encode()


class Said(unittest.TestCase):
    def test_what_a_process_says_comes_out_as_it_was_said(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        channel = Channel(theirs)
        channel.equipped()
        channel.ready()
        channel.called(3, {"out": 0x2B0000000000})
        channel.refused("crashed", "odd", "x" * (WORDS_MAX + 5))
        self.assertEqual(said_of(ours.recv(MESSAGE_BYTES_MAX)), Equipped())
        self.assertEqual(said_of(ours.recv(MESSAGE_BYTES_MAX)), Ready())
        self.assertEqual(said_of(ours.recv(MESSAGE_BYTES_MAX)), Called(3, {"out": 0x2B0000000000}))
        self.assertEqual(said_of(ours.recv(MESSAGE_BYTES_MAX)), Refused("crashed", "odd", "x" * WORDS_MAX))
        begin = Begin(Window(1 << 41, 5), Window(1 << 42, 6), 7)
        with open("/dev/null", "rb") as file:
            send_begin(ours, begin, [file.fileno(), file.fileno()])
        ours.send(pack_call(4, "odd"))
        told, descriptors = channel.begin()
        self.assertEqual((told, len(descriptors)), (begin, 2))
        self.assertEqual(channel.call(1.0), (4, "odd"))
        self.assertIsNone(channel.call(0.01))
        ours.close()
        self.assertRaises(EOFError, channel.call, 1.0)
        theirs.close()

    def test_whatever_else_it_says_is_refused(self) -> None:
        called = {"type": "called", "call": 1, "outputs": []}
        for data in (
            b"", b"\xff\xfe", b"[]", b"7", b"null", b"{", b"{}", packed({"type": "done"}), packed({"type": ["called"]}),
            packed({"type": "ready", "more": 1}),
            packed({**called, "call": 0}), packed({**called, "call": -1}), packed({**called, "call": True}), packed({**called, "call": 1.5}),
            packed({**called, "call": 10**17}), b'{"type":"called","call":NaN,"outputs":[]}', packed({"type": "called", "call": 1}),
            packed({**called, "outputs": {}}), packed({**called, "outputs": [{"name": "out"}]}),
            packed({**called, "outputs": [{"name": "out", "address": -1}]}), packed({**called, "outputs": [{"name": "a/b", "address": 1}]}),
            packed({**called, "outputs": [{"name": "", "address": 1}]}), packed({**called, "outputs": [{"name": "out", "address": 1}] * 2}),
            packed({**called, "outputs": [{"name": f"out{n}", "address": 1} for n in range(OUTPUTS_MAX + 1)]}),
            b'{"type":"called","call":1,"call":2,"outputs":[]}', packed({"type": "refused", "verdict": "passed", "case": "", "message": ""}),
            packed({"type": "refused", "verdict": "crashed", "case": 1, "message": ""}), b"[" * 50_000,
            packed({"type": "refused", "verdict": "crashed", "case": "", "message": "x" * MESSAGE_BYTES_MAX}),
        ):
            with self.subTest(data[:80]):
                self.assertRaises(NoMessage, said_of, data)

    def test_a_message_that_is_spoilt_is_refused_or_sound(self) -> None:
        rng = random.Random(5)
        sound = packed({"type": "called", "call": 12, "outputs": [{"name": "out", "address": 0x2B0000000000}]})
        for _ in range(3000):
            data = bytearray(sound)
            for _ in range(rng.randint(1, 4)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            try:
                said = said_of(bytes(data[: rng.randint(1, len(data))]))
            except NoMessage:
                continue
            self.assertIsInstance(said, (Equipped, Ready, Called, Refused))


if __name__ == "__main__":
    unittest.main()
