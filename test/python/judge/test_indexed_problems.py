"""The whole judge process on the cpu device: problems whose inputs or outputs are indices, and candidates that know too much of them."""
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from indexed_problems import PROBLEMS, candidates
from rig import Rig, is_right

SHORT = {"runsMin": 8, "runsMax": 8, "warmupRuns": 2}


@unittest.skipUnless(shutil.which("gcc"), "gcc is missing: apt-get install gcc")
class IndexedProblems(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.rig = Rig("cpu", Path(cls.folder.name))

    @classmethod
    def tearDownClass(cls) -> None:
        cls.rig.close()
        cls.folder.cleanup()

    def test_the_reference_itself_passes(self) -> None:
        for name, make in PROBLEMS.items():
            problem = make()
            result = self.rig.judge(problem, problem.reference, timing=SHORT)
            self.assertEqual((result["outcome"] or {}).get("verdict"), "passed", (name, result))

    def test_every_candidate_of_the_corpus_has_the_verdict_it_expects(self) -> None:
        for name, make in PROBLEMS.items():
            sources = candidates(name)
            self.assertTrue(sources, name)
            for file, source in sources.items():
                with self.subTest(file):
                    result = self.rig.judge(make(), source, timing=SHORT)
                    self.assertTrue(is_right(source, str((result["outcome"] or {}).get("verdict"))), result)


if __name__ == "__main__":
    unittest.main()
