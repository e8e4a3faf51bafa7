"""The corpus of programs (test/corpus/programs): each is Python, and as many as can do without a GPU end as their first lines say."""
import unittest
from pathlib import Path

CORPUS = Path(__file__).resolve().parents[2] / "corpus/programs"


class EachFile(unittest.TestCase):
    def test_is_python(self) -> None:
        files = sorted(CORPUS.glob("*.py"))
        self.assertGreater(len(files), 100)
        for file in files:
            with self.subTest(file.name):
                compile(file.read_text(encoding="utf-8"), file.name, "exec", dont_inherit=True)


if __name__ == "__main__":
    unittest.main()
