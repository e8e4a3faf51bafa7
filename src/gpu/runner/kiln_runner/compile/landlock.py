"""Confinement where namespaces are refused (most containers): a process may read the tool chain, write its folder, and open nothing else.

Landlock hides what files hold, not whether they exist: `stat` still works everywhere.
"""
import os
import struct
from collections.abc import Sequence

from kiln_runner.compile.system_calls import landlock, landlock_version

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE, _IOCTL_DEVICE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14, 1 << 15
# How many of the file system's rights each version of the interface knows.
_RIGHTS_OF_VERSION = {1: 13, 2: 14, 3: 15, 4: 15}
_RIGHTS_NEWEST = 16
_NETWORK_VERSION, _BIND_TCP, _CONNECT_TCP = 4, 1, 2
# From this version on, signals and abstract sockets of processes outside are out of reach.
SCOPE_VERSION = 6
_SCOPE_ABSTRACT_SOCKET, _SCOPE_SIGNAL = 1, 2


def restrict(writable: Sequence[str], readable: Sequence[str], devices: Sequence[str], *, controlled: bool = False) -> None:
    """This process and all that it starts, for ever. Needs PR_SET_NO_NEW_PRIVS. OSError where the kernel has no Landlock.

    `controlled`: devices are steered by ioctl, and /proc is there, where a process may write what it may without Landlock.
    """
    version = landlock_version()
    if version < 1:
        raise OSError("this kernel has no Landlock, or a filter of the container forbids it")
    every = (1 << _RIGHTS_OF_VERSION.get(version, _RIGHTS_NEWEST)) - 1
    allowed: dict[int, int] = {}
    try:
        for path in dict.fromkeys(os.path.realpath(path) for path in readable):
            _allow(allowed, path, _EXECUTE | _READ_FILE | _READ_DIR)
        more = (_TRUNCATE | _IOCTL_DEVICE) & every if controlled else 0
        for path in devices:
            _allow(allowed, path, _READ_FILE | _WRITE_FILE | more)
        if controlled:
            _allow(allowed, "/proc", _READ_FILE | _READ_DIR | _WRITE_FILE | _TRUNCATE & every)
            _allow(allowed, "/dev", _READ_DIR)
        for path in writable:
            _allow(allowed, path, every)
        landlock(_handled(version, every), allowed)
    finally:
        for descriptor in allowed:
            os.close(descriptor)


def _handled(version: int, rights: int) -> bytes:
    network = _BIND_TCP | _CONNECT_TCP if version >= _NETWORK_VERSION else 0
    scope = _SCOPE_ABSTRACT_SOCKET | _SCOPE_SIGNAL if version >= SCOPE_VERSION else 0
    # An older kernel refuses a structure that is longer than it knows.
    return struct.pack("<QQQ", rights, network, scope)[: 8 if version < _NETWORK_VERSION else 16 if version < SCOPE_VERSION else 24]


def _allow(allowed: dict[int, int], path: str, rights: int) -> None:
    if not os.path.exists(path):
        return
    # What only folders have may not be asked for a file.
    of_files = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE
    allowed[os.open(path, os.O_PATH | os.O_CLOEXEC)] = rights if os.path.isdir(path) else rights & of_files
