"""Takes the daemon's requests to record a program: on one device, between two judgements, in a sandboxed copy of its environment's zygote.

One run an artifact: asked for -> waits for a device -> runs in the sandbox -> read and stored -> told to all who asked. A run that nobody waits for
any more is dropped. Where what ran wants Triton kernels, they are compiled, in the compile pool and without the device, and it runs again with them.
Several are recorded side by side on one device, on which nothing is timed meanwhile; what fails beside others, who may have left it too little
memory, is tried alone. Where a program's process says that the recorder does not work, or that the device was short of memory, a known program is
recorded in its place: it may have said so itself.

A program that is to be judged by its answers is not recorded: its text and what was built of it are an artifact. Where it speaks of Triton it is
called on the device once for each case, to find which kernels it needs. Invariant: a reservation ends, whatever becomes of the processes.
"""
import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, NamedTuple, Optional, Union, cast

from kiln_runner.artifacts import ArtifactCache
from kiln_runner.compile.compilers import Compilers
from kiln_runner.compile.pool import OnCompiled, compiled, infra
from kiln_runner.compile.simulated import record_simulated
from kiln_runner.compile.tools import EnvironmentTool
from kiln_runner.devices.reservations import Reservation
from kiln_runner.devices.slot import DeviceSlot
from kiln_runner.frames import Frame
from kiln_runner.host.device_nodes import minor_of, visible_name
from kiln_runner.host.simulated_gpus import MODEL
from kiln_runner.programs.answering_document import program_of
from kiln_runner.programs.record_frames import NOT_RECORDABLE, Wanted, Wants
from kiln_runner.programs.record_reading import answers, answers_at_once, lacking, read_run, recorded_by
from kiln_runner.programs.record_run import Asked, Claimed, Run
from kiln_runner.programs.recordings import arena_of, recording_hash
from kiln_runner.programs.sandbox import MEMORY_BYTES_MAX, device_nodes
from kiln_runner.programs.triton_kernels import UNPREPARED_WORDS
from kiln_runner.programs.zygote_frames import Run as ZygoteRun
from kiln_runner.programs.zygotes import Answer, Zygotes
from kiln_runner.protocol import CompileResult, Environment, Infra, InfraFailure
from kiln_runner.protocol_frames import FromRunner, Record
from kiln_runner.protocol_outcomes import CompileOutcome
from kiln_runner.protocol_programs import OwnRecordUnit, ProgramBuild

REQUESTS_MAX = 256
# Most of a recording is starting CUDA in a process of its own.
BESIDE_MAX = 4
# While some go on, others take the places of those that have ended: a device is held for as long as its slowest, and judges wait.
TOPPED_UP_S = 5.0
BESIDE_BYTES_MAX = MEMORY_BYTES_MAX // BESIDE_MAX


class RecordPorts(NamedTuple):
    """`environments`: as the inventory tells them. `compile` and `cancel`: the compile pool's."""

    send: Callable[[FromRunner], None]
    environments: Callable[[], list[Environment]]
    artifacts: Path
    compile: Callable[[str, ProgramBuild, float, OnCompiled], None]
    cancel: Callable[[str], bool]


class RecordRequests:
    def __init__(
        self, loop: asyncio.AbstractEventLoop, slots: dict[str, DeviceSlot], cache: ArtifactCache, compilers: Compilers, zygotes: Zygotes,
        ports: RecordPorts,
    ) -> None:
        self._loop, self._slots, self._cache, self._compilers, self._zygotes, self._ports = loop, slots, cache, compilers, zygotes, ports
        self._runs: dict[str, Run] = {}
        self._of_daemon: dict[str, None] = {}
        # Of each device that is held: ids of what runs on it, and since when.
        self._beside: dict[str, set[str]] = {}
        self._held_s: dict[str, float] = {}
        self._started = 0
        # Recordings are read beside the loop, as many at a time as are made: most of that is unpacking and hashing.
        self._threads = ThreadPoolExecutor(max_workers=BESIDE_MAX, thread_name_prefix="recordings")

    def on_record(self, header: Record, _frame: Frame) -> None:
        compile_id = header["compileId"]
        self._of_daemon[compile_id] = None

        def tell(result: CompileResult) -> None:
            self._of_daemon.pop(compile_id, None)
            self._ports.send({"type": "compiled", "compileId": compile_id, "result": result})

        # A side is the runner's own to ask for, and no frame has one.
        self.record(Asked(compile_id, cast(OwnRecordUnit, header["unit"]), header["limitMs"], tell))

    def record(self, asked: Asked) -> None:
        unit = asked.unit
        tool = self._tool(unit["environment"])
        if tool is None:
            asked.told(infra("environment_missing", self._compilers.fix(unit)))
            return
        artifact = recording_hash(unit, tool["key"])
        meta = self._cache.meta(artifact)
        if meta is not None:
            asked.told(compiled(artifact, meta, cached=True, duration_ms=0))
            return
        run = self._runs.get(artifact)
        if run is not None:
            run.asked.setdefault(asked.id, asked.told)
            return
        slot = self._slot_for(unit["deviceModel"])
        lacking = self._lacking(unit, slot)
        if slot is None or lacking is not None:
            asked.told(lacking or infra("device_lost", f"this host has no {unit['deviceModel']}"))
            return
        self._started += 1
        run = self._runs[artifact] = Run(artifact, self._started, asked, slot, tool)
        self._cache.pin(run.built)
        run.asked[asked.id] = asked.told
        if slot.device["model"] == MODEL:
            self._finish(run, self._simulate(run))
        else:
            self._reserve(run)

    def warm(self, name: str) -> None:
        """A program of this environment is being built: what records it imports the framework meanwhile, not behind that."""
        tool, environment = self._tool(name), self._environment(name)
        has_device = any(slot.device["kind"] == "gpu" and slot.device["model"] != MODEL for slot in self._slots.values())
        if tool is None or environment is None or not has_device:
            return
        if environment["recorder"] != "none" and environment["sandbox"]["level"] != "none":
            self._zygotes.prepare(tool, lambda: None)

    def cancel(self, compile_id: str) -> bool:
        """False when it was not being recorded."""
        run = next((run for run in self._runs.values() if compile_id in run.asked), None)
        if run is None:
            return False
        del run.asked[compile_id]
        self._of_daemon.pop(compile_id, None)
        if not run.asked:
            self._drop(run)
        return True

    def forget(self) -> None:
        """The daemon asks again after each hello for what it still wants. What runs goes on and fills the cache, and what the runner wants itself."""
        forgotten, self._of_daemon = self._of_daemon, {}
        for run in list(self._runs.values()):
            run.asked = {asked: told for asked, told in run.asked.items() if asked not in forgotten}
            if not run.asked and not run.has_begun:
                self._drop(run)

    @property
    def is_busy(self) -> bool:
        return bool(self._runs)

    def close(self) -> None:
        """What is read is stored; its answer goes nowhere."""
        self._threads.shutdown(wait=True)

    def _drop(self, run: Run) -> None:
        self._forget(run)
        if run.is_compiling:
            self._ports.cancel(run.id)
        elif run.has_begun:
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

    def _lacking(self, unit: OwnRecordUnit, slot: Optional[DeviceSlot]) -> Optional[Infra]:
        if slot is None:
            return None
        if slot.device["unavailable"] is not None:
            return infra("device_lost", f"{slot.device['id']} is unavailable: {slot.device['unavailable']}")
        if self._cache.meta(unit["built"]) is None:
            return infra("unknown_artifact", f"artifact {unit['built']} is not on this host; build it again")
        environment = self._environment(unit["environment"])
        needs_recorder = not answers_at_once(unit)
        if environment is None or (needs_recorder and environment["recorder"] == "none") or environment["sandbox"]["level"] == "none":
            return infra("environment_missing", f"environment {unit['environment']} has no recorder or no sandbox on this host")
        if len(self._runs) >= REQUESTS_MAX:
            return infra("internal", f"{REQUESTS_MAX} programs wait on this host to be recorded already")
        return None

    def _tool(self, name: str) -> Optional[EnvironmentTool]:
        return next((tool for tool in self._compilers.tools["environments"] if tool["name"] == name), None)

    def _environment(self, name: str) -> Optional[Environment]:
        return next((one for one in self._ports.environments() if one["name"] == name), None)

    def _simulate(self, run: Run) -> CompileResult:
        """Of a simulated GPU nothing can be recorded: the artifact is made of its own name."""
        try:
            refused = record_simulated(self._ports.artifacts, run.artifact, run.unit)
        except OSError as error:
            return infra("out_of_disk", f"{error}")
        if refused is not None:
            return self._failed(run, {"verdict": "contract", "case": "", "message": NOT_RECORDABLE + refused})
        return self._stored(run)

    def _reserve(self, run: Run) -> None:
        if answers_at_once(run.unit):
            # What judges it needs the zygote, for which no device must wait.
            self._zygotes.prepare(run.tool, lambda: self._read_at_once(run))
            return

        def refused(failure: InfraFailure) -> None:
            self._finish(run, {"status": "infra", "failure": failure})

        run.reservation, run.is_asked_for, run.has_begun = Reservation(lambda: self._begin(run), refused), False, False
        self._zygotes.prepare(run.tool, lambda: self._ask_for_device(run))

    def _read_at_once(self, run: Run) -> None:
        if self._runs.get(run.artifact) is run:
            self._read(run, None)

    def _ask_for_device(self, run: Run) -> None:
        if self._runs.get(run.artifact) is run and run.reservation is not None:
            run.is_asked_for = True
            run.slot.reservations.add(run.reservation)

    def _begin(self, run: Run) -> None:
        # Before others are looked for: it waits no more.
        run.has_begun = True
        together = [run, *self._others_beside(run)]
        for one in together:
            one.has_begun, one.was_beside, one.started_ns = True, len(together) > 1, time.monotonic_ns()
        self._beside[run.slot.device["id"]] = {one.id for one in together}
        self._held_s[run.slot.device["id"]] = time.monotonic()
        for one in together:
            self._start(one)

    def _start(self, run: Run) -> None:
        self._zygotes.run(run.tool, self._order(run), lambda answer: self._on_answer(run, answer))

    def _others_beside(self, run: Run) -> list[Run]:
        """That wait for the same device. Kernels that tune themselves are timed in the recording: those have it to themselves."""
        return [] if run.is_alone or run.kernels else self._take(run.slot, BESIDE_MAX - 1)

    def _take(self, slot: DeviceSlot, most: int) -> list[Run]:
        """Of those that wait for the device and may run beside others: they wait no more."""
        waiting = [one for one in self._runs.values() if one.slot is slot and one.is_asked_for and not one.has_begun]
        taken = [one for one in waiting if not (one.is_alone or one.kernels)][:most]
        for one in taken:
            if one.reservation is not None:
                slot.reservations.withdraw(one.reservation)
        return taken

    def _top_up(self, slot: DeviceSlot, beside: set[str]) -> None:
        if time.monotonic() - self._held_s[slot.device["id"]] >= TOPPED_UP_S:
            return
        for one in self._take(slot, BESIDE_MAX - len(beside)):
            one.has_begun, one.was_beside, one.started_ns = True, True, time.monotonic_ns()
            beside.add(one.id)
            self._start(one)

    def _order(self, run: Run) -> ZygoteRun:
        unit, device, environment = recorded_by(run), run.slot.device, self._environment(run.unit["environment"])
        asked = {
            **program_of(unit), "arena": arena_of(run.artifact, unit.get("side")), "device": visible_name(device["id"]),
            **({"rehearsal": True} if answers(unit) else {}), **({"needsRoom": True} if run.claimed is not None else {}),
        }
        return {
            "type": "run", "id": run.id, "task": "record", "asked": asked,
            "bounds": {"limit_s": run.limit_ms / 1000, "memory_bytes": BESIDE_BYTES_MAX if run.was_beside else MEMORY_BYTES_MAX},
            "level": environment["sandbox"]["level"] if environment else "none", "artifact": str(self._ports.artifacts / run.built),
            "nodes": device_nodes(minor_of(device["id"])),
        }

    def _on_answer(self, run: Run, answer: Answer) -> None:
        device = run.slot.device["id"]
        beside = self._beside[device]
        beside.discard(run.id)
        if beside:
            self._top_up(run.slot, beside)
        else:
            del self._beside[device]
            run.slot.reservations.end()
        if self._runs.get(run.artifact) is not run:
            return
        if run.claimed is not None:
            self._on_verified(run, run.claimed, answer)
        elif answer.how == "answered":
            self._read(run, answer)
        elif run.was_beside:
            self._try_alone(run)
        else:
            self._finish(run, self._ended(run, answer))

    def _read(self, run: Run, answer: Optional[Answer]) -> None:
        """None: nothing was asked of the device."""
        compiler = self._compilers.version(run.unit) or ""
        reading = self._loop.run_in_executor(self._threads, read_run, self._ports.artifacts, run, answer, compiler)
        reading.add_done_callback(lambda done: self._on_read(run, done))

    def _on_verified(self, run: Run, claimed: Claimed, answer: Answer) -> None:
        """`answer`: of the known program's process."""
        found = lacking(run, answer) if answer.how == "answered" else claimed
        if found is not None and found.is_shortage:
            self._finish(run, infra("out_of_memory", f"the program was not recorded on {run.slot.device['id']}: {found.words}"))
        elif found is None and claimed.is_shortage and not run.has_room:
            # Whoever had the memory is gone, or the program made that up.
            run.claimed, run.has_room = None, True
            self._try_alone(run)
        else:
            self._finish(run, self._verified(run, claimed, does_work=found is None))

    def _verified(self, run: Run, claimed: Claimed, *, does_work: bool) -> CompileResult:
        environment = self._environment(run.unit["environment"])
        is_whole = environment is not None and not any(words.startswith(UNPREPARED_WORDS) for words in environment["warnings"])
        if is_whole and does_work:
            message = f"its process says that the recorder does not work here, and it does: {claimed.words}"
            return self._failed(run, {"verdict": "contract", "case": "", "message": message})
        return infra("environment_missing", f"the recorder of environment {run.unit['environment']} does not work here: {claimed.words}")

    def _try_alone(self, run: Run) -> None:
        run.is_alone, run.was_beside = True, False
        self._reserve(run)

    def _ended(self, run: Run, answer: Answer) -> CompileResult:
        printed = f"\nit printed:\n{answer.log}" if answer.log.strip() else ""
        if answer.how == "timed_out":
            return self._failed(run, {"verdict": "timed_out", "stage": "check", "case": "", "limitMs": run.limit_ms})
        if answer.how == "over":
            return self._failed(run, {"verdict": "contract", "case": "", "message": f"{answer.why}{printed}"})
        if answer.how == "ended":
            return self._failed(run, {"verdict": "contract", "case": "", "message": f"the program ended its own process{printed}"})
        codes = {"lost": "worker_died", "unconfinable": "environment_missing"}
        return infra(codes.get(answer.how, "suspended"), f"the program was not recorded: {answer.why}")

    def _on_read(self, run: Run, done: "asyncio.Future[Union[CompileOutcome, Infra, Wants, Claimed, None]]") -> None:
        error = done.exception()
        read = infra("internal", f"the recording cannot be read: {type(error).__name__}: {error}") if error else done.result()
        if self._runs.get(run.artifact) is not run:
            # Nobody waits any more; what was stored is stored.
            self._cache.added(run.artifact) if read is None else None
        elif isinstance(read, Wants):
            self._compile(run, read.kernels)
        elif isinstance(read, Claimed):
            # Beside others it may have had too little of the device for a recorder; what it says alone is looked into.
            run.claimed = None if run.was_beside else read
            self._try_alone(run)
        elif read is None:
            self._cache.added(run.artifact)
            self._finish(run, self._stored(run))
        elif run.was_beside and ("status" in read or read["verdict"] != "contract"):
            self._try_alone(run)
        elif "status" in read:
            self._finish(run, read)
        else:
            self._finish(run, self._failed(run, read))

    def _compile(self, run: Run, wanted: list[Wanted]) -> None:
        why = run.kernels.add(wanted)
        if why is not None:
            self._finish(run, self._failed(run, {"verdict": "contract", "case": "", "message": NOT_RECORDABLE + why}))
        elif run.asked:
            run.is_compiling = True
            limit_ms = run.kernels.limit_ms(run.limit_ms)
            self._ports.compile(run.id, run.kernels.unit(run.unit), limit_ms, lambda result: self._on_compiled(run, result))
        else:
            self._drop(run)

    def _on_compiled(self, run: Run, result: CompileResult) -> None:
        run.is_compiling = False
        if self._runs.get(run.artifact) is not run:
            return
        if result["status"] != "compiled":
            self._finish(run, result)
            return
        self._cache.unpin(run.built)
        run.built = result["artifact"]
        self._cache.pin(run.built)
        self._reserve(run)

    def _stored(self, run: Run) -> CompileResult:
        if run.slot.device["model"] == MODEL:
            self._cache.added(run.artifact)
        meta = self._cache.meta(run.artifact)
        if meta is None:
            return infra("internal", f"recording {run.artifact} vanished after it was made")
        return compiled(run.artifact, meta, cached=False, duration_ms=_since_ms(run.started_ns))

    def _failed(self, run: Run, outcome: CompileOutcome) -> CompileResult:
        compiler = self._compilers.version(run.unit) or ""
        return {"status": "failed", "outcome": outcome, "durationMs": _since_ms(run.started_ns), "compiler": compiler}

    def _finish(self, run: Run, result: CompileResult) -> None:
        self._forget(run)
        for told in list(run.asked.values()):
            told(result)

    def _forget(self, run: Run) -> None:
        if self._runs.get(run.artifact) is run:
            del self._runs[run.artifact]
            self._cache.unpin(run.built)


def _since_ms(start_ns: int) -> float:
    return (time.monotonic_ns() - start_ns) / 1e6
