"""Takes what changed of a folder. Each file is whole and checked before it takes its place; nothing is written outside, and no link is followed."""
import contextlib
import hashlib
import os
import stat
import time
from pathlib import Path

from kiln_runner.frames import FrameInPlace
from kiln_runner.hostwork import shapes
from kiln_runner.hostwork.channel import Channel, Refused
from kiln_runner.hostwork.content import RACY_NS, Content, Index, content_of
from kiln_runner.hostwork.parts import Parts
from kiln_runner.hostwork.shapes import CHUNK_BYTES
from kiln_runner.hostwork.tree import FOLDER, Tree, is_protected, leaves, root_of, steps_of
from kiln_runner.protocol import Json

NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
MODE_MAX = 0o777
# At once. For a megabyte Linux takes memory in pieces as large, and where it runs on a hypervisor these may have to be had first: it took several
# times as long.
WRITE_BYTES = 128 * 1024


def write(channel: Channel, order: Json, home: Path) -> None:
    root = root_of(order["root"])
    writer = _Writer(Tree(root, create=True), Index(home, root))
    try:
        for frame in channel.until_end(shapes.written):
            writer.take(frame)
    finally:
        writer.close()
    channel.send({"type": "written", "root": root, "files": writer.files, "bytes": writer.bytes, "deleted": writer.deleted})
    # All that the daemon waits for.
    channel.hang_up()
    writer.remember()


class _Writer:
    def __init__(self, tree: Tree, index: Index) -> None:
        self.files = self.bytes = self.deleted = 0
        self._tree, self._index = tree, index
        self._parts = Parts(tree)
        self._written: list[tuple[str, Content]] = []
        # Never two at once.
        self._own_part = f"{os.getpid()}.new"

    def take(self, frame: FrameInPlace) -> None:
        getattr(self, f"_take_{frame.header['type']}")(frame)

    def close(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            # What was refused on the way to its place.
            os.unlink(self._own_part, dir_fd=self._parts.folder)
        self._parts.close(self._tree)

    def remember(self) -> None:
        """What was written need not be read again to be known."""
        if not self._written:
            return
        # Until a later change would show in the file's status.
        time.sleep(RACY_NS / 1e9)
        for path, content in self._written:
            status = self._tree.status(path)
            if status is not None:
                self._index.note(path, status, content)
        self._index.save()

    def _take_folders(self, frame: FrameInPlace) -> None:
        for item in frame.header["items"]:
            folder, name = self._tree.above(item["path"])
            status = self._tree.status(item["path"])
            if status is not None and not stat.S_ISDIR(status.st_mode):
                os.unlink(name, dir_fd=folder)
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, item["mode"] & MODE_MAX | 0o700, dir_fd=folder)

    def _take_links(self, frame: FrameInPlace) -> None:
        for item in frame.header["items"]:
            path, target = item["path"], item["target"]
            if leaves(path, target):
                raise Refused(f"{path} is a link to {target}, which may leave the folder", "INVALID_REQUEST")
            folder, name = self._room(path)
            os.symlink(target, self._own_part, dir_fd=self._parts.folder)
            os.replace(self._own_part, name, src_dir_fd=self._parts.folder, dst_dir_fd=folder)

    def _take_files(self, frame: FrameInPlace) -> None:
        at, payload = 0, frame.payload
        for item in frame.header["items"]:
            data = payload[at : at + item["size"]]
            at += item["size"]
            if len(data) != item["size"] or hashlib.sha256(data).hexdigest() != item["hash"]:
                raise Refused(f"{item['path']} was damaged on its way: try again")
            part = self._own_part
            descriptor = os.open(part, NEW, 0o600, dir_fd=self._parts.folder)
            try:
                _write_all(descriptor, data, 0)
            finally:
                os.close(descriptor)
            self._place(item, part, content_of([item["hash"]] if item["size"] else []))
            self.bytes += item["size"]

    def _take_chunk(self, frame: FrameInPlace) -> None:
        path, size, index, digest = (frame.header[key] for key in ("path", "size", "index", "hash"))
        steps_of(path)
        expected = min(CHUNK_BYTES, size - index * CHUNK_BYTES)
        if len(frame.payload) != expected or hashlib.sha256(frame.payload).hexdigest() != digest:
            raise Refused(f"{path} was damaged on its way, at byte {index * CHUNK_BYTES}: try again")
        descriptor = self._parts.open(path, size)
        try:
            _write_all(descriptor, frame.payload, index * CHUNK_BYTES)
        finally:
            os.close(descriptor)
        self._parts.note(path, size, {index: digest})
        self.bytes += expected

    def _take_keep(self, frame: FrameInPlace) -> None:
        """Chunks of the file that is there now go over into the new one."""
        path, size = frame.header["path"], frame.header["size"]
        source = self._tree.open_file(path)
        target = self._parts.open(path, size)
        kept: dict[int, str] = {}
        try:
            for text, digest in frame.header["chunks"].items():
                data = os.pread(source, CHUNK_BYTES, int(text) * CHUNK_BYTES)
                if hashlib.sha256(data).hexdigest() != digest:
                    raise Refused(f"{path} was changed on the host meanwhile: try again")
                _write_all(target, memoryview(data), int(text) * CHUNK_BYTES)
                kept[int(text)] = digest
        finally:
            os.close(source)
            os.close(target)
        self._parts.note(path, size, kept)

    def _take_finish(self, frame: FrameInPlace) -> None:
        item = frame.header
        path, size = item["path"], item["size"]
        checked = self._parts.checked(path, size)
        count = -(-size // CHUNK_BYTES)
        missing = [index for index in range(count) if index not in checked]
        content = content_of([checked[index] for index in range(count)]) if not missing else None
        if content is None or content.hash != item["hash"]:
            if content is not None:
                # Chunks of several versions: nothing of it can be used.
                os.unlink(self._parts.take(path, size), dir_fd=self._parts.folder)
            raise Refused(f"{path} is not whole ({len(missing)} of {count} pieces are missing), or changed while it was sent: try again")
        descriptor = self._parts.open(path, size)
        os.ftruncate(descriptor, size)
        os.close(descriptor)
        self._place(item, self._parts.take(path, size), content)

    def _take_modes(self, frame: FrameInPlace) -> None:
        """Of folders once all is in them, and of files whose content stays."""
        for item in frame.header["items"]:
            folder, name = self._tree.above(item["path"])
            status = self._tree.status(item["path"])
            if status is None or stat.S_ISLNK(status.st_mode):
                raise Refused(f"{item['path']} is gone meanwhile: try again")
            mode = item["mode"] & MODE_MAX
            is_folder = stat.S_ISDIR(status.st_mode)
            descriptor = os.open(name, FOLDER, dir_fd=folder) if is_folder else self._tree.open_file(item["path"])
            try:
                os.fchmod(descriptor, mode | 0o700 if is_folder else mode)
            finally:
                os.close(descriptor)

    def _take_delete(self, frame: FrameInPlace) -> None:
        if is_protected(self._tree.root):
            raise Refused(f"nothing is deleted in {self._tree.root}: push into a folder of its own", "INVALID_REQUEST")
        for path in sorted(frame.header["paths"], reverse=True):
            status = self._tree.status(path)
            if status is None:
                continue
            folder, name = self._tree.above(path)
            if not stat.S_ISDIR(status.st_mode):
                os.unlink(name, dir_fd=folder)
            else:
                self._tree.forget(path)
                try:
                    os.rmdir(name, dir_fd=folder)
                except OSError:
                    # What is ignored stays, and so does the folder that holds it.
                    continue
            self.deleted += 1

    def _room(self, path: str) -> tuple[int, str]:
        """Where something other than a folder goes."""
        status = self._tree.status(path)
        if status is not None and stat.S_ISDIR(status.st_mode):
            raise Refused(f"{path} is a folder in {self._tree.root}, and no folder comes: remove it there, or use --delete")
        return self._tree.above(path)

    def _place(self, item: Json, part: str, content: Content) -> None:
        folder, name = self._room(item["path"])
        parts = self._parts.folder
        os.chmod(part, item["mode"] & MODE_MAX, dir_fd=parts)
        os.utime(part, ns=(item["mtimeUs"] * 1000, item["mtimeUs"] * 1000), dir_fd=parts)
        os.replace(part, name, src_dir_fd=parts, dst_dir_fd=folder)
        self._written.append((item["path"], content))
        self.files += 1


def _write_all(descriptor: int, data: memoryview, at: int) -> None:
    while data:
        count = os.pwrite(descriptor, data[:WRITE_BYTES], at)
        data, at = data[count:], at + count
