"""Sends what is asked for of a folder, in the frames that a folder takes: many small files together, large ones chunk by chunk."""
import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Optional

from kiln_runner.hostwork import shapes
from kiln_runner.hostwork.channel import Channel, Refused
from kiln_runner.hostwork.shapes import CHUNK_BYTES
from kiln_runner.hostwork.tree import Tree, root_of
from kiln_runner.protocol import Json

BATCH_BYTES = 1 << 20
BATCH_FILES = 1000


def read(channel: Channel, order: Json, _home: Path) -> None:
    wanted = [item for frame in channel.until_end(shapes.wanted) for item in frame.header["items"]]
    tree = Tree(root_of(order["root"]))
    batch = _Batch(channel)
    for item in wanted:
        try:
            descriptor = tree.open_file(item["path"])
        except FileNotFoundError:
            raise Refused(f"{item['path']} in {tree.root} is gone since it was listed: try again", "NOT_FOUND") from None
        try:
            status = os.fstat(descriptor)
            if status.st_size <= CHUNK_BYTES:
                batch.add(item["path"], status, os.read(descriptor, CHUNK_BYTES))
            else:
                _send_chunks(channel, item, descriptor, status.st_size)
        finally:
            os.close(descriptor)
    batch.flush()
    channel.send({"type": "end", "root": tree.root})


def _send_chunks(channel: Channel, item: Json, descriptor: int, size: int) -> None:
    indexes: Optional[Iterable[int]] = item.get("chunks")
    memory = memoryview(bytearray(CHUNK_BYTES))
    for index in indexes if indexes is not None else range(-(-size // CHUNK_BYTES)):
        data = memory[: os.preadv(descriptor, [memory], index * CHUNK_BYTES)]
        digest = hashlib.sha256(data).hexdigest()
        channel.send_large({"type": "chunk", "path": item["path"], "size": size, "index": index, "hash": digest}, data)


class _Batch:
    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._items: list[Json] = []
        self._data: list[bytes] = []
        self._bytes = 0

    def add(self, path: str, status: os.stat_result, data: bytes) -> None:
        if self._bytes + len(data) > BATCH_BYTES or len(self._items) == BATCH_FILES:
            self.flush()
        mode = stat.S_IMODE(status.st_mode) & 0o777
        self._items.append({
            "path": path, "mode": mode, "mtimeUs": status.st_mtime_ns // 1000, "size": len(data), "hash": hashlib.sha256(data).hexdigest(),
        })
        self._data.append(data)
        self._bytes += len(data)

    def flush(self) -> None:
        if self._items:
            self._channel.send({"type": "files", "items": self._items}, b"".join(self._data))
        self._items, self._data, self._bytes = [], [], 0
