"""The tasks that wait for one device, oldest first; those whose problem is still being prepared let others pass."""
from collections import OrderedDict
from typing import Callable, NamedTuple, Optional, Union

from kiln_runner.devices.slot_events import Prepared, Preparing, Unpreparable
from kiln_runner.devices.task import Task

QUEUED_MAX = 4096


class Startable(NamedTuple):
    task: Task
    problem: Union[Prepared, Unpreparable]


class TaskQueue:
    """`problem(key)`: how far a task's problem has come."""

    def __init__(self, problem: Callable[[str], Union[Preparing, Prepared, Unpreparable]]) -> None:
        self._problem = problem
        self._tasks: OrderedDict[str, Task] = OrderedDict()

    def __contains__(self, attempt_id: str) -> bool:
        return attempt_id in self._tasks

    @property
    def ids(self) -> list[str]:
        return list(self._tasks)

    @property
    def is_full(self) -> bool:
        return len(self._tasks) >= QUEUED_MAX

    def add(self, task: Task) -> None:
        self._tasks[task.attempt_id] = task

    def remove(self, attempt_id: str) -> Optional[Task]:
        """None where it is not here."""
        return self._tasks.pop(attempt_id, None)

    def remove_all(self) -> list[Task]:
        removed = list(self._tasks.values())
        self._tasks.clear()
        return removed

    def next_startable(self) -> Optional[Startable]:
        """The oldest task whose problem is not still being prepared."""
        for task in self._tasks.values():
            problem = self._problem(task.body["problemKey"])
            if not isinstance(problem, Preparing):
                return Startable(task, problem)
        return None
