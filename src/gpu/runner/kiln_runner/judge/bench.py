"""What a judgement works with."""
import random
from pathlib import Path
from typing import Callable, NamedTuple

from .device import Device, Program
from .device_lock import DeviceLock
from .stopwatch import Stopwatch


class Bench(NamedTuple):
    """`loaded`: programs of its candidate that are loaded already; they are the judgement's now. `load_ahead`:
    loads what comes next, while the device is busy and nothing is timed."""

    device: Device
    lock: DeviceLock
    cache: Path
    watch: Stopwatch
    report: Callable[[str, str], None]
    rng: random.Random
    loaded: dict[str, Program]
    load_ahead: Callable[[], None]
