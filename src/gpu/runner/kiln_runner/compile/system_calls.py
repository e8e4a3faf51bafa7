"""What confinement asks of the kernel: namespaces, mounts, capabilities, Landlock, seccomp. OSError names the call that was refused."""
import ctypes
import os
import platform
import struct
from typing import Optional

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
NAMESPACES = NEWNS | NEWUTS | NEWIPC | NEWPID | NEWNET
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_MOVE, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 32, 4096, 8192, 16384, 1 << 18
_MNT_DETACH = 2
_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV = 1, 2, 4
_AT_RECURSIVE, _AT_FDCWD = 0x8000, -100
PR_SET_NO_NEW_PRIVS, PR_SET_CHILD_SUBREAPER = 38, 36
_CAPABILITY_VERSION_3 = 0x20080522
# The same numbers on every architecture.
_SYS_MOUNT_SETATTR, _SYS_LANDLOCK_CREATE, _SYS_LANDLOCK_ADD, _SYS_LANDLOCK_RESTRICT = 442, 444, 445, 446
_LANDLOCK_VERSION_FLAG, _LANDLOCK_PATH_BENEATH = 1, 1
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}


def unshare(flags: int) -> None:
    _call("unshare", flags)


def mount(source: Optional[str], target: str, kind: Optional[str], flags: int, options: Optional[bytes] = None) -> None:
    source_bytes, kind_bytes = (text.encode() if text else None for text in (source, kind))
    _call("mount", source_bytes, os.fsencode(target), kind_bytes, ctypes.c_ulong(flags), options)


def make_read_only(path: str) -> None:
    """With every mount below it; without devices and set-user-id programs. Linux 5.12 or newer."""
    attributes = (ctypes.c_uint64 * 4)(_ATTR_RDONLY | _ATTR_NOSUID | _ATTR_NODEV, 0, 0, 0)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    _call("syscall", ctypes.c_long(_SYS_MOUNT_SETATTR), _AT_FDCWD, os.fsencode(path), _AT_RECURSIVE, attributes, size)


def make_root(path: str) -> None:
    """The mount at `path` becomes the root of this mount namespace, and what was there before is gone."""
    os.chdir(path)
    try:
        _call("syscall", ctypes.c_long(_SYS_PIVOT_ROOT[platform.machine()]), b".", b".")
        _call("umount2", b".", _MNT_DETACH)
    except (OSError, KeyError):
        # A root that cannot be exchanged, such as an initial ram disk's.
        mount(".", "/", None, MS_MOVE)
        os.chroot(".")
    os.chdir("/")


def drop_capabilities() -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())


def prctl(option: int, value: int) -> None:
    _call("prctl", option, ctypes.c_ulong(value), 0, 0, 0)


def landlock_version() -> int:
    """0 where the kernel has no Landlock, or a filter forbids it."""
    return max(0, _libc().syscall(ctypes.c_long(_SYS_LANDLOCK_CREATE), None, ctypes.c_size_t(0), ctypes.c_uint(_LANDLOCK_VERSION_FLAG)))


def landlock(handled: bytes, allowed: dict[int, int]) -> None:
    """`handled`: the ruleset's attributes. `allowed`: descriptor of a file or folder -> what may be done at and below it."""
    rules = _libc().syscall(ctypes.c_long(_SYS_LANDLOCK_CREATE), handled, ctypes.c_size_t(len(handled)), ctypes.c_uint(0))
    if rules < 0:
        raise _error("landlock_create_ruleset")
    try:
        for descriptor, access in allowed.items():
            rule = struct.pack("<Qi", access, descriptor)
            _call("syscall", ctypes.c_long(_SYS_LANDLOCK_ADD), rules, ctypes.c_uint(_LANDLOCK_PATH_BENEATH), rule, ctypes.c_uint(0))
        _call("syscall", ctypes.c_long(_SYS_LANDLOCK_RESTRICT), rules, ctypes.c_uint(0))
    finally:
        os.close(rules)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc(), name)(*arguments) < 0:
        raise _error(name)


def _error(name: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{name}: {os.strerror(number)}")
