"""Replays a recording: its operations in order, on one stream, at the addresses that it names. For the judge, which maps the windows, fills the
inputs, checks and times; nothing here knows of verdicts.
"""
from typing import Any, Callable, Protocol

from kiln_runner.programs.recording import Copy, Fill, Launch, Recording, Upload

_PORTABLE_CLUSTER = 8


class ReplayRefused(ValueError):
    """The driver sees a binary otherwise than our own check did; the message says where."""


class ReplayDriver(Protocol):
    """The few calls that a replay needs; in the judge they are libcuda's, on the stream that is timed."""

    def load(self, image: bytes) -> Any: ...

    def function(self, module: Any, name: str) -> Any: ...

    def parameter_sizes(self, function: Any) -> list[int]: ...

    def allow(self, function: Any, shared: int, large_cluster: bool) -> None:
        """Before the first launch: dynamic shared memory beyond the usual, clusters of more than eight blocks."""
        ...

    def launcher(self, function: Any, launch: Launch) -> Callable[[], None]: ...

    def fill(self, operation: Fill) -> None: ...

    def copy(self, operation: Copy) -> None: ...

    def upload(self, to: int, data: bytes) -> None: ...


class Replay:
    """Bound once, run often. `modules`: kept by the caller from one recording to the next, by their hash."""

    def __init__(self, recording: Recording, images: dict[str, bytes], driver: ReplayDriver, modules: dict[str, Any]) -> None:
        self._recording, self._driver = recording, driver
        for digest in recording.modules:
            if digest not in modules:
                modules[digest] = driver.load(images[digest])
        self._steps = [self._step(operation, modules) for operation in recording.operations]

    def restore(self) -> None:
        """What static and workspace segments held before the recorded call. Before every check, and never inside of what is timed."""
        for segment in self._recording.segments:
            if segment.image is not None:
                self._driver.upload(segment.address, self._recording.images[segment.image])

    def run(self) -> None:
        for step in self._steps:
            step()

    def places(self) -> dict[str, tuple[int, int, str]]:
        """Tensor -> address, bytes, role."""
        return {each.tensor: (each.address, each.bytes, each.role) for each in self._recording.segments if each.tensor is not None}

    def _step(self, operation: Any, modules: dict[str, Any]) -> Callable[[], None]:
        driver = self._driver
        if isinstance(operation, Launch):
            return self._bind(operation, modules[operation.module])
        if isinstance(operation, Fill):
            return lambda: driver.fill(operation)
        if isinstance(operation, Copy):
            return lambda: driver.copy(operation)
        assert isinstance(operation, Upload)
        return lambda: driver.upload(operation.to, operation.data)

    def _bind(self, launch: Launch, module: Any) -> Callable[[], None]:
        function = self._driver.function(module, launch.kernel)
        sizes = self._driver.parameter_sizes(function)
        if sizes != [len(value) for value in launch.parameters]:
            raise ReplayRefused(f"{launch.kernel[:80]} takes parameters of {sizes[:16]} bytes, not as the recording has them")
        cluster = launch.cluster or (1, 1, 1)
        self._driver.allow(function, launch.shared, cluster[0] * cluster[1] * cluster[2] > _PORTABLE_CLUSTER)
        return self._driver.launcher(function, launch)
