"""A folder that no path of a caller can leave: every step is opened from the folder above it, and a symbolic link on the way is refused.

There is no moment between looking and using: what is opened is what was looked at. Links are kept as they are and never followed.
"""
import contextlib
import errno
import os
import stat
from collections import OrderedDict
from collections.abc import Iterator
from typing import Optional

from kiln_runner.hostwork.channel import Refused

OPEN_FOLDERS_MAX = 128
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
PATH_BYTES_MAX = 4000
# What these requests keep of files that are not whole yet.
PARTS = ".kiln-parts"


def root_of(named: str) -> str:
    """Relative paths are below the user's home."""
    return os.path.normpath(os.path.join(os.path.expanduser("~"), os.path.expanduser(named)))


def is_protected(root: str) -> bool:
    """Folders in which nobody means to delete what they do not name."""
    return root in ("/", os.path.normpath(os.path.expanduser("~")))


def steps_of(path: str) -> list[str]:
    steps = path.split("/")
    if any(step in ("", ".", "..") for step in steps) or "\0" in path or len(os.fsencode(path)) > PATH_BYTES_MAX:
        raise Refused(f"{path!r} is no path within the folder: it must be relative, without . and .. and empty steps", "INVALID_REQUEST")
    if steps[0] == PARTS:
        raise Refused(f"{path!r} is where unfinished files are kept", "INVALID_REQUEST")
    return steps


def leaves(path: str, target: str) -> bool:
    """Whether a link at `path` may lead out of the folder. `..` counts at the beginning only, where each one leaves a real folder: behind a
    name it would leave whatever the name is a link to."""
    depth, is_behind_name = path.count("/"), False
    for step in target.split("/"):
        if step == "..":
            depth -= 1
            if is_behind_name or depth < 0:
                return True
        elif step not in ("", "."):
            is_behind_name = True
    return target.startswith("/")


class Tree:
    def __init__(self, root: str, *, create: bool = False) -> None:
        self.root = root
        try:
            if create:
                os.makedirs(root, exist_ok=True)
            self.descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise Refused(f"there is no folder {root} on this host", "NOT_FOUND") from None
        except (NotADirectoryError, FileExistsError):
            raise Refused(f"{root} is no folder on this host") from None
        self._open: OrderedDict[str, int] = OrderedDict()

    def folder(self, path: str) -> int:
        """A descriptor of the folder at `path` (empty: the root), which stays this tree's."""
        if path == "":
            return self.descriptor
        known = self._open.get(path)
        if known is not None:
            self._open.move_to_end(path)
            return known
        above, _, name = path.rpartition("/")
        try:
            descriptor = os.open(name, FOLDER, dir_fd=self.folder(above))
        except OSError as error:
            if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                raise
            raise Refused(f"{path} in {self.root} is a symbolic link or a file, and not followed: nothing leaves the folder") from None
        self._open[path] = descriptor
        if len(self._open) > OPEN_FOLDERS_MAX:
            os.close(self._open.popitem(last=False)[1])
        return descriptor

    def above(self, path: str) -> tuple[int, str]:
        """(folder, name) for the calls that take `dir_fd`."""
        steps = steps_of(path)
        return self.folder("/".join(steps[:-1])), steps[-1]

    def status(self, path: str) -> Optional[os.stat_result]:
        """Of a link itself; None where nothing is."""
        try:
            folder, name = self.above(path)
            return os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def open_file(self, path: str) -> int:
        folder, name = self.above(path)
        try:
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=folder)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            raise Refused(f"{path} in {self.root} is a symbolic link, and not followed") from None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise Refused(f"{path} in {self.root} is no regular file")
        return descriptor

    def parts(self) -> int:
        """The folder of unfinished files, made where it is missing."""
        with contextlib.suppress(FileExistsError):
            os.mkdir(PARTS, 0o700, dir_fd=self.descriptor)
        return os.open(PARTS, FOLDER, dir_fd=self.descriptor)

    def forget(self, path: str) -> None:
        """What was a folder there may be none any more."""
        for known in [name for name in self._open if name == path or name.startswith(f"{path}/")]:
            os.close(self._open.pop(known))

    def walk(self) -> Iterator[tuple[str, os.stat_result]]:
        """Every entry, folders before what is in them, in one order; links are not followed."""
        yield from _walk(self.descriptor, "")


def _walk(folder: int, path: str) -> Iterator[tuple[str, os.stat_result]]:
    for name in sorted(os.listdir(folder)):
        if path == "" and name == PARTS:
            continue
        inner = f"{path}{name}"
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            yield inner, status
            if not stat.S_ISDIR(status.st_mode):
                continue
            descriptor = os.open(name, FOLDER, dir_fd=folder)
        except FileNotFoundError:
            continue
        try:
            yield from _walk(descriptor, f"{inner}/")
        finally:
            os.close(descriptor)
