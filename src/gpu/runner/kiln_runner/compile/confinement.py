"""The walls around everything that reads or runs a source: compilers, and for Triton the source itself.

`namespaces`: a root of its own that holds the system's programs and libraries, the tool chain and one empty folder; own processes, network
and IPC. As root (CAP_SYS_ADMIN), or as anybody by a user namespace. What is not in that root does not exist for it.
`landlock`: where namespaces are refused (most containers), the kernel still opens nothing but the same places. Only whether another path
exists can be told.
Both: no privileges, a filter of system calls (no sockets, no tracing), limits. A host that allows neither compiles nothing, unless the
fleet file says that it may (`compileUnconfined`).
"""
import os
import resource
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, NamedTuple, Optional

from kiln_runner import temporary_folders
from kiln_runner.compile import call_filter, landlock
from kiln_runner.compile.system_calls import (
    NAMESPACES,
    NEWIPC,
    NEWNET,
    NEWPID,
    NEWUSER,
    PR_SET_NO_NEW_PRIVS,
    drop_capabilities,
    landlock_version,
    prctl,
    unshare,
)
from kiln_runner.compile.view import INSIDE, SYSTEM, TEMPORARY, View, exchange_root

NAMESPACES_LEVEL, LANDLOCK_LEVEL, NO_LEVEL = "namespaces", "landlock", "none"
# Between what systemd gives to people and what it gives to services.
UID_BASE, UID_SPAN = 60_600, 250
# Of processes that stay and run no code of a source: apart from those that do.
CELL_UID_BASE = UID_BASE + UID_SPAN
_TRIAL_FAILED = 1


class Unconfinable(Exception):
    """This host lets the runner confine nothing; the message says how to change that."""


class Place(NamedTuple):
    """`folder`: the only one it may write. `readable`: the tool chain, beside SYSTEM. `user`: whom to become as root; None: stay."""

    folder: str
    readable: list[str]
    user: Optional[int]


class Limits(NamedTuple):
    memory_bytes: Optional[int]
    file_bytes: int
    files: int
    processes: int
    cpu_seconds: Optional[int]


class Walls(NamedTuple):
    """What `enter` could have. `inside`: the folder's name in there. `others`: processes that count against the limit already."""

    level: str
    inside: str
    changes_user: bool
    others: int


class Profile(NamedTuple):
    """What kind of code is confined. `also_landlock`: a second wall inside of a root of its own. `filter_calls` is told the level."""

    namespaces: int
    view: View
    also_landlock: bool
    filter_calls: Callable[[str], None]


def _filter_calls(_level: str) -> None:
    call_filter.filter_calls()


COMPILERS = Profile(NAMESPACES, View(), False, _filter_calls)


class Support(NamedTuple):
    level: str
    # Why not the best level; empty for `namespaces`.
    why: str


_found: Optional[Support] = None


def support() -> Support:
    """What this kernel and container allow to this user; tried once, in processes that end at once."""
    global _found
    if _found is None:
        _found = _try_levels()
    return _found


def user_for(pid: int, base: int = UID_BASE) -> Optional[int]:
    """For what stays behind its walls, and that nobody ends by its user: other workers may have the same. None: it stays who it is."""
    return base + pid % UID_SPAN if os.geteuid() == 0 else None


def take_user(base: int) -> "tuple[Optional[int], Optional[socket.socket]]":
    """One of those from `base` on, that nobody else on this host takes while the socket is open, here or in a process with a copy: whoever ends
    all processes of that user ends none of another's. (None, None) where only root could change."""
    if os.geteuid() != 0:
        return None, None
    for turn in range(UID_SPAN):
        user = base + (os.getpid() + turn) % UID_SPAN
        held = socket.socket(socket.AF_UNIX)
        try:
            held.bind(f"\0kiln-program-user-{user}")
            return user, held
        except OSError:
            held.close()
    raise Unconfinable(f"all {UID_SPAN} users from {base} on are in use on this host")


@contextmanager
def taken_user() -> Iterator[Optional[int]]:
    """For what compiles a source, while it does."""
    user, held = take_user(UID_BASE)
    try:
        yield user
    finally:
        if held:
            held.close()


def signals_are_confined() -> bool:
    """Whether code of a source could not signal the runner: what compilers never do, and Triton's sources may."""
    return support().level == NAMESPACES_LEVEL or os.geteuid() == 0 or landlock_version() >= landlock.SCOPE_VERSION


def enter(place: Place, *, may_be_open: bool = False) -> Walls:
    """For a process with one thread whose next child becomes what is confined: that one then calls `drop_privileges`.

    `may_be_open`: go on without walls where there are none to be had.
    """
    level = support().level
    if level == NO_LEVEL and not may_be_open:
        raise Unconfinable(f"this host confines no compiler: {support().why}")
    return enter_level(place, level, COMPILERS)


def enter_level(place: Place, level: str, profile: Profile) -> Walls:
    # Inherited: when memory runs out, this goes first.
    Path("/proc/self/oom_score_adj").write_text("1000")
    _give(place)
    if level == NAMESPACES_LEVEL:
        return _enter_namespaces(place, profile)
    try:
        unshare(profile.namespaces & (NEWPID | NEWNET | NEWIPC))
    except OSError:
        # More walls where they can be had; the level does not count on them.
        pass
    changes_user = os.geteuid() == 0 and place.user is not None
    return Walls(level, place.folder, changes_user, 0 if changes_user else _processes_of(os.geteuid()))


def drop_privileges(place: Place, walls: Walls, limits: Limits, profile: Profile = COMPILERS) -> None:
    """The last step of ours in the process itself: from here on it is limited and can gain nothing."""
    if walls.changes_user and place.user is not None:
        _change_user(place, place.user)
    drop_capabilities()
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    if walls.level == LANDLOCK_LEVEL or (profile.also_landlock and landlock_version() > 0):
        controlled = profile.view.proc
        landlock.restrict(_writable(walls), [*SYSTEM, *place.readable], profile.view.devices, controlled=controlled)
    _limit(limits, walls.others)
    if walls.level != NO_LEVEL:
        profile.filter_calls(walls.level)


def _enter_namespaces(place: Place, profile: Profile) -> Walls:
    user, group, others = os.geteuid(), os.getegid(), _processes_of(os.geteuid())
    try:
        try:
            unshare(profile.namespaces)
            changes_user = user == 0 and place.user is not None
        except OSError:
            unshare(NEWUSER | profile.namespaces)
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
            changes_user = False
        exchange_root(place.folder, [*SYSTEM, *place.readable], profile.view)
    except OSError as error:
        raise Unconfinable(f"namespaces: {error}") from error
    return Walls(NAMESPACES_LEVEL, INSIDE, changes_user, 0 if changes_user else others)


def _writable(walls: Walls) -> list[str]:
    """The place, by every name of it: in a root of its own its `tmp` is /tmp too, unless something else that is read is there."""
    own = os.path.join(walls.inside, TEMPORARY)
    is_shared = walls.level == NAMESPACES_LEVEL and os.path.samefile("/tmp", own)
    return [walls.inside, "/tmp"] if is_shared else [walls.inside]


def _give(place: Place) -> None:
    temporary = os.path.join(place.folder, TEMPORARY)
    os.makedirs(temporary, mode=0o700, exist_ok=True)
    if place.user is not None and os.geteuid() == 0:
        os.chown(place.folder, place.user, -1)
        os.chown(temporary, place.user, -1)


def _change_user(place: Place, user: int) -> None:
    needed = [path for path in place.readable if os.path.exists(path)]
    try:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    except OSError as error:
        raise Unconfinable(f"root may not change its user id here ({error}); give the container CAP_SETUID and CAP_SETGID") from error
    for path in needed:
        if not os.access(path, os.R_OK):
            raise Unconfinable(f"the user that sources run as may not read {path}; install it where all users may read, such as in /opt")


def _limit(limits: Limits, others: int) -> None:
    for what, most in (
        (resource.RLIMIT_AS, limits.memory_bytes), (resource.RLIMIT_FSIZE, limits.file_bytes), (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_NOFILE, limits.files), (resource.RLIMIT_NPROC, limits.processes + others), (resource.RLIMIT_CORE, 0),
    ):
        if most is not None:
            hard = resource.getrlimit(what)[1]
            kept = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(what, (kept, kept))


def _try_levels() -> Support:
    refused: list[str] = []
    for level in (NAMESPACES_LEVEL, LANDLOCK_LEVEL):
        why = _try(level)
        if not why:
            return Support(level, "; ".join(refused))
        refused.append(why)
    return Support(NO_LEVEL, "; ".join(refused))


def _try(level: str) -> str:
    """Why this level cannot be had here; empty where it can."""
    with temporary_folders.made("trial") as folder, taken_user() as user:
        reported, telling = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reported)
            _report(telling, lambda: _trial(level, Place(folder, [], user)))
        os.close(telling)
        with os.fdopen(reported, "rb") as pipe:
            why = pipe.read().decode(errors="replace")
        status = os.waitpid(child, 0)[1]
    return why or ("" if status == 0 else f"{level}: the trial ended with {status}")


def _trial(level: str, place: Place) -> None:
    global _found
    _found = Support(level, "")
    walls = enter(place)
    first = os.fork()
    if first == 0:
        _report(-1, lambda: drop_privileges(place, walls, Limits(None, 1 << 20, 64, 64, 10)))
    if os.waitpid(first, 0)[1] != 0:
        raise Unconfinable(f"{level}: a process could not be limited (Landlock {landlock_version()}, seccomp)")


def _report(telling: int, step: Callable[[], None]) -> None:
    """Ends this forked process, with what went wrong in the pipe."""
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        step()
    except BaseException as error:
        if telling >= 0:
            os.write(telling, str(error).encode()[:1000] or b"?")
        os._exit(_TRIAL_FAILED)
    os._exit(0)


def _processes_of(user: int) -> int:
    """The limit counts every process of the user: those that live already come on top."""
    count = 0
    for entry in os.listdir("/proc"):
        try:
            count += len(os.listdir(f"/proc/{entry}/task")) if entry.isdigit() and os.stat(f"/proc/{entry}").st_uid == user else 0
        except OSError:
            continue
    return count
