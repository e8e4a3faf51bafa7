"""Compiled code on disk by content hash: `<cache>/artifacts/<hash>/` with meta.json and code files, never changed once there.

Least recently used artifacts are removed when the folder outgrows its limit, except pinned ones (queued or running work). What several of them hold
is on disk once (compile/artifact.py), counts once, and goes with the last of them.
"""
import json
import os
import shutil
from collections import Counter, OrderedDict
from pathlib import Path
from typing import Optional

from kiln_runner.compile.artifact import SHARED, ArtifactMeta

CACHE_BYTES_MAX = 4 * 1024 ** 3
# After an eviction this much is free, so that not every compile evicts.
CACHE_BYTES_SHARE_KEPT = 0.9
META_KEPT_MAX = 4096


class ArtifactCache:
    def __init__(self, folder: Path, bytes_max: int = CACHE_BYTES_MAX) -> None:
        self._folder = folder
        self._bytes_max = bytes_max
        self._pins: Counter[str] = Counter()
        self._metas: OrderedDict[str, ArtifactMeta] = OrderedDict()
        self._sizes = self._scan()
        self._bytes = sum(self._sizes.values())
        self._shared_bytes = self._sweep()

    def has(self, artifact: str) -> bool:
        return artifact in self._sizes

    def meta(self, artifact: str) -> Optional[ArtifactMeta]:
        """The artifact's meta.json; None when it is not here. Counts as a use."""
        if artifact not in self._sizes:
            return None
        meta = self._metas.get(artifact) or self._read(artifact)
        if meta is None or not self._touch(artifact):
            self._forget(artifact)
            return None
        self._metas[artifact] = meta
        if len(self._metas) > META_KEPT_MAX:
            self._metas.popitem(last=False)
        return meta

    def added(self, artifact: str) -> None:
        """A worker has put it in place: count it, and make room."""
        self._forget(artifact)
        self._sizes[artifact], shares = _held(f"{self._folder}/{artifact}")
        self._bytes += self._sizes[artifact]
        if shares:
            self._shared_bytes = self._sweep()
        if self._bytes + self._shared_bytes > self._bytes_max:
            self._evict()

    def discard(self, artifact: str) -> None:
        """It cannot be used as it lies there: the next compile makes it anew. Whoever has it open keeps what it has read."""
        meta = self._read(artifact)
        for digest in (meta or {}).get("sha256", {}).values():
            # The next one is made of what is compiled then, not of what the disk has spoilt.
            (self._folder / SHARED / digest).unlink(missing_ok=True)
        self._remove(artifact)

    def pin(self, artifact: str) -> None:
        self._pins[artifact] += 1

    def unpin(self, artifact: str) -> None:
        self._pins[artifact] -= 1
        if self._pins[artifact] <= 0:
            del self._pins[artifact]

    def _evict(self) -> None:
        for artifact in list(self._sizes):
            if self._bytes + self._shared_bytes <= self._bytes_max * CACHE_BYTES_SHARE_KEPT:
                return
            if artifact not in self._pins:
                self._remove(artifact)

    def _remove(self, artifact: str) -> None:
        _, shares = _held(f"{self._folder}/{artifact}")
        shutil.rmtree(self._folder / artifact, ignore_errors=True)
        self._forget(artifact)
        if shares:
            self._shared_bytes = self._sweep()

    def _sweep(self) -> int:
        """Removes what no artifact holds any more; bytes of the rest."""
        left = 0
        for path, status in _files(f"{self._folder}/{SHARED}"):
            if status.st_nlink > 1:
                left += status.st_size
            else:
                Path(path).unlink(missing_ok=True)
        return left

    def _forget(self, artifact: str) -> None:
        self._metas.pop(artifact, None)
        self._bytes -= self._sizes.pop(artifact, 0)

    def _touch(self, artifact: str) -> bool:
        """False when somebody else has removed it."""
        self._sizes[artifact] = self._sizes.pop(artifact)
        try:
            # Not by a Path: putting one together takes longer than the call, and each task comes by here.
            os.utime(f"{self._folder}/{artifact}")
        except OSError:
            return False
        return True

    def _read(self, artifact: str) -> Optional[ArtifactMeta]:
        try:
            with open(f"{self._folder}/{artifact}/meta.json", "rb", buffering=0) as file:
                return json.loads(file.read())
        except (OSError, ValueError):
            return None

    def _scan(self) -> dict[str, int]:
        """What earlier runners left, oldest use first. Folders with a dot are unfinished work of theirs."""
        found: list[tuple[float, str]] = []
        for entry in os.scandir(self._folder):
            if entry.name == SHARED:
                continue
            if entry.name.startswith("."):
                shutil.rmtree(entry.path, ignore_errors=True)
            elif (Path(entry.path) / "meta.json").exists():
                found.append((entry.stat().st_mtime, entry.name))
        return {name: _held(f"{self._folder}/{name}")[0] for _, name in sorted(found)}


def _held(folder: str) -> tuple[int, bool]:
    """(bytes that are its alone, whether it shares others)"""
    statuses = [status for _, status in _files(folder)]
    own = [status.st_size for status in statuses if status.st_nlink == 1]
    return sum(own), len(own) < len(statuses)


def _files(folder: str) -> list[tuple[str, os.stat_result]]:
    """Nothing of a folder that is not there."""
    try:
        with os.scandir(folder) as entries:
            return [(entry.path, entry.stat()) for entry in entries]
    except OSError:
        return []
