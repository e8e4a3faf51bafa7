"""Asks a driver that may never answer: in a thread of its own, with a limit. One that was late once is not asked again, and the time is nobody's."""
import queue
import threading
from typing import Callable, Optional, TypeVar

Answer = TypeVar("Answer")


class Timely:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._questions: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread: Optional[threading.Thread] = None
        self.is_stuck = False

    def ask(self, question: Callable[[], Answer], otherwise: Answer) -> Answer:
        """`otherwise`: what is answered in its place."""
        if self.is_stuck:
            return otherwise
        if self._thread is None:
            self._thread = threading.Thread(target=self._answer, daemon=True)
            self._thread.start()
        answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._questions.put(lambda: answers.put(question()))
        try:
            return answers.get(timeout=self._seconds)
        except queue.Empty:
            self.is_stuck = True
            return otherwise

    def _answer(self) -> None:
        while True:
            self._questions.get()()
