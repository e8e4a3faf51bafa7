"""Where untrusted Python may run: a process that can neither signal, trace nor overwrite anything of the runner, nor reach a network.

As root: a user id of its own without any privilege, and new process, network and IPC namespaces where the host allows them.
As anybody else: a user namespace with the same, in which every mount is read-only but `folder`, and the user's home and the runner's
folder are empty. A host that allows neither is told so (`Unconfinable`); nothing then runs at all.
"""
import ctypes
import os
import resource
from pathlib import Path
from typing import List, NamedTuple

_NEWNS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET = 0x20000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
_MS_BIND, _MS_REC, _MS_PRIVATE, _MS_NOSUID, _MS_NODEV = 4096, 16384, 1 << 18, 2, 4
_SYS_MOUNT_SETATTR, _AT_RECURSIVE, _ATTR_RDONLY, _AT_FDCWD = 442, 0x8000, 1, -100
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION_3 = 0x20080522
# Between what systemd gives to people and what it gives to services.
UID_BASE, UID_SPAN = 60_600, 500
MEMORY_BYTES_MAX = 8 * 1024 ** 3
FILE_BYTES_MAX = 64 * 1024 * 1024
FILES_MAX = 256
PROCESSES_MAX = 64
HOME_ENTRIES_MAX = 1000


class Unconfinable(Exception):
    """This host lets the runner confine nothing; the message says how to change that."""


class Place(NamedTuple):
    """`folder` is the only one the confined process may write; `hidden` it must not see; `needed` stays readable in any case."""

    folder: str
    hidden: List[str]
    needed: List[str]
    user: int


def user_for(pid: int) -> int:
    """The user of what the worker `pid` confines: its own, so that one compile cannot touch another."""
    return UID_BASE + pid % UID_SPAN if os.geteuid() == 0 else os.geteuid()


def enter_namespaces(place: Place) -> None:
    """For a process with one thread. Its next child is the first of a process namespace (where the host allows one)."""
    # Inherited: when memory runs out, this goes first.
    Path("/proc/self/oom_score_adj").write_text("1000")
    if os.geteuid() == 0:
        # The user of its own is the wall; these are more where they can be had.
        _libc().unshare(_NEWPID | _NEWNET | _NEWIPC)
        return
    user, group = os.geteuid(), os.getegid()
    try:
        _call("unshare", _NEWUSER | _NEWPID | _NEWNS | _NEWNET | _NEWIPC)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
        _confine_mounts(place)
    except OSError as error:
        raise Unconfinable(
            f"this user may not make namespaces ({error}); allow it (sysctl kernel.unprivileged_userns_clone=1, on Ubuntu also "
            "kernel.apparmor_restrict_unprivileged_userns=0; Linux 5.12 or newer) or run the runner as root in a container"
        ) from error


def drop_privileges(place: Place, cpu_seconds: int) -> None:
    """The last step of ours in the process itself: from here on it is limited and can gain nothing."""
    others = 0 if os.geteuid() == 0 else _processes_of(os.geteuid())
    if os.geteuid() == 0:
        try:
            os.setgroups([])
            os.setresgid(place.user, place.user, place.user)
            os.setresuid(place.user, place.user, place.user)
        except OSError as error:
            raise Unconfinable(f"root may not change its user id here ({error}); give the container CAP_SETUID and CAP_SETGID") from error
        _check_readable(place)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES_MAX), (resource.RLIMIT_FSIZE, FILE_BYTES_MAX), (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_NOFILE, FILES_MAX), (resource.RLIMIT_NPROC, PROCESSES_MAX + others), (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def _check_readable(place: Place) -> None:
    for path in place.needed:
        if not os.access(path, os.R_OK):
            raise Unconfinable(
                f"the user that sources run as may not read {path}; have Triton in a Python that all users may read, such as one in "
                "/opt, and name it in KILN_TRITON_PYTHON"
            )


def _confine_mounts(place: Place) -> None:
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    # Held open: hiding what is above it would make its name useless.
    held = os.open(place.folder, os.O_PATH | os.O_DIRECTORY)
    _set_read_only("/", True, _AT_RECURSIVE)
    for path in place.hidden:
        _hide(path, place)
    os.makedirs(place.folder, exist_ok=True)
    _mount(f"/proc/self/fd/{held}", place.folder, None, _MS_BIND)
    os.close(held)
    _set_read_only(place.folder, False, 0)


def _hide(path: str, place: Place) -> None:
    """An empty folder in its stead; where something needed is inside, the same for each of its entries."""
    if not os.path.isdir(path) or path == "/":
        return
    if not any(_is_inside(needed, path) for needed in place.needed):
        _mount("none", path, "tmpfs", _MS_NOSUID | _MS_NODEV, b"size=1m")
        return
    for entry in sorted(os.listdir(path))[:HOME_ENTRIES_MAX]:
        inner = os.path.join(path, entry)
        if os.path.islink(inner) or any(_is_inside(needed, inner) for needed in place.needed):
            continue
        if os.path.isdir(inner):
            _mount("none", inner, "tmpfs", _MS_NOSUID | _MS_NODEV, b"size=1m")
        else:
            _mount("/dev/null", inner, None, _MS_BIND)


def _is_inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _set_read_only(path: str, read_only: bool, flags: int) -> None:
    """mount_setattr(2): {attr_set, attr_clr, propagation, userns_fd}."""
    attributes = (ctypes.c_uint64 * 4)(_ATTR_RDONLY if read_only else 0, 0 if read_only else _ATTR_RDONLY, 0, 0)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    _call("syscall", ctypes.c_long(_SYS_MOUNT_SETATTR), _AT_FDCWD, path.encode(), flags, attributes, size)


def _mount(source: "str | None", target: str, kind: "str | None", flags: int, options: "bytes | None" = None) -> None:
    source_bytes, kind_bytes = (text.encode() if text else None for text in (source, kind))
    _call("mount", source_bytes, target.encode(), kind_bytes, ctypes.c_ulong(flags), options)


def _processes_of(user: int) -> int:
    """The limit counts every process of the user: those that live already come on top."""
    count = 0
    for entry in os.listdir("/proc"):
        try:
            count += len(os.listdir(f"/proc/{entry}/task")) if entry.isdigit() and os.stat(f"/proc/{entry}").st_uid == user else 0
        except OSError:
            continue
    return count


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc(), name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
