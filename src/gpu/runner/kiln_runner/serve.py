"""`serve --dir DIR`: the server in the foreground, until SIGTERM, SIGINT, a daemon's `shutdown`, or too long without a daemon."""
import argparse
import asyncio
import os
import shutil
import signal
import sys
from typing import Any

from kiln_runner.host.equipment import Probe
from kiln_runner.host.placement import move_to
from kiln_runner.log import Log
from kiln_runner.paths import EXIT_LOCKED, RunnerPaths, take_lock
from kiln_runner.programs.control_group import remove_left_groups
from kiln_runner.server import Server
from kiln_runner.temporary_folders import remove_left
from kiln_runner.unpacked import unpack

SOCKET_BACKLOG = 16


def run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="serve")
    parser.add_argument("--dir", required=True)
    paths = RunnerPaths(parser.parse_args(argv).dir)
    paths.create()
    if take_lock(paths) is None:
        sys.stderr.write(f"another runner serves {paths.folder}; stop it with: stop --dir {paths.folder}\n")
        return EXIT_LOCKED
    _clean_work(paths)
    paths.pid.write_text(f"{os.getpid()}\n")
    try:
        return asyncio.run(_serve(paths))
    finally:
        paths.pid.unlink(missing_ok=True)
        # The lock stays until the process is gone: whoever then finds it free finds nothing left of this runner.


async def _serve(paths: RunnerPaths) -> int:
    loop = asyncio.get_running_loop()
    log = Log(paths.log)
    stopped: asyncio.Future[str] = loop.create_future()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _settle, stopped, f"signal {number.name}")
    loop.set_exception_handler(lambda _, context: log.write(_describe(context)))
    equipment, copy = await asyncio.gather(
        loop.run_in_executor(None, Probe().take), loop.run_in_executor(None, unpack, paths, log.write),
    )
    # Here, before any child: compile workers and judges that start inherit it.
    move_to(equipment.placement.shared)
    server = Server(loop, paths, equipment, copy=copy, log=log.write, on_stop=lambda reason: _settle(stopped, reason))
    socket = await _listen(loop, paths, server)
    log.write(f"serving {paths.folder} at {paths.socket}, pid {os.getpid()}")
    server.start()
    try:
        log.write(f"stopping: {await stopped}")
    finally:
        socket.close()
        paths.socket.unlink(missing_ok=True)
        paths.socket_note.unlink(missing_ok=True)
        await server.stop()
    return 0


async def _listen(loop: asyncio.AbstractEventLoop, paths: RunnerPaths, server: Server) -> asyncio.AbstractServer:
    # The lock is ours, so a socket that is there belongs to a runner that died.
    paths.socket.unlink(missing_ok=True)
    before = os.umask(0o177)
    try:
        socket = await loop.create_unix_server(server.accept, str(paths.socket), backlog=SOCKET_BACKLOG)
    finally:
        os.umask(before)
    paths.socket_note.write_bytes(os.fsencode(paths.socket) + b"\n")
    return socket


def _settle(future: "asyncio.Future[str]", reason: str) -> None:
    if not future.done():
        future.set_result(reason)


def _clean_work(paths: RunnerPaths) -> None:
    """What compilers and programs of a runner that was killed have left."""
    shutil.rmtree(paths.work, ignore_errors=True)
    paths.work.mkdir(mode=0o700)
    remove_left()
    remove_left_groups()


def _describe(context: dict[str, Any]) -> str:
    error = context.get("exception")
    return f"{context['message']}: {error!r}" if error is None else "".join([context["message"], "\n", *_trace(error)])


def _trace(error: BaseException) -> list[str]:
    import traceback

    return traceback.format_exception(type(error), error, error.__traceback__)
