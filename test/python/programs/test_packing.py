"""What goes from a recorder to its runner and on into an artifact: packed where that is worth its time."""
import hashlib
import json
import os
import unittest
from unittest import mock

from kiln_runner.programs import record_frames
from kiln_runner.programs.record_frames import Answered, TooLarge, answer_of, pack
from kiln_runner.programs.recording import RecordingRefused, Recordings
from test.python.programs import small_cubin

MIB = 1 << 20


def blobs(*contents: bytes) -> dict[str, bytes]:
    return {hashlib.sha256(content).hexdigest(): content for content in contents}


class Packing(unittest.TestCase):
    def sizes(self, found: dict[str, bytes]) -> list[int]:
        answered = answer_of(pack({"one": b"{}"}, found))
        assert isinstance(answered, Answered)
        self.assertEqual(answered.blobs, found)
        return [len(answered.packed[digest]) for digest in found]

    def test_what_hardly_packs_goes_as_it_is_and_the_rest_packed(self) -> None:
        weights, zeros = os.urandom(4 * MIB), bytes(4 * MIB)
        large, small = self.sizes(blobs(weights, zeros))
        self.assertGreater(large, len(weights))
        self.assertLess(small, MIB // 16)

    def test_it_is_packed_all_the_same_where_it_would_not_fit_otherwise(self) -> None:
        # Of a kind that packs by about a tenth.
        weights = b"".join(os.urandom(9) + b"\0" for _ in range(400_000))
        with mock.patch.object(record_frames, "ANSWER_BYTES_MAX", len(weights) - 1):
            [size] = self.sizes(blobs(weights))
            self.assertLess(size, len(weights))
            with self.assertRaises(TooLarge):
                pack({}, blobs(os.urandom(len(weights))))


class Reading(unittest.TestCase):
    def test_a_binary_that_was_found_sound_is_not_looked_through_again(self) -> None:
        document, found = small_cubin.sample()
        text = json.dumps(document).encode()
        [once, again] = ([module.cubin for module in Recordings(found, small_cubin.ARCHITECTURE).parse(text).modules.values()] for _ in range(2))
        self.assertIs(once[0], again[0])

    def test_for_another_architecture_it_is(self) -> None:
        document, found = small_cubin.sample()
        text = json.dumps(document).encode()
        Recordings(found, small_cubin.ARCHITECTURE).parse(text)
        with self.assertRaisesRegex(RecordingRefused, "cannot run on sm_80"):
            Recordings(found, "sm_80").parse(text)
