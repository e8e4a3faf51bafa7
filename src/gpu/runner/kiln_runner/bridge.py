"""`attach --dir DIR [--start]`: stdin and stdout become the runner's socket, for hosts where sockets cannot be forwarded. `hostwork-attach` the same
for work on the host."""
import argparse
import os
import socket
import sys
import threading
from typing import Optional

from kiln_runner.paths import RunnerPaths, connect
from kiln_runner.start import StartFailure, ensure_started

CHUNK_BYTES = 256 * 1024
# After the end of stdin the runner reads what was sent and hangs up; a runner that does not is not waited for.
HANG_UP_SECONDS = 3.0


def run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="attach")
    parser.add_argument("--dir", required=True)
    parser.add_argument("--start", action="store_true")
    options = parser.parse_args(argv)
    return become_stream(RunnerPaths(options.dir), "serve" if options.start else None)


def become_stream(paths: RunnerPaths, command: Optional[str]) -> int:
    """`command`: what serves the folder, to be started where nothing does."""
    try:
        if command is not None:
            ensure_started(paths, command)
    except StartFailure as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    connection = connect(paths)
    if connection is None:
        sys.stderr.write(f"no runner answers at {paths.socket}; start one with: attach --dir {paths.folder} --start\n")
        return 1
    threading.Thread(target=_copy_input, args=(connection,), daemon=True).start()
    _copy_output(connection)
    sys.stdout = None  # type: ignore[assignment]  # a reader that is gone must not fail the exit
    return 0


def _copy_input(connection: socket.socket) -> None:
    """The end of stdin ends the bridge, once the runner has read everything: the last frames before it must arrive."""
    try:
        while True:
            chunk = os.read(0, CHUNK_BYTES)
            if not chunk:
                break
            connection.sendall(chunk)
    except OSError:
        pass
    try:
        connection.settimeout(HANG_UP_SECONDS)
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def _copy_output(connection: socket.socket) -> None:
    try:
        while True:
            chunk = connection.recv(CHUNK_BYTES)
            if not chunk:
                return
            _write_all(chunk)
    except OSError:
        # Either end broke: the bridge is over, and the daemon sees its stream end.
        return


def _write_all(chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[os.write(1, view) :]
