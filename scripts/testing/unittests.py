"""Runs the unittest files of one folder and writes what came of them as JSON: unittests.py FOLDER REPORT."""
from __future__ import annotations

import json
import os
import sys
import unittest


class CountingResult(unittest.TextTestResult):
    """Counts passes too; unittest itself only counts what went wrong."""

    passed = 0

    def addSuccess(self, test: unittest.TestCase) -> None:
        super().addSuccess(test)
        self.passed += 1


def report_of(result: CountingResult) -> dict[str, object]:
    wrong = [*result.failures, *result.errors, *((test, "succeeded, though it was expected to fail") for test in result.unexpectedSuccesses)]
    return {
        "passed": result.passed + len(result.expectedFailures),
        "skipped": len(result.skipped),
        "failures": [{"name": str(test), "detail": detail} for test, detail in wrong],
    }


def main(folder: str, report: str) -> int:
    sys.path.insert(0, os.path.abspath("src/gpu/runner"))
    # Suites import their neighbours as members of the package test.python.AREA.
    suite = unittest.defaultTestLoader.discover(folder, pattern="test_*.py", top_level_dir=".")
    result = unittest.TextTestRunner(resultclass=CountingResult, verbosity=2).run(suite)
    with open(report, "w", encoding="utf-8") as file:
        json.dump(report_of(result), file)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
