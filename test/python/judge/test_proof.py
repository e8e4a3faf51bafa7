"""The judge's kernels are asked what has a known answer after every candidate: one wrong answer is told, right ones are not."""
import struct
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner"))
from kiln_runner.judge.gpu.kernels import FindingsBlock
from kiln_runner.judge.gpu.proof import ELEMENTS, FIRST_IS_0, PART_BYTES, Proof, answer_for, bytes_of, content_of, words_of
from kiln_runner.judge.numbers import element_text
from kiln_runner.judge.tensors import DTYPE_BYTES, DTYPES

TYPES = ["f16", "f4e2m1x2"]
ADDRESS, FIRST = 1 << 41, 10


class FakeKernels:
    """Writes down what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple] = []

    def compare(self, tensor: dict, out: int, reference: int, found: int) -> object:
        return lambda rtol, atol: self.asked.append(("compare", tensor["dtype"], out, reference, found, rtol, atol))

    def guard(self, table: int, segments: int, found: int) -> object:
        return lambda key: self.asked.append(("guard", table, segments, found))

    def draw(self, tensor: dict, pointer: int, found: int) -> object:
        return lambda key0, key1: self.asked.append(("draw", pointer, found))


class FakeFindings:
    COMPARISON_WORDS = FindingsBlock.COMPARISON_WORDS

    def __init__(self, words: list[object]) -> None:
        self.words = [0] * FIRST + words

    def at(self, word: int) -> int:
        return word

    def word(self, index: int) -> object:
        return self.words[index]

    def comparison(self, index: int) -> tuple:
        return tuple(self.words[index : index + 5])


class FakeDriver:
    def __init__(self) -> None:
        self.uploads: list[tuple] = []

    def upload(self, to: int, data: bytes) -> None:
        self.uploads.append((to, data))


def right_words() -> list[object]:
    words: list[object] = []
    for dtype in TYPES:
        answer = answer_for(dtype)
        words += [answer.mismatches, answer.first, 5, answer.difference2, answer.reference2]
    return [*words, 1, 1, FIRST_IS_0]


class KnownAnswers(unittest.TestCase):
    def proof(self, words: list[object]) -> Proof:
        self.driver, self.kernels, self.findings = FakeDriver(), FakeKernels(), FakeFindings(words)
        return Proof(self.driver, self.kernels, self.findings, TYPES, ADDRESS, FIRST)

    def test_right_answers_contradict_nothing(self) -> None:
        self.assertEqual(len(right_words()), words_of(TYPES))
        self.assertIsNone(self.proof(right_words()).contradiction(self.findings))

    def test_every_answer_that_is_wrong_is_told(self) -> None:
        for at, what in ((0, "comparing f16"), (1, "comparing f16"), (3, "comparing f16"), (9, "comparing f4e2m1x2"), (10, "guards"), (12, "inputs")):
            words = right_words()
            words[at] = 0
            self.assertIn(what, str(self.proof(words).contradiction(self.findings)), at)

    def test_ones_are_compared_with_twos_of_each_type_that_are_written_anew_for_it(self) -> None:
        self.proof(right_words()).ask(1 << 100)
        [(to, data)] = self.driver.uploads
        self.assertEqual((to, len(data)), (ADDRESS, bytes_of(TYPES)))
        self.assertEqual([asked[0] for asked in self.kernels.asked], ["compare", "compare", "guard", "draw"])
        self.assertEqual(self.kernels.asked[1][1:5], ("f4e2m1x2", ADDRESS + 2 * PART_BYTES, ADDRESS + 3 * PART_BYTES, FIRST + 5))
        self.assertEqual(struct.unpack_from("=QQ", data, 4 * PART_BYTES), (ADDRESS, PART_BYTES))

    def test_every_type_has_a_one_and_a_two(self) -> None:
        for dtype in DTYPES:
            data, size = content_of([dtype], 0), DTYPE_BYTES[dtype]
            texts = [element_text(data[at : at + size], dtype) for at in (0, (ELEMENTS - 1) * size, PART_BYTES, PART_BYTES + (ELEMENTS - 1) * size)]
            self.assertEqual([float(text.strip("()").split(",")[0]) for text in texts], [1, 1, 2, 2], dtype)


if __name__ == "__main__":
    unittest.main()
