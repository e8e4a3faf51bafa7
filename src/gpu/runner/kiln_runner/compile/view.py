"""What a confined process sees: the system's programs and libraries, the tool chain, one folder of its own, and nothing else of the host."""
import os
import tempfile
from collections.abc import Sequence
from typing import NamedTuple, Optional

from kiln_runner.compile.system_calls import (
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_REC,
    make_read_only,
    make_root,
    mount,
)

# Files of the distribution's packages: what every compiler, linker and Python needs. No configuration, no data of anybody.
SYSTEM = (
    "/bin", "/lib", "/lib32", "/lib64", "/libx32", "/usr/bin", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32", "/usr/libexec",
    "/usr/include", "/usr/local/include", "/etc/alternatives", "/etc/ld.so.cache",
)
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
# Where the process finds its own folder, and the folder for temporary files in it.
INSIDE = "/kiln"
TEMPORARY = "tmp"
# Of all processes of the pid namespace, those of other users hidden; only root may mount it so.
PROC = "/proc"
_HIDE_OTHERS = b"hidepid=2"
_LINKS_MAX = 40
_SMALL = b"size=4m,mode=755"


class View(NamedTuple):
    """`proc`: whether there is a /proc. `scratch`: options of a file system in memory that becomes INSIDE, seen by nobody else and gone with the
    last process in there; None: the folder itself becomes INSIDE."""

    devices: Sequence[str] = DEVICES
    proc: bool = False
    scratch: Optional[bytes] = None


OF_COMPILERS = View()


def exchange_root(folder: str, readable: Sequence[str], view: View = OF_COMPILERS) -> None:
    """For a process in a mount namespace of its own. `folder` becomes INSIDE, its `tmp` /tmp; `readable` keep their names."""
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    os.makedirs(os.path.join(folder, TEMPORARY), exist_ok=True)
    # Folders on the way to a compiler are for the user that sources run as too, whatever the umask of the runner is.
    mask = os.umask(0o022)
    # Held open: the new root is mounted above its name.
    held = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    root = _folder_to_mount_at(readable)
    mount("kiln", root, "tmpfs", MS_NOSUID | MS_NODEV, _SMALL)
    shown: list[str] = []
    for path in sorted(set(readable), key=len):
        _show(root, path, shown)
    for empty in (INSIDE, "/tmp", "/dev", PROC):
        os.makedirs(root + empty, exist_ok=True)
    for device in view.devices:
        os.makedirs(os.path.dirname(root + device), exist_ok=True)
        open(root + device, "wb").close()
    os.umask(mask)
    make_read_only(root)
    for device in view.devices:
        mount(device, root + device, None, MS_BIND)
    own = f"/proc/self/fd/{held}"
    if view.scratch is None:
        mount(own, root + INSIDE, None, MS_BIND)
    else:
        mount("kiln", root + INSIDE, "tmpfs", MS_NOSUID | MS_NODEV, view.scratch)
        own = root + INSIDE
        os.mkdir(os.path.join(own, TEMPORARY), 0o700)
        os.chown(os.path.join(own, TEMPORARY), os.stat(own).st_uid, -1)
    if view.proc:
        _mount_proc(root + PROC)
    if not any(_is_inside(path, "/tmp") for path in shown):
        # Otherwise a compiler is installed there, and stays; temporary files go where TMPDIR says in any case.
        mount(f"{own}/{TEMPORARY}", root + "/tmp", None, MS_BIND)
    os.close(held)
    make_root(root)


def _mount_proc(target: str) -> None:
    try:
        mount("proc", target, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, _HIDE_OTHERS)
    except OSError:
        # In a container, or without root: the same as outside. The kernel shows another user's files to nobody.
        mount(PROC, target, None, MS_BIND | MS_REC)


def _folder_to_mount_at(readable: Sequence[str]) -> str:
    """Any folder that holds nothing which must be seen: the mount hides what is below it."""
    places = ("/tmp", "/var/tmp", "/mnt", "/srv", "/var", "/run", tempfile.gettempdir())
    real = [os.path.realpath(path) for path in readable]
    for place in places:
        if os.path.isdir(place) and not os.path.islink(place) and not any(_is_inside(path, place) for path in real):
            return place
    raise OSError(f"no folder of {', '.join(places)} is free of compilers, so that a root could be mounted there")


def _show(root: str, path: str, shown: list[str], links: int = 0) -> None:
    """Binds `path` at the same name below `root`, and makes the symbolic links that lead there."""
    at = "/"
    parts = [part for part in path.split("/") if part]
    for number, part in enumerate(parts):
        at = os.path.join(at, part)
        if any(_is_inside(at, place) for place in shown):
            break
        if os.path.islink(at):
            target = os.readlink(at)
            _make_link(target, root + at)
            rest = os.path.normpath(os.path.join(os.path.dirname(at), target, *parts[number + 1 :]))
            if links < _LINKS_MAX:
                _show(root, rest, shown, links + 1)
            return
    else:
        _bind(root, at, shown)
    real = os.path.realpath(path)
    # A link inside of what is shown already may lead out of it.
    if real != path and links < _LINKS_MAX and not any(_is_inside(real, place) for place in shown):
        _show(root, real, shown, links + 1)


def _bind(root: str, path: str, shown: list[str]) -> None:
    if os.path.isdir(path):
        os.makedirs(root + path, exist_ok=True)
    elif os.path.exists(path):
        os.makedirs(os.path.dirname(root + path), exist_ok=True)
        open(root + path, "wb").close()
    else:
        return
    mount(path, root + path, None, MS_BIND | MS_REC)
    shown.append(path)


def _make_link(target: str, link: str) -> None:
    os.makedirs(os.path.dirname(link), exist_ok=True)
    if not os.path.lexists(link):
        os.symlink(target, link)


def _is_inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
