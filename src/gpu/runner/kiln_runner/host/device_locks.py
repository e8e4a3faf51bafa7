"""Where the files are whose flock guards timing on a device: one place for all runners of the host, or they would not exclude each other.

By default every user may open them, since runners of different users must; then any user may hold one for ever, too. Where root has made
KEPT, its members alone can: for all of the host, so a runner whose user is none of them says so and takes no work.
"""
import os
import stat
from pathlib import Path

KEPT = Path("/var/lib/kiln/locks")
OPEN = Path("/tmp/kiln-locks")
OPEN_MODE = 0o1777


def device_lock_file(device_id: str) -> Path:
    """The judge makes it, or says why it cannot."""
    return _folder() / f"{device_id}.lock"


def how_to_keep(lock_file: str) -> str:
    """What to do about strangers that hold a lock, where they can."""
    if Path(lock_file).parent != OPEN:
        return ""
    return (
        f". End that, or let only a group's members hold it: as root, `install -d -m 2770 -g GROUP {KEPT}`, then start every runner of this host "
        "again"
    )


def _folder() -> Path:
    if _is_of_root(KEPT):
        return KEPT
    try:
        OPEN.mkdir(mode=OPEN_MODE)
        # Whatever the umask was.
        os.chmod(OPEN, OPEN_MODE)
    except OSError:
        # It is there, as a rule.
        pass
    return OPEN


def _is_of_root(folder: Path) -> bool:
    """Nobody else may decide for all."""
    try:
        status = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == 0
