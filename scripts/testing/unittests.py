"""Runs the unittest files of one folder and writes what came of them as JSON: unittests.py FOLDER REPORT."""
from __future__ import annotations

import json
import os
import sys
import time
import unittest
from typing import Any

SLOWEST_SHOWN = 10


class CountingResult(unittest.TextTestResult):
    """Counts passes too, and times each test; unittest itself only counts what went wrong."""

    passed = 0
    began_seconds = 0.0

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.seconds_by_test: dict[str, float] = {}

    def startTest(self, test: unittest.TestCase) -> None:
        self.began_seconds = time.monotonic()
        super().startTest(test)

    def stopTest(self, test: unittest.TestCase) -> None:
        self.seconds_by_test[test.id()] = time.monotonic() - self.began_seconds
        super().stopTest(test)

    def addSuccess(self, test: unittest.TestCase) -> None:
        super().addSuccess(test)
        self.passed += 1

    def slowest_text(self) -> str:
        slowest = sorted(self.seconds_by_test.items(), key=lambda item: item[1], reverse=True)[:SLOWEST_SHOWN]
        return "slowest:\n" + "".join(f"{seconds:8.2f} s  {test}\n" for test, seconds in slowest)


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
    assert isinstance(result, CountingResult)
    sys.stderr.write(result.slowest_text())
    with open(report, "w", encoding="utf-8") as file:
        json.dump(report_of(result), file)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
