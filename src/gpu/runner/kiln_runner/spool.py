"""Results on disk until the daemon has them: they survive a crash of the runner and of the host.

Results that come close together share one file and one fsync (`spool/<time>-<n>.json`, one result a line), so that a host of many
GPUs is not held up by its disk. A file goes when all its results are acknowledged. Writing happens in one thread; the event loop,
and with it every device, goes on.
"""
import asyncio
import json
import os
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, NamedTuple, Optional

from kiln_runner.frames import encode_json
from kiln_runner.protocol import JudgeResult

BATCH_MAX = 512
# Of daemons that never came back; the oldest go first.
RESULTS_MAX = 200_000


class Kept(NamedTuple):
    """`json`: the result's, for its file and for its frame. `started`: the attempt that started in the same moment."""

    daemon_id: str
    result: JudgeResult
    json: bytes
    started: Optional[str]


class Spool:
    def __init__(self, loop: asyncio.AbstractEventLoop, folder: Path, on_kept: Callable[[Kept], None]) -> None:
        self._loop = loop
        self._folder = folder
        self._on_kept = on_kept
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spool")
        self._pending: list[Kept] = []
        self._unwritten: set[str] = set()
        self._flushing: Optional[asyncio.Future[None]] = None
        self._results: OrderedDict[str, tuple[str, JudgeResult]] = OrderedDict()
        self._file_of: dict[str, Path] = {}
        self._open: dict[Path, set[str]] = {}
        self._written = 0
        self._load()

    def keep(self, daemon_id: str, result: JudgeResult, started: Optional[str]) -> None:
        """Calls `on_kept` once the result is on disk; in the order of `keep`."""
        self._pending.append(Kept(daemon_id, result, encode_json(result), started))
        self._unwritten.add(result["attemptId"])
        self._flush()

    def has(self, attempt_id: str) -> bool:
        return attempt_id in self._results or attempt_id in self._unwritten

    @property
    def unwritten_ids(self) -> list[str]:
        return list(self._unwritten)

    def unacknowledged(self, daemon_id: str) -> list[JudgeResult]:
        """Oldest first; those still on their way to the disk are told by `on_kept`."""
        return [result for owner, result in self._results.values() if owner == daemon_id]

    def acknowledge(self, attempt_ids: list[str]) -> None:
        for attempt_id in attempt_ids:
            self._results.pop(attempt_id, None)
            path = self._file_of.pop(attempt_id, None)
            if path is not None:
                self._open[path].discard(attempt_id)
                if not self._open[path]:
                    del self._open[path]
                    path.unlink(missing_ok=True)

    async def close(self) -> None:
        """Waits until everything kept is on disk."""
        while self._flushing is not None or self._pending:
            self._flush()
            if self._flushing is not None:
                await asyncio.wait([self._flushing])
        self._thread.shutdown()

    def _flush(self) -> None:
        if self._flushing is not None or not self._pending:
            return
        batch, self._pending = self._pending[:BATCH_MAX], self._pending[BATCH_MAX:]
        self._written += 1
        path = self._folder / f"{time.time_ns():020d}-{self._written:06d}.json"
        self._flushing = self._loop.run_in_executor(self._thread, _write, path, batch)
        self._flushing.add_done_callback(lambda done: self._on_written(path, batch, done))

    def _on_written(self, path: Path, batch: list[Kept], done: asyncio.Future[None]) -> None:
        self._flushing = None
        # A full disk must not lose results: they are still sent, and repeated from memory until acknowledged.
        failed = done.exception() is not None
        for kept in batch:
            self._remember(kept.daemon_id, kept.result, None if failed else path)
        for kept in batch:
            self._on_kept(kept)
        self._flush()

    def _remember(self, daemon_id: str, result: JudgeResult, path: Optional[Path]) -> None:
        attempt_id = result["attemptId"]
        self._unwritten.discard(attempt_id)
        self._results[attempt_id] = (daemon_id, result)
        if len(self._results) > RESULTS_MAX:
            self.acknowledge([next(iter(self._results))])
        if path is not None:
            self._file_of[attempt_id] = path
            self._open.setdefault(path, set()).add(attempt_id)

    def _load(self) -> None:
        """What an earlier runner left. A file that was cut off in the middle loses only its last line."""
        for path in sorted(self._folder.glob("*.json")):
            # Not splitlines: words of a result may hold what else ends a line.
            for line in path.read_bytes().split(b"\n"):
                try:
                    entry = json.loads(line)
                    self._remember(entry["daemonId"], entry["result"], path)
                except (ValueError, KeyError, TypeError):
                    continue
            if path not in self._open:
                path.unlink(missing_ok=True)


def _write(path: Path, batch: list[Kept]) -> None:
    lines = b"".join(b'{"daemonId":%s,"result":%s}\n' % (json.dumps(kept.daemon_id).encode(), kept.json) for kept in batch)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, lines)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
