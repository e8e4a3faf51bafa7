"""What is in a folder of the host: all of it, or the content of what is asked for."""
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

from kiln_runner.hostwork import shapes
from kiln_runner.hostwork.channel import Channel
from kiln_runner.hostwork.content import Content, Index, read_content
from kiln_runner.hostwork.parts import Parts
from kiln_runner.hostwork.shapes import CHUNK_BYTES
from kiln_runner.hostwork.tree import PARTS, Tree, root_of
from kiln_runner.protocol import Json

ITEMS_PER_FRAME = 2000
IGNORE_FILE = ".gitignore"
IGNORE_BYTES_MAX = 1 << 20


def list_all(channel: Channel, order: Json, _home: Path) -> None:
    tree = Tree(root_of(order["root"]))
    for items in _batches(_entry(tree, path, status) for path, status in tree.walk()):
        channel.send({"type": "entries", "items": items})
    channel.send({"type": "end", "root": tree.root})


def tell_states(channel: Channel, order: Json, home: Path) -> None:
    """Of what is asked for and is there. A folder that is missing holds nothing."""
    wanted = [item for frame in channel.until_end(shapes.wanted) for item in frame.header["items"]]
    root = root_of(order["root"])
    if os.path.isdir(root):
        tree, index = Tree(root), Index(home, root)
        parts = Parts(tree) if os.path.isdir(os.path.join(root, PARTS)) else None
        for items in _batches(_states(tree, index, parts, wanted)):
            channel.send({"type": "entries", "items": items})
        if parts is not None:
            parts.close(tree)
        index.save()
    channel.send({"type": "end", "root": root})


def _states(tree: Tree, index: Index, parts: Optional[Parts], wanted: list[Json]) -> Iterator[Json]:
    for item in wanted:
        path, size = item["path"], item.get("size")
        status = tree.status(path)
        # Only what travels in several pieces can be there in part.
        checked = parts.checked(path, size) if parts is not None and size is not None and size > CHUNK_BYTES else {}
        if status is None:
            if checked:
                yield {"path": path, "kind": "missing", "part": _pairs(checked)}
            continue
        entry = _entry(tree, path, status)
        if stat.S_ISREG(status.st_mode) and _is_worth_reading(status.st_size, size):
            content = _content(tree, index, path, status)
            entry.update(hash=content.hash, chunks=content.chunks if len(content.chunks) > 1 else [])
        yield {**entry, **({"part": _pairs(checked)} if checked else {})}


def _pairs(checked: dict[int, str]) -> list[list[Any]]:
    return [[index, digest] for index, digest in checked.items()]


def _is_worth_reading(there: int, wanted: Optional[int]) -> bool:
    """One of another size is another; a large one may share chunks."""
    return wanted is None or there == wanted or (there > CHUNK_BYTES and wanted > CHUNK_BYTES)


def _content(tree: Tree, index: Index, path: str, status: os.stat_result) -> Content:
    known = index.known(path, status)
    if known is not None:
        return known
    descriptor = tree.open_file(path)
    try:
        before = os.fstat(descriptor)
        content = read_content(descriptor)
        index.note(path, before, content)
        return content
    finally:
        os.close(descriptor)


def _entry(tree: Tree, path: str, status: os.stat_result) -> Json:
    entry: Json = {"path": path, "mode": stat.S_IMODE(status.st_mode) & 0o777, "size": status.st_size, "mtimeUs": status.st_mtime_ns // 1000}
    if not _is_text(path):
        # Told, so that it can be said that it is left out; with its bytes, which are no text, replaced.
        return {**entry, "path": os.fsencode(path).decode(errors="replace"), "kind": "unnameable"}
    if stat.S_ISDIR(status.st_mode):
        return {**entry, "kind": "folder"}
    if stat.S_ISLNK(status.st_mode):
        folder, name = tree.above(path)
        target = os.readlink(name, dir_fd=folder)
        return {**entry, "kind": "link", "target": target} if _is_text(target) else {**entry, "kind": "unnameable"}
    if not stat.S_ISREG(status.st_mode):
        return {**entry, "kind": "special"}
    if path.rpartition("/")[2] == IGNORE_FILE and status.st_size <= IGNORE_BYTES_MAX:
        entry["text"] = _text(tree, path)
    return {**entry, "kind": "file"}


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text(tree: Tree, path: str) -> str:
    with os.fdopen(tree.open_file(path), "rb") as file:
        return file.read(IGNORE_BYTES_MAX).decode(errors="replace")


def _batches(items: Iterator[Json]) -> Iterator[list[Json]]:
    batch: list[Json] = []
    for item in items:
        batch.append(item)
        if len(batch) == ITEMS_PER_FRAME:
            yield batch
            batch = []
    if batch:
        yield batch
