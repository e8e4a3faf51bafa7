"""What a judgement works with."""
import random
from pathlib import Path
from typing import Callable, NamedTuple

from .device import Device, Program
from .device_lock import DeviceLock
from .stopwatch import Stopwatch


class Following(NamedTuple):
    """The candidate that comes next. `read`: its files, whatever the device does. `load`: its code, while the device is busy and nothing is timed."""

    read: Callable[[], None]
    load: Callable[[], None]


class Bench(NamedTuple):
    """`loaded`: programs of its candidate that are loaded already; they are the judgement's now."""

    device: Device
    lock: DeviceLock
    cache: Path
    watch: Stopwatch
    report: Callable[[str, str], None]
    rng: random.Random
    loaded: dict[str, Program]
    following: Following
