"""The golden frames of test/fixtures/protocol, which the TypeScript tests read too: both sides mean the same protocol."""
import io
import json
import unittest
from typing import Callable

from kiln_runner.frames import FrameDecoder, FrameError, encode, read_frame
from kiln_runner.messages import check_to_runner
from kiln_runner.schema import ShapeError

from .drive import REPOSITORY
from .from_runner import check_from_runner

FIXTURES = REPOSITORY / "test/fixtures/protocol"


class GoldenFrames(unittest.TestCase):
    def test_every_frame_a_daemon_may_send_is_accepted(self) -> None:
        self.check_all("to-runner", check_to_runner, 18)

    def test_every_frame_a_runner_may_send_has_the_shape_the_tests_hold_it_to(self) -> None:
        self.check_all("from-runner", check_from_runner, 13)

    def test_refused_frames_are_refused_for_their_field(self) -> None:
        for entry in json.loads((FIXTURES / "refused.json").read_text()):
            with self.subTest(field=entry["field"]), self.assertRaises(ShapeError) as caught:
                check_to_runner(entry["frame"])
            self.assertEqual(caught.exception.path, entry["field"])

    def check_all(self, folder: str, check: Callable[[dict], object], types: int) -> None:
        files = sorted((FIXTURES / folder).glob("*.json"))
        self.assertEqual(len(files), types)
        for path in files:
            for frame in json.loads(path.read_text()):
                with self.subTest(file=path.name):
                    self.assertEqual(frame["type"], path.stem)
                    check(frame)


class Codec(unittest.TestCase):
    def test_frames_come_out_whole_however_the_stream_is_cut(self) -> None:
        frames = [({"type": "a", "text": "é你"}, b""), ({"type": "b"}, b"\0\1payload"), ({"type": "c"}, b"")]
        stream = b"".join(encode(header, payload) for header, payload in frames)
        for size in (1, 2, 3, 7, 8, 9, len(stream)):
            decoder = FrameDecoder()
            got = [frame for at in range(0, len(stream), size) for frame in decoder.feed(stream[at : at + size])]
            self.assertEqual([(frame.header, frame.payload) for frame in got], frames)

    def test_half_a_surrogate_pair_in_a_programs_words_becomes_a_question_mark(self) -> None:
        [frame] = FrameDecoder().feed(encode({"type": "a", "text": "half \ud83d \ude00 whole \U0001f600"}))
        self.assertEqual(frame.header["text"], "half ? ? whole \U0001f600")

    def test_a_blocking_reader_reads_the_same_and_ends_with_none(self) -> None:
        stream = io.BytesIO(encode({"type": "a"}, b"xy") + encode({"type": "b"}))
        self.assertEqual([read_frame(stream) for _ in range(3)], [({"type": "a"}, b"xy"), ({"type": "b"}, b""), None])

    def test_a_stream_that_ends_inside_a_frame_is_an_error(self) -> None:
        whole = encode({"type": "a"}, b"xyz")
        for length in range(1, len(whole)):
            with self.assertRaises(FrameError):
                read_frame(io.BytesIO(whole[:length]))

    def test_lengths_over_the_limits_are_refused_before_anything_is_read(self) -> None:
        for lengths in (b"\x00\x80\x00\x01\0\0\0\0", b"\0\0\0\2\x04\0\0\1"):
            with self.assertRaises(FrameError):
                list(FrameDecoder().feed(lengths))

    def test_the_raw_header_is_kept_for_passing_on(self) -> None:
        frame = next(FrameDecoder().feed(encode({"type": "judge", "x": 1})))
        self.assertEqual(frame.raw, b'{"type":"judge","x":1}')


if __name__ == "__main__":
    unittest.main()
