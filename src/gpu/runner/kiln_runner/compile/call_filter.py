"""A filter over system calls (seccomp) for confined processes: what no compiler needs and what attacks on a kernel start with.

Sockets other than a pair of the process's own, other processes' memory, new namespaces and mounts, kernel keys, programs in the kernel.
"""
import ctypes
import errno
import platform
import socket
import struct
from collections.abc import Sequence

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _FAIL, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_AT_NUMBER, _AT_ARCHITECTURE, _AT_FIRST_ARGUMENT = 0, 4, 16
# Of calls of the 32-bit interface on 64-bit registers.
_X32_BIT = 0x40000000
_NEW_NAMESPACES = 0x7E020000
# architecture: (the kernel's name of it, clone, clone3, refused calls)
_REFUSED = {
    "x86_64": (0xC000003E, 56, 435, {
        "socket": 41, "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "mount": 165, "umount2": 166, "pivot_root": 155,
        "chroot": 161, "unshare": 272, "setns": 308, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "keyctl": 250, "add_key": 248,
        "request_key": 249, "open_by_handle_at": 304, "kexec_load": 246, "init_module": 175, "finit_module": 313, "delete_module": 176,
        "kcmp": 312, "fanotify_init": 300, "name_to_handle_at": 303, "reboot": 169, "swapon": 167, "acct": 163, "quotactl": 179,
        "syslog": 103, "iopl": 172, "ioperm": 173, "modify_ldt": 154, "vmsplice": 278,
    }),
    "aarch64": (0xC00000B7, 220, 435, {
        "socket": 198, "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "mount": 40, "umount2": 39, "pivot_root": 41,
        "chroot": 51, "unshare": 97, "setns": 268, "bpf": 280, "perf_event_open": 241, "userfaultfd": 282, "keyctl": 219, "add_key": 217,
        "request_key": 218, "open_by_handle_at": 265, "kexec_load": 104, "init_module": 105, "finit_module": 273, "delete_module": 106,
        "kcmp": 272, "fanotify_init": 262, "name_to_handle_at": 264, "reboot": 142, "swapon": 224, "acct": 89, "quotactl": 60,
        "syslog": 116, "vmsplice": 75,
    }),
}
# Of no use to a program that runs without starting another, and what could disturb those that are timed: programs/sandbox.py.
_REFUSED_TO_PROGRAMS = {
    "x86_64": {
        "execve": 59, "execveat": 322, "sched_setaffinity": 203, "sched_setscheduler": 144, "sched_setparam": 142, "sched_setattr": 314,
        "settimeofday": 164, "clock_settime": 227, "adjtimex": 159, "clock_adjtime": 305, "swapoff": 168, "kexec_file_load": 320,
        "move_pages": 279, "migrate_pages": 256, "ioprio_set": 251, "setpriority": 141,
    },
    "aarch64": {
        "execve": 221, "execveat": 281, "sched_setaffinity": 122, "sched_setscheduler": 119, "sched_setparam": 118, "sched_setattr": 274,
        "settimeofday": 170, "clock_settime": 112, "adjtimex": 171, "clock_adjtime": 266, "swapoff": 225, "kexec_file_load": 294,
        "move_pages": 239, "migrate_pages": 238, "ioprio_set": 30, "setpriority": 140,
    },
}
_CONNECT = {"x86_64": 42, "aarch64": 203}
# The same numbers everywhere: io_uring, the newer mount calls, descriptors of other processes.
_REFUSED_EVERYWHERE = {
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429, "fsopen": 430,
    "fsmount": 432, "mount_setattr": 442, "pidfd_getfd": 438, "process_madvise": 440, "pidfd_open": 434,
}


def filter_calls() -> None:
    """This process and all that it starts, for ever. Needs PR_SET_NO_NEW_PRIVS. OSError where the kernel refuses filters."""
    architecture, clone, clone3, refused = _known()
    install(program(architecture, clone, clone3, [*refused.values(), *_REFUSED_EVERYWHERE.values()]))


def filter_calls_of_programs(*, may_connect: bool) -> None:
    """As `filter_calls`; nothing more is started, and sockets of this machine (AF_UNIX) can be made. `may_connect`: also to others' sockets."""
    architecture, clone, clone3, refused = _known()
    calls = {**refused, **_REFUSED_EVERYWHERE, **_REFUSED_TO_PROGRAMS[platform.machine()]}
    sockets = calls.pop("socket")
    if not may_connect:
        calls["connect"] = _CONNECT[platform.machine()]
    steps = program(architecture, clone, clone3, list(calls.values()))
    # Before the last step, which allows.
    steps[-1:] = [
        (_LOAD, 0, 0, _AT_NUMBER), (_EQUAL, 0, 3, sockets), (_LOAD, 0, 0, _AT_FIRST_ARGUMENT), (_EQUAL, 1, 0, socket.AF_UNIX),
        (_RETURN, 0, 0, _FAIL | errno.EACCES), (_RETURN, 0, 0, _ALLOW),
    ]
    install(steps)


def _known() -> "tuple[int, int, int, dict[str, int]]":
    known = _REFUSED.get(platform.machine())
    if known is None:
        raise OSError(errno.ENOSYS, f"no filter of system calls for {platform.machine()}")
    return known


def number_of(name: str) -> int:
    """Of a call that is refused, on this machine."""
    return {**_REFUSED_EVERYWHERE, **_REFUSED[platform.machine()][3]}[name]


def program(architecture: int, clone: int, clone3: int, refused: Sequence[int]) -> list[tuple[int, int, int, int]]:
    """(operation, steps where true, steps where false, value) of each step."""
    steps = [
        (_LOAD, 0, 0, _AT_ARCHITECTURE), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _AT_NUMBER), (_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _FAIL | errno.EPERM),
        # Its arguments are in memory, where a filter cannot look; the C library then uses clone.
        (_EQUAL, 0, 1, clone3), (_RETURN, 0, 0, _FAIL | errno.ENOSYS),
    ]
    for number in refused:
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _FAIL | errno.EPERM)]
    return [
        *steps, (_EQUAL, 0, 3, clone), (_LOAD, 0, 0, _AT_FIRST_ARGUMENT), (_ANY_BIT, 0, 1, _NEW_NAMESPACES),
        (_RETURN, 0, 0, _FAIL | errno.EPERM), (_RETURN, 0, 0, _ALLOW),
    ]


def install(steps: Sequence[tuple[int, int, int, int]]) -> None:
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *step) for step in steps))
    filters = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", len(steps), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_MODE_FILTER), filters, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp refused the filter")
