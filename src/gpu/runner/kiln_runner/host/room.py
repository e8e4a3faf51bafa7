"""Whether a file system has room left, as a compiler or a program would need it."""
import os

FREE_BYTES_LEAST = 1024 * 1024


def is_full(folder: str) -> bool:
    """Of bytes, or of names for files. False where it cannot be told."""
    try:
        status = os.statvfs(folder)
    except OSError:
        return False
    return status.f_bavail * status.f_frsize < FREE_BYTES_LEAST or (status.f_files > 0 and status.f_favail == 0)
