"""Whether this host has room to compile and to keep what comes of it; without, it takes none.

Looked at in a thread, since a file system may not answer. A quota shows only when something is written: after somebody found no space, a small
file is written in all of the places, until that succeeds.
"""
import asyncio
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Optional

# One compile may need that much; half of it must come free before work is taken again.
FREE_BYTES_LEAST = 64 * 1024 * 1024
FREE_BYTES_BACK = FREE_BYTES_LEAST * 3 // 2
PROBE_BYTES = 1024 * 1024
LOOK_S = 2.0


class Disk:
    """`on_change(reason)`: why the host takes no work now, or None. `folder`: the runner's."""

    def __init__(self, loop: asyncio.AbstractEventLoop, folder: str, on_change: Callable[[Optional[str]], None]) -> None:
        self._loop, self._on_change = loop, on_change
        self._places = list(dict.fromkeys([folder, tempfile.gettempdir()]))
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="disk")
        self._timer: Optional[asyncio.TimerHandle] = None
        self._must_write = self._is_stopped = False
        self.full: Optional[str] = None

    def start(self) -> None:
        self._timer = None
        looking = self._loop.run_in_executor(self._thread, why_full, self._places, self.full is not None, self._must_write)
        looking.add_done_callback(lambda done: None if done.cancelled() else self._on_looked(done.result()))

    def found_full(self) -> None:
        """Somebody says that there was no space: looked at now, since a source can make its compiler say so."""
        self._must_write = True
        if self._timer is not None:
            self._timer.cancel()
            self.start()

    def stop(self) -> None:
        self._is_stopped = True
        if self._timer is not None:
            self._timer.cancel()
        self._thread.shutdown(wait=False)

    def _on_looked(self, why: Optional[str]) -> None:
        self._must_write = self._must_write and why is not None
        self._set(why)
        if self._is_stopped:
            return
        self._timer = self._loop.call_later(LOOK_S, self.start)

    def _set(self, why: Optional[str]) -> None:
        is_news, self.full = (why is None) != (self.full is None), why
        if is_news:
            self._on_change(why)


def why_full(places: list[str], is_full: bool, must_write: bool) -> Optional[str]:
    """None where there is room. The first place is the runner's own, of which it needs more than of the others."""
    least = FREE_BYTES_BACK if is_full else FREE_BYTES_LEAST
    for place in places:
        status = os.statvfs(place)
        free, has_names = status.f_bavail * status.f_frsize, status.f_files == 0 or status.f_favail > 0
        if (place is places[0] and free < least) or not has_names:
            what = f"{free / 1024**2:.0f} MiB are free" if has_names else "no file can be made"
            return f"no space on its disk: {what} in {place}, {least / 1024**2:.0f} MiB are needed to compile; free some"
        if must_write and not _can_write(place):
            return f"no space on its disk: nothing can be written in {place}; free some, or raise the quota"
    return None


def _can_write(place: str) -> bool:
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(bytes(PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return False
    return True
