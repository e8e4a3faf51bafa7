"""What a judge is told to come next, while it has something to do: it loads that task's code beside the one it judges."""
from typing import Callable, Optional

from kiln_runner.devices.task import Task, upcoming_frame


class Upcoming:
    """`next_task`: the first in the queue that could start. `send`: to the judge."""

    def __init__(self, next_task: Callable[[], Optional[Task]], send: Callable[[bytes], None]) -> None:
        self._next_task, self._send = next_task, send
        self._said: Optional[str] = None

    def on_queued(self) -> None:
        if self._said is None:
            self.say()

    def on_begun(self) -> None:
        """The judge has it now, or has dropped it for the one that began."""
        self._said = None
        self.say()

    def on_withdrawn(self, attempt_id: str) -> None:
        if attempt_id == self._said:
            self.say()

    def say(self) -> None:
        task = self._next_task()
        attempt_id = task.attempt_id if task else None
        if attempt_id != self._said:
            self._said = attempt_id
            self._send(upcoming_frame(task))
