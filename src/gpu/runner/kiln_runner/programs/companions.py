"""The processes in which programs answer, one for each that a judge asks for: copies of the environment's zygote in the sandbox, on the judge's
device.

asked for -> its zygote is ready -> runs -> ended, which the judge is told once. Invariant: none outlives the judge that asked for it.
"""
from pathlib import Path
from typing import Callable, NamedTuple, Optional

from kiln_runner.compile.tools import EnvironmentTool
from kiln_runner.host.device_nodes import minor_of, visible_name
from kiln_runner.judge_frames import CompanionEnded, StartCompanion
from kiln_runner.programs.sandbox import MEMORY_BYTES_MAX, device_nodes
from kiln_runner.programs.zygote_frames import Run
from kiln_runner.programs.zygotes import Answer, Zygotes
from kiln_runner.protocol import Device, Environment

RUNNING_MAX = 32
Tell = Callable[[CompanionEnded], None]


class Equipment(NamedTuple):
    """`tools`: the environments' Pythons; `environments`: as the inventory tells them."""

    tools: Callable[[], "list[EnvironmentTool]"]
    environments: Callable[[], "list[Environment]"]
    artifacts: Path


class _Companion:
    """`has_begun`: its zygote was ready, and was asked for it."""

    def __init__(self, device: str, tell: Tell) -> None:
        self.device, self.tell, self.has_begun = device, tell, False


class Companions:
    def __init__(self, zygotes: Zygotes, equipment: Equipment) -> None:
        self._zygotes, self._equipment = zygotes, equipment
        self._running: dict[str, _Companion] = {}

    def start(self, device: Device, asked: StartCompanion, tell: Tell) -> None:
        name = asked["id"]
        tool, environment = self._tool(asked), self._environment(asked)
        if tool is None or environment is None or environment["sandbox"]["level"] == "none":
            return tell(_ended(name, "unconfinable", f"environment {asked['environment']} of that key has no Python or no sandbox on this host"))
        if name in self._running or len(self._running) >= RUNNING_MAX:
            return tell(_ended(name, "suspended", f"{RUNNING_MAX} programs answer on this host already"))
        companion = self._running[name] = _Companion(device["id"], tell)

        def run() -> None:
            # Its judge may be gone.
            if self._running.get(name) is companion:
                companion.has_begun = True
                order = self._order(device, asked, environment["sandbox"]["level"])
                self._zygotes.run(tool, order, lambda answer: self._on_answer(name, companion, answer))

        self._zygotes.prepare(tool, run)

    def end(self, companion_id: str) -> None:
        companion = self._running.get(companion_id)
        if companion is None:
            return
        if companion.has_begun:
            self._zygotes.cancel(_run_id(companion_id))
        else:
            self._on_answer(companion_id, companion, Answer("suspended", "it was ended before it began", "", b""))

    def end_all(self, device_id: str) -> None:
        for name, companion in list(self._running.items()):
            if companion.device == device_id:
                del self._running[name]
                self._zygotes.cancel(_run_id(name))

    def _on_answer(self, name: str, companion: _Companion, answer: Answer) -> None:
        if self._running.get(name) is companion:
            del self._running[name]
            companion.tell(_ended(name, answer.how, answer.why, answer.log))

    def _tool(self, asked: StartCompanion) -> Optional[EnvironmentTool]:
        return next((t for t in self._equipment.tools() if t["name"] == asked["environment"] and t["key"] == asked["environmentKey"]), None)

    def _environment(self, asked: StartCompanion) -> Optional[Environment]:
        return next((one for one in self._equipment.environments() if one["name"] == asked["environment"]), None)

    def _order(self, device: Device, asked: StartCompanion, level: str) -> Run:
        artifact = asked["artifact"]
        return {
            "type": "run", "id": _run_id(asked["id"]), "task": "answer",
            "asked": {**asked["program"], "device": visible_name(device["id"])},
            "bounds": {"limit_s": asked["limitS"], "memory_bytes": MEMORY_BYTES_MAX}, "level": level,
            "nodes": device_nodes(minor_of(device["id"])), "artifact": str(self._equipment.artifacts / artifact) if artifact else None,
            "connect": asked["socket"],
        }


def _run_id(companion_id: str) -> str:
    return f"companion.{companion_id}"


def _ended(name: str, how: str, why: str, log: str = "") -> CompanionEnded:
    return {"type": "companion_ended", "id": name, "how": how, "why": why, "log": log[:LOG_CHARS_MAX]}


LOG_CHARS_MAX = 60_000
