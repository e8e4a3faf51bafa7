"""The runner server: one event loop that answers a daemon, feeds the compile pool and every device, and keeps results until they
are acknowledged.

It belongs to one daemon at a time. A new `attach` of the same daemon replaces its connection; another daemon is refused while the
lease lives. Nothing here blocks: compilers and judges are child processes, the disk is a thread.
"""
import asyncio
import json
import uuid
from pathlib import Path
from typing import Any, Callable, Optional, Union, cast

from kiln_runner import protocol, protocol_frames
from kiln_runner.artifact_transfers import ArtifactTransfers
from kiln_runner.artifacts import ArtifactCache
from kiln_runner.compile.compilers import Compilers
from kiln_runner.compile.pool import CompilePool
from kiln_runner.compile_requests import CompileRequests, cancelled
from kiln_runner.connection import Connection, Refusal
from kiln_runner.devices.attempts import AttemptPorts, Attempts
from kiln_runner.devices.device_reservations import DeviceReservations
from kiln_runner.devices.problems import ProblemRegistry
from kiln_runner.devices.slot import DeviceSlot
from kiln_runner.devices.slot_events import Prepared, Preparing, SlotEvents, Unpreparable
from kiln_runner.devices.task import infra_of
from kiln_runner.disk import Disk
from kiln_runner.frames import Frame
from kiln_runner.health import Health
from kiln_runner.host.equipment import Equipment, Probe, judge_command, profile_command, watch_command
from kiln_runner.host_equipment import EquipmentPorts, HostEquipment, NewProbe, Users
from kiln_runner.identity import runner_hash
from kiln_runner.lease import Lease
from kiln_runner.messages import PROTOCOL_VERSION
from kiln_runner.paths import RunnerPaths
from kiln_runner.process import Children, Command
from kiln_runner.profile.requests import ProfilePorts, ProfileRequests
from kiln_runner.programs.companions import Companions
from kiln_runner.programs.companions import Equipment as ProgramEquipment
from kiln_runner.programs.record_requests import RecordPorts, RecordRequests
from kiln_runner.programs.zygotes import Zygotes
from kiln_runner.spool import Kept, Spool
from kiln_runner.watch.simulated import silent_s_max_of_tests
from kiln_runner.watch.watch import DeviceWatch

HEALTH_PERIOD_S = 2.0
WARM_WORKERS = 2
# A reading of the GPUs comes every 5 s: after so long without one, NVML hangs. The start of the process that reads counts too.
SILENT_S_MAX = 30.0


class Server:
    def __init__(
        self, loop: asyncio.AbstractEventLoop, paths: RunnerPaths, equipment: Equipment,
        *, log: Callable[[str], None], on_stop: Callable[[str], None], copy: Optional[Path] = None, new_probe: NewProbe = Probe,
    ) -> None:
        """`copy`: of the archive, for judges to start from (unpacked.py)."""
        self._loop = loop
        self._log = log
        self._on_stop = on_stop
        self._runner_id = uuid.uuid4().hex
        self._hash = runner_hash()
        self._daemon_id = ""
        self._connection: Optional[Connection] = None
        self._children = Children(loop)
        self._cache = ArtifactCache(paths.artifacts)
        self._compilers = Compilers(equipment.tools, paths.artifacts, paths.work, simulated=equipment.simulated)
        self._pool = CompilePool(self._children, self._cache, self._compilers, equipment.inventory["compileSlots"])
        self._problems = ProblemRegistry(self._pool, self._cache, self._pump_all, lambda asked: self._records.record(asked))
        self._disk = Disk(loop, str(paths.folder), self._on_unavailable)
        self._spool = Spool(loop, paths.spool, self._on_kept)
        self._lease = Lease(loop, self._on_lease_expired, lambda: on_stop("no daemon for too long"))
        self._compiles = CompileRequests(self._pool, self._send, self._disk.found_full, lambda name: self._records.warm(name))
        self._slots: dict[str, DeviceSlot] = {}
        self._health = Health(loop, self._pool, self._slots, unavailable=self._why_unavailable, reading=lambda: self._watch.reading, send=self._send)
        users = Users(self._compilers, self._pool, self._problems, self._slots)
        self._equipment = HostEquipment(loop, equipment, users, EquipmentPorts(self._send, log, self._on_unavailable, on_stop), new_probe)
        ports = AttemptPorts(self._send, self._on_refused, self._spool.has)
        self._attempts = Attempts(self._slots, self._cache, self._problems, ports)
        self._zygotes, self._companions = self._make_companions(paths)
        self._slots.update(self._make_slots(paths, copy))
        self._profiles, self._watch = self._make_profiles(paths), self._make_watch(paths)
        self._records = self._make_records(paths)
        self._reservations = DeviceReservations(self._slots, self._send)
        self._artifacts = ArtifactTransfers(loop, self._cache, paths.artifacts, self._send)
        self._handlers = self._handlers_by_type()

    def _handlers_by_type(self) -> dict[str, Callable[[Any, Frame], None]]:
        return {
            "problem": self._on_problem, "plans": self._attempts.on_plans, "compile": self._compiles.on_compile,
            "record": self._records.on_record, "judge": self._attempts.on_judge, "profile": self._profiles.on_profile,
            "lend": self._reservations.on_lend, "give_back": self._reservations.on_give_back,
            "fetch_artifact": self._artifacts.on_fetch, "put_artifact": self._artifacts.on_put,
            "retract": self._attempts.on_retract, "cancel": self._attempts.on_cancel, "cancel_compile": self._on_cancel_compile, "ack": self._on_ack,
            "ping": self._on_ping, "refresh": self._on_refresh, "shutdown": self._on_shutdown,
        }

    def start(self) -> None:
        """Starts the judges of every GPU. Beside GPUs the cpu device is hardly used: its judge starts with its first task."""
        has_gpus = any(slot.device["kind"] == "gpu" for slot in self._slots.values())
        for slot in self._slots.values():
            if slot.device["kind"] == "gpu" or not has_gpus:
                slot.start()
        self._pool.warm(0 if self._equipment.now.simulated else WARM_WORKERS)
        self._disk.start()
        self._watch.start()
        self._loop.call_later(HEALTH_PERIOD_S, self._tick)

    def accept(self) -> Connection:
        """For the socket: a new connection, unattached."""
        return Connection(self._on_frame, self._on_end, self._log)

    async def stop(self) -> None:
        """Ends every child, then waits until every result is on disk."""
        self._lease.stop()
        self._equipment.stop()
        self._disk.stop()
        self._watch.stop()
        self._pool.stop()
        for slot in self._slots.values():
            slot.stop()
        await self._children.end_all()
        if self._connection is not None:
            self._connection.close()
        self._artifacts.close()
        self._records.close()
        await self._spool.close()

    def _make_slots(self, paths: RunnerPaths, copy: Optional[Path]) -> dict[str, DeviceSlot]:
        equipment = self._equipment.now
        own = equipment.placement.judges
        return {
            device["id"]: DeviceSlot(
                self._children, device, judge_command(paths, device, (ordinal, own.get(device["id"])), copy), self._events_of(device["id"])
            )
            for ordinal, device in enumerate(equipment.inventory["devices"])
        }

    def _events_of(self, device_id: str) -> SlotEvents:
        def problem(key: str) -> Union[Preparing, Prepared, Unpreparable]:
            return self._problems.state(key, self._slots[device_id].device["model"])

        return SlotEvents(
            problem, self._attempts.missing_artifact, self._on_started, self._on_finished, self._attempts.on_released,
            self._health.on_device_changed, self._attempts.on_damaged, self._companions,
        )

    def _make_watch(self, paths: RunnerPaths) -> DeviceWatch:
        gpus = [slot.device for slot in self._slots.values() if slot.device["kind"] == "gpu"]
        simulated = self._equipment.now.simulated
        silent_s_max = (silent_s_max_of_tests() if simulated else None) or SILENT_S_MAX
        command = watch_command(paths, gpus, simulated=simulated) if gpus else None
        return DeviceWatch(self._children, command, self._health.send, silent_s_max=silent_s_max)

    def _make_profiles(self, paths: RunnerPaths) -> ProfileRequests:
        ordinals = {device["id"]: ordinal for ordinal, device in enumerate(self._equipment.now.inventory["devices"])}

        def command(device: protocol.Device, folder: Path) -> Command:
            return profile_command(paths, self._equipment.now.tools, device, ordinals[device["id"]], folder)

        return ProfileRequests(self._children, self._slots, self._problems, self._cache, ProfilePorts(command, self._send, paths.work))

    def _environments(self) -> list[protocol.Environment]:
        return self._equipment.now.inventory.get("environments", [])

    def _make_companions(self, paths: RunnerPaths) -> tuple[Zygotes, Companions]:
        zygotes = Zygotes(self._children)
        return zygotes, Companions(zygotes, ProgramEquipment(lambda: self._compilers.tools["environments"], self._environments, paths.artifacts))

    def _make_records(self, paths: RunnerPaths) -> RecordRequests:
        ports = RecordPorts(self._send, self._environments, paths.artifacts, self._pool.compile, self._pool.cancel)
        return RecordRequests(self._loop, self._slots, self._cache, self._compilers, self._zygotes, ports)

    # Frames of the daemon

    def _on_frame(self, connection: Connection, frame: Frame) -> None:
        header = frame.header
        if header["type"] == "attach":
            self._on_attach(connection, cast(protocol_frames.Attach, header))
        elif connection is not self._connection:
            raise Refusal("not_attached", 'the first frame must be "attach"')
        else:
            self._lease.renew()
            self._handlers[header["type"]](header, frame)

    def _on_attach(self, connection: Connection, header: protocol_frames.Attach) -> None:
        if header["protocol"] != PROTOCOL_VERSION:
            raise Refusal("unsupported_protocol", f"this runner speaks protocol {PROTOCOL_VERSION}, not {header['protocol']}")
        if self._lease.attached and self._daemon_id not in ("", header["daemonId"]):
            raise Refusal("busy", f"this runner works for daemon {self._daemon_id}; give each daemon its own folder")
        former, self._connection = self._connection, connection
        if former is not None and former is not connection:
            former.close()
            self._reservations.end_all()
        if self._daemon_id != header["daemonId"]:
            self._drop_work("another daemon took over")
        self._compiles.forget()
        self._records.forget()
        self._attempts.on_new_connection()
        self._daemon_id = header["daemonId"]
        self._compilers.unconfined = header.get("unconfined", False)
        self._lease.attach(header["leaseMs"], header["idleExitMs"])
        self._say_hello()
        self._equipment.on_attach(header.get("environments", []))

    def _say_hello(self) -> None:
        finished = self._spool.unacknowledged(self._daemon_id)
        slots = list(self._slots.values())
        self._send({
            "type": "hello", "protocol": PROTOCOL_VERSION, "runnerId": self._runner_id, "runnerHash": self._hash,
            "inventory": self._equipment.inventory(),
            "queued": [attempt for slot in slots for attempt in slot.queued_ids],
            "running": [attempt for slot in slots for attempt in slot.unfinished_ids],
            "finished": [result["attemptId"] for result in finished] + self._spool.unwritten_ids,
            "problems": self._problems.keys, "unavailable": self._why_unavailable(),
        })
        for result in finished:
            self._send({"type": "result", "result": result, "started": None})
        self._health.forget_changes()

    def _on_problem(self, header: protocol_frames.DefineProblem, _frame: Frame) -> None:
        self._problems.define(header["definition"])

    def _on_cancel_compile(self, header: protocol_frames.CancelCompile, frame: Frame) -> None:
        """Of what is compiled, or recorded."""
        if self._records.cancel(header["compileId"]):
            self._send({"type": "compiled", "compileId": header["compileId"], "result": cancelled()})
        else:
            self._compiles.on_cancel(header, frame)

    def _on_ack(self, header: protocol_frames.Acknowledge, _frame: Frame) -> None:
        self._spool.acknowledge(header["attemptIds"])

    def _on_ping(self, header: protocol_frames.Ping, _frame: Frame) -> None:
        self._send({"type": "pong", "nonce": header["nonce"]})

    def _on_refresh(self, header: protocol_frames.Refresh, _frame: Frame) -> None:
        self._equipment.ask(header["refreshId"])

    def _on_shutdown(self, _header: protocol_frames.Shutdown, _frame: Frame) -> None:
        self._on_stop("the daemon asked for it")

    # What devices tell

    def _on_started(self, attempt_id: str, device_id: str) -> None:
        self._send({"type": "started", "attemptId": attempt_id, "deviceId": device_id})

    def _on_refused(self, result: protocol.JudgeResult) -> None:
        self._on_finished(result, None)

    def _on_finished(self, result: protocol.JudgeResult, started: Optional[str]) -> None:
        self._spool.keep(self._daemon_id, result, started)

    def _on_kept(self, kept: Kept) -> None:
        if kept.daemon_id == self._daemon_id and self._connection is not None:
            self._connection.send_json(b'{"type":"result","result":%s,"started":%s}' % (kept.json, json.dumps(kept.started).encode()))

    def _why_unavailable(self) -> Optional[str]:
        return self._disk.full or self._equipment.renewal

    def _on_unavailable(self, why: Optional[str]) -> None:
        self._log(f"takes no work: {why}" if why else "has room on its disk and takes work again")
        self._health.send()

    # Life

    def _send(self, header: protocol_frames.FromRunner, payload: bytes = b"") -> None:
        if self._connection is not None:
            self._connection.send(header, payload)

    def _pump_all(self) -> None:
        for slot in self._slots.values():
            slot.pump()

    def _tick(self) -> None:
        self._health.send()
        self._equipment.look(is_busy=self._health.is_busy or self._records.is_busy, is_attached=self._connection is not None)
        self._loop.call_later(HEALTH_PERIOD_S, self._tick)

    def _on_end(self, connection: Connection) -> None:
        if connection is self._connection:
            self._connection = None
            self._reservations.end_all()

    def _on_lease_expired(self) -> None:
        self._log(f"the lease of daemon {self._daemon_id} has run out: its work is dropped, its results are kept")
        if self._connection is not None:
            self._connection.close()
        self._drop_work("the daemon's lease ran out")

    def _drop_work(self, reason: str) -> None:
        self._compiles.forget()
        self._records.forget()
        self._attempts.abandon(infra_of("lease_expired", reason))
        self._profiles.abandon()
