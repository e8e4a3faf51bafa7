"""Frames of a socket, where they were received."""
import socket
import threading
import unittest

from kiln_runner.frames import AHEAD_BYTES, FrameError, FrameReader, encode


class FrameReaderTest(unittest.TestCase):
    def setUp(self) -> None:
        self.theirs, ours = socket.socketpair()
        self.addCleanup(self.theirs.close)
        self.addCleanup(ours.close)
        self.reader = FrameReader(ours)

    def send(self, *parts: bytes) -> None:
        """More than a socket holds, then its end."""
        def run() -> None:
            for part in parts:
                self.theirs.sendall(part)
            self.theirs.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=run)
        thread.start()
        self.addCleanup(thread.join)

    def test_frames_of_any_size_come_whole_and_in_order(self) -> None:
        payloads = [b"a", bytes(3 * AHEAD_BYTES), b"", b"xy" * (2 * AHEAD_BYTES), b"z" * 10]
        self.send(*(encode({"type": "t", "index": index}, payload) for index, payload in enumerate(payloads)))
        for index, payload in enumerate(payloads):
            frame = self.reader.next()
            assert frame is not None
            self.assertEqual((frame.header["index"], bytes(frame.payload)), (index, payload))
        self.assertIsNone(self.reader.next())

    def test_memory_is_used_again_for_frames_of_one_size(self) -> None:
        self.send(*(encode({"type": "t"}, bytes([index]) * (1 << 20)) for index in range(4)))
        memories: list[object] = []
        for index in range(4):
            frame = self.reader.next()
            assert frame is not None
            self.assertEqual(frame.payload[-1], index)
            memories.append(frame.payload.obj)
        self.assertTrue(all(memory is memories[0] for memory in memories))

    def test_a_stream_that_ends_within_a_frame_has_no_more(self) -> None:
        self.send(encode({"type": "t"}, bytes(100))[:-1])
        self.assertIsNone(self.reader.next())

    def test_what_came_behind_a_frame_is_handed_over(self) -> None:
        self.send(encode({"type": "t"}) + b"rest")
        self.assertIsNotNone(self.reader.next())
        self.assertEqual(self.reader.rest(), b"rest")
        self.assertEqual(self.reader.rest(), b"")

    def test_lengths_beyond_the_limits_are_refused_before_anything_is_taken(self) -> None:
        self.send(b"\xff" * 8)
        with self.assertRaises(FrameError):
            self.reader.next()
