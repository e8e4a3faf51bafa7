"""What a program uses, read from outside. Where there is no control group these are the bounds; they are looked at many times a second."""
import os

_KIB = 1024
_MEMORY_LINES = ("RssAnon:", "RssShmem:", "VmSwap:", "VmPTE:")
_FILES_LOOKED_AT = 10_000


def memory_of(pids: list[int]) -> int:
    """Bytes that processes hold themselves; shared files, such as libraries, are not theirs. Pages that were the parent's count until they differ."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
                total += sum(int(line.split()[1]) * _KIB for line in file if line.startswith(_MEMORY_LINES))
        except (OSError, IndexError, ValueError):
            # It ended meanwhile.
            continue
    return total


def scratch_of(folder: str) -> int:
    """Bytes of the files below a folder, on the disk as it is seen here."""
    total, looked = 0, 0
    pending = [folder]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    looked += 1
                    if looked > _FILES_LOOKED_AT:
                        return total
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
        except OSError:
            continue
    return total
