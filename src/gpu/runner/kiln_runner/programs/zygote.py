"""`program-zygote`: run by an environment's Python. Imports what programs import, once, and forks a sandboxed copy for each in milliseconds.

stdin: {type: "run", id, task, asked, bounds, level, nodes, artifact, connect?} | {type: "stop", id}. stdout: {type: "ready", imported, warnings}
once, then {type: "ended", id, how, why, status, log} with the answer as payload. The end of stdin ends it and everything that it started.

It makes no verdict, and runs no code of a program itself. One import that starts CUDA would leave every copy without a GPU, so that each is looked
at, and one that does is told by name.
"""
import gc
import importlib
import os
import selectors
import socket
import sys
from pathlib import Path
from typing import Any, Callable, cast

from kiln_runner.frames import FrameDecoder, encode
from kiln_runner.programs import supervisor
from kiln_runner.programs.answer_task import answers_by
from kiln_runner.programs.built import read
from kiln_runner.programs.control_group import remove_left_groups
from kiln_runner.programs.cupti import preload
from kiln_runner.programs.environment_imports import IMPORTS_OF_RUNS, import_all, keep_settings, places
from kiln_runner.programs.record_task import equipped_by
from kiln_runner.programs.sandbox import Bounds, Box
from kiln_runner.programs.tasks import TASKS
from kiln_runner.programs.triton_compile import prepare
from kiln_runner.programs.zygote_frames import ENDED_BYTES_MAX, FromZygote, Run, ToZygote
from kiln_runner.temporary_folders import remove_left

RUNNING_MAX = 64
READ_BYTES = 1024 * 1024
# The judge listens before it asks.
CONNECT_S = 2.0


def run(argv: list[str]) -> int:
    """`--imports a,b`: others than the usual ones. `--recorder a`: a module that equips recorders in its own way (`equip`), or programs that answer
    (`equip_answers`), for tests."""
    names = argv[argv.index("--imports") + 1].split(",") if "--imports" in argv else list(IMPORTS_OF_RUNS)
    frames_out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    keep_settings()
    # Of guardians that were killed while the runner lives.
    remove_left()
    remove_left_groups()
    imported = import_all([name for name in names if name])
    if "--recorder" in argv:
        own = importlib.import_module(argv[argv.index("--recorder") + 1])
        equipped_by.append(getattr(own, "equip", equipped_by[-1]))
        answers_by.append(getattr(own, "equip_answers", answers_by[-1]))
    preload()
    prepare()
    gc.collect()
    # Pages that copies share stay shared.
    gc.freeze()
    ready: FromZygote = {"type": "ready", "imported": imported.versions, "warnings": imported.warnings}
    frames_out.write(encode(ready))
    _Zygote(frames_out.write).serve(sys.stdin.fileno())
    return 0


def _connected(header: Run) -> "list[socket.socket]":
    """Whoever listens is there already. OSError."""
    path = header.get("connect")
    if path is None:
        return []
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connected.settimeout(CONNECT_S)
        connected.connect(path)
        connected.settimeout(None)
    except OSError:
        connected.close()
        raise
    return [connected]


class _Zygote:
    """Runs: id -> what runs. Frames in, frames out; forks between."""

    def __init__(self, write: Callable[[bytes], Any]) -> None:
        self._write = write
        self._running: dict[str, supervisor.Running] = {}
        self._heard: dict[int, bytearray] = {}
        self._selector = selectors.DefaultSelector()

    def serve(self, commands: int) -> None:
        decoder = FrameDecoder()
        self._selector.register(commands, selectors.EVENT_READ, None)
        while True:
            for key, _ in self._selector.select():
                data = os.read(key.fd, READ_BYTES)
                if key.data is not None:
                    self._hear(key.data, data)
                elif not data:
                    self._end_all()
                    return
                else:
                    for frame in decoder.feed(data):
                        self._obey(cast(ToZygote, frame.header))

    def _obey(self, header: ToZygote) -> None:
        if header["type"] == "stop":
            running = self._running.get(header["id"])
            if running is not None:
                # Its guardian ends it, and says so.
                os.close(running.held)
                self._running[header["id"]] = running._replace(held=-1)
        else:
            self._start(header)

    def _start(self, header: Run) -> None:
        name, task, asked = header["id"], TASKS.get(header["task"]), header["asked"]
        if task is None or name in self._running or len(self._running) >= RUNNING_MAX:
            self._tell(name, supervisor.Ended("suspended", "not a task, an id that runs already, or too many at a time", 0, "", b""))
            return
        if header["artifact"]:
            asked = {**asked, "built": read(Path(header["artifact"]))}
        try:
            connected = _connected(header)
        except OSError as error:
            self._tell(name, supervisor.Ended("suspended", f"whoever asked for it cannot be connected to: {error}", 0, "", b""))
            return
        box = Box(supervisor.make_folder(), places(), header["nodes"], None, header["level"])
        running = supervisor.start(lambda: task(asked), box, Bounds(**header["bounds"]), [one.fileno() for one in connected])
        for one in connected:
            one.close()
        self._running[name] = running
        self._heard[running.ended] = bytearray()
        self._selector.register(running.ended, selectors.EVENT_READ, name)

    def _hear(self, name: str, data: bytes) -> None:
        running = self._running[name]
        self._heard[running.ended] += data
        if data:
            return
        self._selector.unregister(running.ended)
        heard = self._heard.pop(running.ended)
        del self._running[name]
        os.close(running.ended)
        if running.held >= 0:
            os.close(running.held)
        os.waitpid(running.guardian, 0)
        self._tell(name, supervisor.ended_of(bytes(heard)))

    def _tell(self, name: str, ended: supervisor.Ended) -> None:
        header: FromZygote = {"type": "ended", "id": name, "how": ended.how, "why": ended.why, "status": ended.status, "log": ended.log}
        self._write(encode(header, ended.answer, ENDED_BYTES_MAX))

    def _end_all(self) -> None:
        for running in self._running.values():
            if running.held >= 0:
                os.close(running.held)
        for running in self._running.values():
            os.waitpid(running.guardian, 0)
