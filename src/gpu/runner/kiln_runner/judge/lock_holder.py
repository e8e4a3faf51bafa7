"""Who holds a file's flock, for people who must end it: from /proc/locks, which every user may read."""
import os
import pwd
from typing import Optional

HOLDERS_NAMED_MAX = 3
COMMAND_CHARS_MAX = 80
UNSEEN = "a process that cannot be seen from here (in another container, perhaps)"


def holder_of(descriptor: int, own_pid: int) -> str:
    """"pid 123 (user alice: flock /tmp/… sleep 45)", of the first few that are not this process."""
    pids = [pid for pid in _pids(os.fstat(descriptor).st_ino) if pid != own_pid]
    return " and ".join(_reported(pid) for pid in pids[:HOLDERS_NAMED_MAX]) or UNSEEN


def _pids(inode: int) -> list[int]:
    """Lines are `1: FLOCK  ADVISORY  WRITE 123 00:1f:456 0 EOF`; those of processes that wait have an arrow behind the number."""
    try:
        with open("/proc/locks", encoding="ascii") as file:
            lines = [line.split() for line in file]
    except OSError:
        return []
    held = [words for words in lines if len(words) > 5 and words[1] == "FLOCK" and words[5].endswith(f":{inode}")]
    # Of another process namespace: 0 or less.
    return list(dict.fromkeys(int(words[4]) for words in held if int(words[4]) > 0))


def _reported(pid: int) -> str:
    user, command = _user(pid), _command(pid)
    if user is None:
        return f"pid {pid} (it has ended; something it started goes on holding the lock)"
    return f"pid {pid} (user {user}{': ' + command if command else ''})"


def _user(pid: int) -> Optional[str]:
    try:
        uid = os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return None
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _command(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read(4096).replace(b"\0", b" ").decode(errors="replace").strip()[:COMMAND_CHARS_MAX]
    except OSError:
        return ""
