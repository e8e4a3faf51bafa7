"""NVML is opened again after a reading that lost a device: without a GPU, by a library that is played."""
import unittest
from typing import Any
from unittest.mock import patch

from kiln_runner.watch import nvml
from kiln_runner.watch.nvml import GPU_IS_LOST, Watcher


class Said:
    """`restype`s are set on it, and it is called."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def __call__(self, *_given: Any) -> Any:
        return self._answer() if callable(self._answer) else self._answer


class PlayedNvml:
    """Whatever is not named answers 0. `is_stale`: whoever opened it before is told that the GPU is lost."""

    def __init__(self) -> None:
        self.opened = self.closed = 0
        self.is_stale = False

    def open(self) -> int:
        self.opened += 1
        self.is_stale = False
        return 0

    def close(self) -> int:
        self.closed += 1
        return 0

    def __getattr__(self, name: str) -> Said:
        said: dict[str, Any] = {
            "nvmlInit_v2": self.open, "nvmlShutdown": self.close, "nvmlErrorString": b"GPU is lost",
            "nvmlDeviceGetTemperature": lambda: GPU_IS_LOST if self.is_stale else 0,
        }
        return Said(said.get(name, 0))


class PlayedTeller:
    def __init__(self, *_given: str) -> None:
        pass

    def read(self) -> dict:
        return {}

    def foreign_process(self) -> None:
        return None


class ReopenedNvml(unittest.TestCase):
    def test_a_gpu_that_was_lost_to_whoever_had_opened_nvml_is_there_again_once_it_is_opened_anew(self) -> None:
        library = PlayedNvml()
        with patch.object(nvml.ctypes, "CDLL", lambda _name: library), patch.object(nvml, "Nvml", PlayedTeller):
            watcher = Watcher(["GPU-1"])

            def lost() -> list:
                return [device["lost"] for device in watcher.read()["devices"]]

            self.assertEqual((lost(), lost(), library.opened), ([None], [None], 1))
            library.is_stale = True
            self.assertEqual(lost(), ["GPU is lost"])
            self.assertEqual((lost(), library.opened, library.closed), ([None], 2, 1))
            self.assertEqual((lost(), library.opened), ([None], 2))
