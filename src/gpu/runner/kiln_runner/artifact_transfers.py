"""Hands artifacts to the daemon and takes those that another host of it compiled, so that each travels once.

The disk is a thread's: the event loop, and with it every device, goes on meanwhile. Every request is answered by one frame.
"""
import asyncio
import errno
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, Optional

from kiln_runner.artifacts import ArtifactCache
from kiln_runner.bundle import BundleError, pack, unpack
from kiln_runner.compile.artifact import store_artifact
from kiln_runner.devices.task import infra_of
from kiln_runner.frames import Frame
from kiln_runner.protocol import InfraFailure
from kiln_runner.protocol_frames import FetchArtifact, FromRunner, PutArtifact

Send = Callable[[FromRunner, bytes], None]


class ArtifactTransfers:
    """`folder`: where the cache's artifacts lie. `send(header, payload)`: to the daemon."""

    def __init__(self, loop: asyncio.AbstractEventLoop, cache: ArtifactCache, folder: Path, send: Send) -> None:
        self._loop, self._cache, self._folder, self._send = loop, cache, folder, send
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="artifacts")

    def on_fetch(self, header: FetchArtifact, _frame: Frame) -> None:
        artifact = header["artifact"]
        if self._cache.meta(artifact) is None:
            missing = infra_of("unknown_artifact", f"artifact {artifact} is not on this host; compile it again")
            self._send({"type": "artifact", "artifact": artifact, "sha256": None, "failure": missing}, b"")
            return
        # Not evicted while it is read.
        self._cache.pin(artifact)
        reading = self._loop.run_in_executor(self._thread, _read, self._folder / artifact)
        reading.add_done_callback(lambda done: self._on_read(artifact, *done.result()))

    def on_put(self, header: PutArtifact, frame: Frame) -> None:
        artifact = header["artifact"]
        if self._cache.meta(artifact) is not None:
            self._answer_stored(artifact, None)
            return
        writing = self._loop.run_in_executor(self._thread, _write, self._folder, artifact, header["sha256"], frame.payload)
        writing.add_done_callback(lambda done: self._on_written(artifact, done.result()))

    def close(self) -> None:
        """What runs is finished; its answer goes nowhere."""
        self._thread.shutdown(wait=True)

    def _on_read(self, artifact: str, packed: bytes, failure: Optional[InfraFailure]) -> None:
        self._cache.unpin(artifact)
        sha256 = None if failure else hashlib.sha256(packed).hexdigest()
        self._send({"type": "artifact", "artifact": artifact, "sha256": sha256, "failure": failure}, packed)

    def _on_written(self, artifact: str, failure: Optional[InfraFailure]) -> None:
        if failure is None:
            self._cache.added(artifact)
        self._answer_stored(artifact, failure)

    def _answer_stored(self, artifact: str, failure: Optional[InfraFailure]) -> None:
        self._send({"type": "artifact_stored", "artifact": artifact, "failure": failure}, b"")


def _read(folder: Path) -> tuple[bytes, Optional[InfraFailure]]:
    try:
        return pack(folder), None
    except BundleError as error:
        return b"", infra_of("internal", f"artifact {folder.name} does not travel: {error}")
    except OSError as error:
        return b"", infra_of("unknown_artifact", f"artifact {folder.name} cannot be read any more: {error}")


def _write(folder: Path, artifact: str, sha256: str, packed: bytes) -> Optional[InfraFailure]:
    found = hashlib.sha256(packed).hexdigest()
    if found != sha256:
        return infra_of("internal", f"artifact {artifact} came with the hash {found} instead of {sha256}; send it again")
    try:
        contents = unpack(packed)
        store_artifact(folder, artifact, contents.meta, contents.files)
    except BundleError as error:
        return infra_of("internal", f"artifact {artifact} is refused: {error}")
    except OSError as error:
        code = "out_of_disk" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "internal"
        return infra_of(code, f"artifact {artifact} cannot be stored: {error}")
    return None
