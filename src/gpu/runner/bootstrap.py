"""First contact with a host: `python3 -c THIS MODE HASH DIR [ENVIRONMENTS]`. Takes the runner's archive if needed, then becomes the runner.

Answers one line on stdout, marked so that a login banner before it does no harm: `kiln-boot have`, `kiln-boot need` (then
reads u64 length and archive from stdin and answers `kiln-boot stored`) or `kiln-boot error TEXT`. After it, stdin and stdout
belong to the runner's command. Modes: attach, start, inventory, hostwork, hostwork-attach; stop (ends every runner of DIR) and probe need no archive.
ENVIRONMENTS, for inventory: those of the fleet file as JSON in base64.

DIR/runner-HASH.pyz is the archive; DIR/HASH[:12] the folder of the runner made from it. One folder per archive: an older
runner of this DIR is never attached to. It is stopped first, so that two never judge side by side; results it had spooled
move to the new folder and are delivered from there, and what it was still doing is judged again.
"""
# It must run under a Python that is too old for the runner, to say so.
# ruff: noqa: UP006, UP031, UP035, UP036, RUF005
import base64
import fcntl
import hashlib
import json
import mmap
import os
import shutil
import struct
import subprocess
import sys
import time
from typing import List

ARCHIVE_BYTES_MAX = 64 << 20
STOP_SECONDS_MAX = 20
PART_SECONDS_MAX = 3600


def say(text: str) -> None:
    os.write(1, ("kiln-boot %s\n" % text).encode())


def main(mode: str, digest: str, folder: str, environments: str = "") -> None:
    if sys.version_info < (3, 9):
        raise OSError("python3 is %s; the runner needs 3.9 or newer" % sys.version.split()[0])
    folder = os.path.abspath(os.path.expanduser(folder))
    os.umask(0o077)
    os.makedirs(folder, exist_ok=True)
    # The names of files, and what is read from them, whatever the locale of this login.
    os.environ["PYTHONUTF8"] = "1"
    if mode != "stop":
        load_an_object(folder)
    if mode == "probe":
        say("have")
        reported = os.fsencode(folder).decode(errors="replace")
        return print(json.dumps({"python": sys.version.split()[0], "folder": reported, "freeBytes": shutil.disk_usage(folder).free}))
    if mode == "stop":
        with open(os.path.join(folder, "boot.lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for name in runner_folders(folder):
                stop(folder, name)
        return say("have")
    archive = os.path.join(folder, "runner-%s.pyz" % digest)
    receive(archive, digest)
    run = os.path.join(folder, digest[:12])
    named = ["--environments", base64.b64decode(environments).decode()] if environments else []
    arguments = ["inventory"] + named if mode == "inventory" else [mode, "--dir", run] + (["--start"] if mode == "attach" else [])
    if mode != "inventory":
        os.makedirs(os.path.join(run, "spool"), exist_ok=True)
        # Not held while receiving: a connection that died half-way must not lock the host out.
        with open(os.path.join(folder, "boot.lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            retire_older(folder, digest[:12])
    python = sys.executable or "python3"
    os.execvp(python, [python, archive] + arguments)


def load_an_object(folder: str) -> None:
    """What is compiled lies below this folder, and judges load it: that is tried now, as a loader does it."""
    path = os.path.join(folder, "load.%d" % os.getpid())
    with open(path, "w+b") as file:
        os.remove(path)
        file.write(bytes(mmap.PAGESIZE))
        file.flush()
        try:
            mmap.mmap(file.fileno(), mmap.PAGESIZE, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC).close()
        except OSError as error:
            is_noexec = os.statvfs(folder).f_flag & os.ST_NOEXEC
            why = "it is on a file system that is mounted noexec" if is_noexec else "loading from it is refused: %s" % error
            raise OSError("runnerDir %s cannot hold code (%s); set runnerDir: to a folder that can" % (folder, why)) from error


def receive(archive: str, digest: str) -> None:
    if os.path.exists(archive) and hashlib.sha256(open(archive, "rb").read()).hexdigest() == digest:
        return say("have")
    say("need")
    (size,) = struct.unpack(">Q", read_exactly(8))
    if size > ARCHIVE_BYTES_MAX:
        raise OSError("an archive of %d bytes was announced; the limit is %d" % (size, ARCHIVE_BYTES_MAX))
    data = read_exactly(size)
    if hashlib.sha256(data).hexdigest() != digest:
        raise OSError("the archive was damaged on its way")
    part = "%s.%d.part" % (archive, os.getpid())
    with open(part, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, archive)
    remove_abandoned_parts(os.path.dirname(archive))
    say("stored")


def remove_abandoned_parts(folder: str) -> None:
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if name.endswith(".part") and time.time() - os.stat(path).st_mtime > PART_SECONDS_MAX:
            os.remove(path)


def read_exactly(count: int) -> bytes:
    """From descriptor 0 itself: what follows belongs to the runner and must not end in a buffer of ours."""
    data = b""
    while len(data) < count:
        piece = os.read(0, min(count - len(data), 1 << 20))
        if not piece:
            raise OSError("the connection ended within the archive")
        data += piece
    return data


def runner_folders(folder: str) -> List[str]:
    return [name for name in os.listdir(folder) if os.path.isdir(os.path.join(folder, name, "spool"))]


def stop(folder: str, name: str) -> List[str]:
    archives = [file for file in os.listdir(folder) if file.startswith("runner-%s" % name) and file.endswith(".pyz")]
    if archives:
        command = [sys.executable or "python3", os.path.join(folder, archives[0]), "stop", "--dir", os.path.join(folder, name)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=STOP_SECONDS_MAX)
    return archives


def retire_older(folder: str, current: str) -> None:
    for name in runner_folders(folder):
        if name == current:
            continue
        archives = stop(folder, name)
        for file in os.listdir(os.path.join(folder, name, "spool")):
            os.replace(os.path.join(folder, name, "spool", file), os.path.join(folder, current, "spool", file))
        shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
        for file in archives:
            os.remove(os.path.join(folder, file))


try:
    main(*sys.argv[1:5])
except (OSError, subprocess.SubprocessError) as error:
    say("error %s" % " ".join(str(error).split()))
    sys.exit(1)
