"""What a slot asks for of processes in which programs answer, noted; for tests."""
from typing import Any, Callable


class NotedCompanions:
    """`started`: (device, id); `ended`: ids, and devices of which all were to end. `tell`: of the one that was asked for last. `on_start`: called
    for each."""

    def __init__(self, on_start: Callable[[], object] = lambda: None) -> None:
        self._on_start = on_start
        self.started: list[tuple[str, str]] = []
        self.ended: list[str] = []
        self.tell: Callable[[Any], None] = lambda _ended: None

    def start(self, device: Any, asked: Any, tell: Callable[[Any], None]) -> None:
        self.started.append((device["id"], asked["id"]))
        self.tell = tell
        self._on_start()

    def end(self, companion_id: str) -> None:
        self.ended.append(companion_id)

    def end_all(self, device_id: str) -> None:
        self.ended.append(device_id)
