"""Takes the daemon's requests to record a program: on one device, between two judgements, in a sandboxed copy of its environment's zygote.

One run an artifact: asked for -> waits for a device -> runs in the sandbox -> read and stored -> told to all who asked. A run that nobody waits for
any more is dropped. Invariant: a reservation ends, whatever becomes of the process.
"""
import asyncio
import errno
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, NamedTuple, Optional, Union

from kiln_runner.artifacts import ArtifactCache
from kiln_runner.compile.artifact import store_artifact
from kiln_runner.compile.compilers import Compilers
from kiln_runner.compile.pool import compiled, infra
from kiln_runner.compile.simulated import compile_simulated
from kiln_runner.compile.tools import EnvironmentTool
from kiln_runner.devices.reservations import Reservation
from kiln_runner.devices.slot import DeviceSlot
from kiln_runner.frames import Frame
from kiln_runner.host.device_nodes import minor_of
from kiln_runner.host.simulated_gpus import MODEL
from kiln_runner.programs.recordings import Kept, Unequipped, arena_of, kept_of, recording_hash
from kiln_runner.programs.sandbox import device_nodes
from kiln_runner.programs.zygote_frames import Run as ZygoteRun
from kiln_runner.programs.zygotes import Answer, Zygotes
from kiln_runner.protocol import CompileResult, Environment, Infra, InfraFailure
from kiln_runner.protocol_frames import FromRunner, Record
from kiln_runner.protocol_outcomes import CompileOutcome
from kiln_runner.protocol_programs import RecordUnit

REQUESTS_MAX = 256
# PyTorch, its libraries' memory and what CUDA maps of the host's.
MEMORY_BYTES_MAX = 32 * 1024 ** 3


class RecordPorts(NamedTuple):
    """`environments`: as the inventory tells them."""

    send: Callable[[FromRunner], None]
    environments: Callable[[], list[Environment]]
    artifacts: Path


class _Run:
    def __init__(self, artifact: str, number: int, unit: RecordUnit, slot: DeviceSlot, limit_ms: float) -> None:
        self.artifact, self.unit, self.slot, self.limit_ms = artifact, unit, slot, limit_ms
        self.id = f"{artifact}.{number}"
        self.asked: list[str] = []
        self.reservation: Optional[Reservation] = None
        self.is_asked_for = self.has_begun = False
        self.started_ns = time.monotonic_ns()


class RecordRequests:
    def __init__(
        self, loop: asyncio.AbstractEventLoop, slots: dict[str, DeviceSlot], cache: ArtifactCache, compilers: Compilers, zygotes: Zygotes,
        ports: RecordPorts,
    ) -> None:
        self._loop, self._slots, self._cache, self._compilers, self._zygotes, self._ports = loop, slots, cache, compilers, zygotes, ports
        self._runs: dict[str, _Run] = {}
        self._started = 0
        # Recordings are read one after another, beside the loop.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="recordings")

    def on_record(self, header: Record, _frame: Frame) -> None:
        unit, compile_id = header["unit"], header["compileId"]
        tool = next((tool for tool in self._compilers.tools["environments"] if tool["name"] == unit["environment"]), None)
        if tool is None:
            self._tell([compile_id], infra("environment_missing", self._compilers.fix(unit)))
            return
        artifact = recording_hash(unit, tool["key"])
        meta = self._cache.meta(artifact)
        if meta is not None:
            self._tell([compile_id], compiled(artifact, meta, cached=True, duration_ms=0))
            return
        run = self._runs.get(artifact)
        if run is not None:
            run.asked += [] if compile_id in run.asked else [compile_id]
            return
        slot = self._slot_for(unit["deviceModel"])
        lacking = self._lacking(unit, slot)
        if slot is None or lacking is not None:
            self._tell([compile_id], lacking or infra("device_lost", f"this host has no {unit['deviceModel']}"))
            return
        self._started += 1
        run = self._runs[artifact] = _Run(artifact, self._started, unit, slot, header["limitMs"])
        run.asked.append(compile_id)
        if slot.device["model"] == MODEL:
            self._finish(run, self._simulate(run))
        else:
            self._reserve(run, tool)

    def cancel(self, compile_id: str) -> bool:
        """False when it was not being recorded."""
        run = next((run for run in self._runs.values() if compile_id in run.asked), None)
        if run is None:
            return False
        run.asked.remove(compile_id)
        if not run.asked:
            self._drop(run)
        return True

    def forget(self) -> None:
        """The daemon asks again after each hello for what it still wants. What runs goes on and fills the cache."""
        for run in list(self._runs.values()):
            run.asked.clear()
            if not run.has_begun:
                self._drop(run)

    @property
    def is_busy(self) -> bool:
        return bool(self._runs)

    def close(self) -> None:
        """What is read is stored; its answer goes nowhere."""
        self._thread.shutdown(wait=True)

    def _drop(self, run: _Run) -> None:
        self._forget(run)
        if run.has_begun:
            self._zygotes.cancel(run.id)
        elif run.is_asked_for and run.reservation is not None:
            run.slot.reservations.withdraw(run.reservation)

    def _slot_for(self, model: str) -> Optional[DeviceSlot]:
        """Of the devices that take work, the one with least to do."""
        fitting = [slot for slot in self._slots.values() if slot.device["model"] == model]
        open_ones = [slot for slot in fitting if slot.device["unavailable"] is None] or fitting
        return min(open_ones, key=lambda slot: len(slot.queued_ids) + len(slot.unfinished_ids) + self._waiting_at(slot), default=None)

    def _waiting_at(self, slot: DeviceSlot) -> int:
        return sum(run.slot is slot for run in self._runs.values())

    def _lacking(self, unit: RecordUnit, slot: Optional[DeviceSlot]) -> Optional[Infra]:
        if slot is None:
            return None
        if slot.device["unavailable"] is not None:
            return infra("device_lost", f"{slot.device['id']} is unavailable: {slot.device['unavailable']}")
        if self._cache.meta(unit["built"]) is None:
            return infra("unknown_artifact", f"artifact {unit['built']} is not on this host; build it again")
        environment = self._environment(unit)
        if environment is None or environment["recorder"] == "none" or environment["sandbox"]["level"] == "none":
            return infra("environment_missing", f"environment {unit['environment']} has no recorder or no sandbox on this host")
        if len(self._runs) >= REQUESTS_MAX:
            return infra("internal", f"{REQUESTS_MAX} programs wait on this host to be recorded already")
        return None

    def _environment(self, unit: RecordUnit) -> Optional[Environment]:
        return next((one for one in self._ports.environments() if one["name"] == unit["environment"]), None)

    def _simulate(self, run: _Run) -> CompileResult:
        """Of a simulated GPU nothing can be recorded: the artifact is made of its own name."""
        try:
            compile_simulated(self._ports.artifacts, run.artifact, run.unit)
        except OSError as error:
            return infra("out_of_disk", f"{error}")
        return self._stored(run)

    def _reserve(self, run: _Run, tool: EnvironmentTool) -> None:
        self._cache.pin(run.unit["built"])

        def refused(failure: InfraFailure) -> None:
            self._finish(run, {"status": "infra", "failure": failure})

        run.reservation = Reservation(lambda: self._begin(run, tool), refused)
        self._zygotes.prepare(tool, lambda: self._ask_for_device(run))

    def _ask_for_device(self, run: _Run) -> None:
        if self._runs.get(run.artifact) is run and run.reservation is not None:
            run.is_asked_for = True
            run.slot.reservations.add(run.reservation)

    def _begin(self, run: _Run, tool: EnvironmentTool) -> None:
        run.has_begun, run.started_ns = True, time.monotonic_ns()
        self._zygotes.run(tool, self._order(run), lambda answer: self._on_answer(run, answer))

    def _order(self, run: _Run) -> ZygoteRun:
        unit, device, environment = run.unit, run.slot.device, self._environment(run.unit)
        asked = {
            "files": unit["files"], "entry": unit["entry"], "architecture": unit["architecture"], "cases": unit["cases"],
            "arena": arena_of(run.artifact), "device": device["id"] if device["id"].startswith("GPU-") else "",
        }
        return {
            "type": "run", "id": run.id, "task": "record", "asked": asked,
            "bounds": {"limit_s": run.limit_ms / 1000, "memory_bytes": MEMORY_BYTES_MAX},
            "level": environment["sandbox"]["level"] if environment else "none", "artifact": str(self._ports.artifacts / unit["built"]),
            "nodes": device_nodes(minor_of(device["id"])),
        }

    def _on_answer(self, run: _Run, answer: Answer) -> None:
        run.slot.reservations.end()
        if self._runs.get(run.artifact) is not run:
            return
        if answer.how == "answered":
            compiler = self._compilers.version(run.unit) or ""
            reading = self._loop.run_in_executor(self._thread, _read, self._ports.artifacts, run, answer, compiler)
            reading.add_done_callback(lambda done: self._on_read(run, done))
        else:
            self._finish(run, self._ended(run, answer))

    def _ended(self, run: _Run, answer: Answer) -> CompileResult:
        printed = f"\nit printed:\n{answer.log}" if answer.log.strip() else ""
        if answer.how == "timed_out":
            return self._failed(run, {"verdict": "timed_out", "stage": "check", "case": "", "limitMs": run.limit_ms})
        if answer.how == "over":
            return self._failed(run, {"verdict": "contract", "case": "", "message": f"{answer.why}{printed}"})
        if answer.how == "ended":
            return self._failed(run, {"verdict": "contract", "case": "", "message": f"the program ended its own process{printed}"})
        codes = {"lost": "worker_died", "unconfinable": "environment_missing"}
        return infra(codes.get(answer.how, "suspended"), f"the program was not recorded: {answer.why}")

    def _on_read(self, run: _Run, done: "asyncio.Future[Union[CompileOutcome, Infra, None]]") -> None:
        error = done.exception()
        read = infra("internal", f"the recording cannot be read: {type(error).__name__}: {error}") if error else done.result()
        if read is None:
            self._cache.added(run.artifact)
            self._finish(run, self._stored(run))
        elif "status" in read:
            self._finish(run, read)
        else:
            self._finish(run, self._failed(run, read))

    def _stored(self, run: _Run) -> CompileResult:
        if run.slot.device["model"] == MODEL:
            self._cache.added(run.artifact)
        meta = self._cache.meta(run.artifact)
        if meta is None:
            return infra("internal", f"recording {run.artifact} vanished after it was made")
        return compiled(run.artifact, meta, cached=False, duration_ms=_since_ms(run.started_ns))

    def _failed(self, run: _Run, outcome: CompileOutcome) -> CompileResult:
        compiler = self._compilers.version(run.unit) or ""
        return {"status": "failed", "outcome": outcome, "durationMs": _since_ms(run.started_ns), "compiler": compiler}

    def _finish(self, run: _Run, result: CompileResult) -> None:
        asked = list(run.asked)
        self._forget(run)
        self._tell(asked, result)

    def _forget(self, run: _Run) -> None:
        if self._runs.get(run.artifact) is run:
            del self._runs[run.artifact]
            if run.reservation is not None:
                self._cache.unpin(run.unit["built"])

    def _tell(self, asked: list[str], result: CompileResult) -> None:
        for compile_id in asked:
            self._ports.send({"type": "compiled", "compileId": compile_id, "result": result})


def _read(artifacts: Path, run: _Run, answer: Answer, compiler: str) -> Union[CompileOutcome, Infra, None]:
    """In a thread. None: it is stored."""
    try:
        kept = kept_of(answer.answer, run.unit, compiler, answer.log)
        if not isinstance(kept, Kept):
            return kept
        store_artifact(artifacts, run.artifact, kept.meta, kept.files)
        return None
    except Unequipped as error:
        return infra("environment_missing", f"the recorder of environment {run.unit['environment']} does not work here: {error}")
    except OSError as error:
        code = "out_of_disk" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "internal"
        return infra(code, f"the recording cannot be stored: {error}")


def _since_ms(start_ns: int) -> float:
    return (time.monotonic_ns() - start_ns) / 1e6
