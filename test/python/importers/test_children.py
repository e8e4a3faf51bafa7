"""Children that describe: what they do to themselves is said, and what they leave behind is ended."""
import math
import os
import resource
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any

from kiln_describe.children import Bounds, answer_each

BOUNDS = Bounds(seconds=600, memory_bytes=1 << 30)
PATIENCE_SECONDS = 600


class Speechless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def work(task: "dict[str, Any]") -> "dict[str, Any]":
    do = task["do"]
    if do == "exit":
        os._exit(3)
    if do == "raise":
        raise SystemExit("enough")
    if do == "raise_speechless":
        raise Speechless
    if do == "set":
        return {"described": {1}}
    if do == "wait":
        child = subprocess.Popen(["sleep", "600"])
        Path(task["pid"]).write_text(str(child.pid))
        child.wait()
    if do == "grow":
        kept = bytearray(task["bytes"])
        signal.pause()
        return {"described": len(kept)}
    if do == "odd":
        return {"described": object()}
    if do == "fill":
        # Of what answers are written to, as a full disk has it.
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    if do == "print":
        print("noise", flush=True)
    return {"described": task["number"]}


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


class Children(unittest.TestCase):
    def test_answers_come_in_the_order_of_the_tasks(self) -> None:
        answers = answer_each([{"do": "print", "number": number} for number in range(9)], work, BOUNDS)
        self.assertEqual(answers, [{"described": number} for number in range(9)])

    def test_one_that_ends_its_process_is_told_and_the_others_go_on(self) -> None:
        answers = answer_each([{"do": "exit"}, {"do": "raise"}, {"do": "say", "number": 7}], work, BOUNDS)
        self.assertEqual(answers[0], {"refused": "it ended its own process with exit status 3"})
        self.assertIn("SystemExit: enough", answers[1]["refused"])
        self.assertEqual(answers[2], {"described": 7})

    def test_one_that_says_what_no_text_holds_is_told_and_the_others_go_on(self) -> None:
        numbers = [{"do": "say", "number": number} for number in (math.inf, [math.nan], 7)]
        told = answer_each([*numbers[:2], {"do": "set"}, {"do": "raise_speechless"}, numbers[2]], work, BOUNDS)
        self.assertEqual(told[:2], [{"refused": "a number of it is infinite or NaN, which problem.yaml does not hold"}] * 2)
        self.assertIn("TypeError", told[2]["refused"])
        self.assertIn("Speechless", told[3]["refused"])
        self.assertEqual(told[4], {"described": 7})

    def test_one_whose_answer_cannot_be_kept_is_told_and_the_others_go_on(self) -> None:
        others = [{"do": "say", "number": number} for number in range(9)]
        answers = answer_each([{"do": "odd"}, {"do": "fill", "number": 1}, *others], work, BOUNDS)
        self.assertIn("object is not JSON serializable", answers[0]["refused"])
        self.assertIn("its answer could not be written", answers[1]["refused"])
        self.assertEqual(answers[2:], [{"described": number} for number in range(9)])

    def test_one_that_does_not_end_is_ended_with_what_it_started(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            pid = Path(folder) / "pid"
            # Until it had time enough to start what it waits for.
            for seconds in (5, 30, 300):
                [answer] = answer_each([{"do": "wait", "pid": str(pid)}], work, BOUNDS._replace(seconds=seconds))
                self.assertEqual(answer, {"refused": f"it did not end within {seconds} s, and was ended"})
                if pid.exists() and pid.read_text():
                    break
            until = time.monotonic() + PATIENCE_SECONDS
            while is_alive(int(pid.read_text())) and time.monotonic() < until:
                os.sched_yield()
            self.assertFalse(is_alive(int(pid.read_text())))

    def test_one_that_takes_too_much_memory_is_ended(self) -> None:
        [answer] = answer_each([{"do": "grow", "bytes": 256 << 20}], work, BOUNDS._replace(memory_bytes=128 << 20))
        self.assertEqual(answer, {"refused": "it took more than 128 MiB of memory, and was ended"})
