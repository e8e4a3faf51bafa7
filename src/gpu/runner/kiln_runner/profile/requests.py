"""Takes the daemon's requests for profiles: each device runs one at a time, between two judgements, in a process of its own.

A request is queued at its device's slot -> running (the device is reserved for it: no task starts) -> answered by one `profiled` frame, or forgotten
with its daemon. Answers are not kept: a daemon that missed one asks again. Invariant: a reservation ends, whatever
becomes of the process; a candidate that hangs costs its limit and nothing else.
"""
import shutil
from pathlib import Path
from typing import Callable, NamedTuple, Optional

from kiln_runner.artifacts import ArtifactCache
from kiln_runner.devices.problems import ProblemRegistry
from kiln_runner.devices.reservations import Reservation
from kiln_runner.devices.slot import DeviceSlot
from kiln_runner.devices.task import infra_of
from kiln_runner.frames import Frame
from kiln_runner.process import ChildProcess, Children, Command
from kiln_runner.protocol import DefinedCase, Device, Infra, InfraFailure, Json
from kiln_runner.protocol_frames import FromRunner, Profile
from kiln_runner.protocol_profiles import ProfileResult
from kiln_runner.time_limit import TimeLimit

REQUESTS_MAX = 256
NO_GPU = "profiles need a GPU: there is no profiler for the cpu device"


class ProfilePorts(NamedTuple):
    """`command(device, folder)`: the profiling process. `send(header, payload)`: to the daemon."""

    command: Callable[[Device, Path], Command]
    send: Callable[[FromRunner, bytes], None]
    work: Path


class _Request:
    def __init__(self, body: Profile, slot: DeviceSlot, case: DefinedCase) -> None:
        self.body, self.slot, self.case = body, slot, case
        self.reservation: Optional[Reservation] = None
        self.process: Optional[ChildProcess] = None
        self.answer: Optional[Frame] = None
        self.limit: Optional[TimeLimit] = None
        self.is_over_limit = False
        # Why it was ended though it had not had its time.
        self.withheld: Optional[str] = None


class ProfileRequests:
    def __init__(
        self, children: Children, slots: dict[str, DeviceSlot], book: ProblemRegistry, cache: ArtifactCache, ports: ProfilePorts
    ) -> None:
        self._children, self._slots, self._problems_known, self._cache, self._ports = children, slots, book, cache, ports
        self._requests: dict[str, _Request] = {}
        self._started = 0

    def on_profile(self, header: Profile, _frame: Frame) -> None:
        if header["profileId"] in self._requests:
            return
        slot, case = self._slots.get(header["deviceId"]), self._case(header)
        refusal = self._refusal(header, slot, case)
        if slot is None or case is None or refusal is not None:
            self._answer(header["profileId"], refusal or _infra("internal", "the profile was refused"))
            return
        request = self._requests[header["profileId"]] = _Request(header, slot, case)
        self._cache.pin(header["artifact"])

        def refused(failure: InfraFailure) -> None:
            self._finish(request, {"status": "infra", "failure": failure})

        request.reservation = Reservation(lambda: self._begin(request), refused)
        slot.reservations.add(request.reservation)

    def abandon(self) -> None:
        """The daemon is gone: nobody waits for any of these."""
        for request in list(self._requests.values()):
            self._forget(request)
            if request.process is not None:
                request.process.kill()
            elif request.reservation is not None:
                request.slot.reservations.withdraw(request.reservation)

    def _refusal(self, header: Profile, slot: Optional[DeviceSlot], case: Optional[DefinedCase]) -> Optional[ProfileResult]:
        if slot is None:
            return _infra("device_lost", f"this host has no device {header['deviceId']}")
        if slot.device["kind"] == "cpu":
            return {"status": "failed", "message": NO_GPU}
        lacking = self._lacking(header, slot, case)
        return _infra(*lacking) if lacking is not None else None

    def _lacking(self, header: Profile, slot: DeviceSlot, case: Optional[DefinedCase]) -> Optional[tuple[str, str]]:
        """(code, message) of a failure that is not the candidate's."""
        if slot.device["unavailable"] is not None:
            return "device_lost", f"{header['deviceId']} is unavailable: {slot.device['unavailable']}"
        if case is None:
            return "unknown_problem", f"problem {header['problemKey']} with a case {header['case']} was not defined on this connection"
        if self._cache.meta(header["artifact"]) is None:
            return "unknown_artifact", f"artifact {header['artifact']} is not on this host; compile it again"
        if len(self._requests) >= REQUESTS_MAX:
            return "internal", f"{REQUESTS_MAX} profiles wait on this host already"
        return None

    def _case(self, header: Profile) -> Optional[DefinedCase]:
        definition = self._problems_known.definition(header["problemKey"])
        return next((case for case in (definition["cases"] if definition else []) if case["name"] == header["case"]), None)

    def _begin(self, request: _Request) -> None:
        self._started += 1
        folder = self._ports.work / f"profile-{self._started}"
        try:
            folder.mkdir(mode=0o700)
            process = request.process = ChildProcess(
                self._children, self._ports.command(request.slot.device, folder),
                lambda frame: self._on_frame(request, frame), lambda code: self._on_exit(request, process, folder, code),
            )
        except OSError as error:
            self._end(request, folder, _infra("internal", f"the profiling process cannot be started: {error}"))
            return
        limit_s = request.body["limitMs"] / 1000
        request.limit = TimeLimit(self._children.loop, process.pid, limit_s, lambda why: self._over_limit(request, process, why))
        process.send(self._order(request))

    def _order(self, request: _Request) -> Json:
        body = request.body
        resources = (self._cache.meta(body["artifact"]) or {}).get("resources", {})
        return {
            "type": "profile", "case": request.case, "plan": body["plan"], "artifact": body["artifact"], "resources": resources,
            "model": request.slot.device["model"],
        }

    def _on_frame(self, request: _Request, frame: Frame) -> None:
        kind = frame.header["type"]
        if kind == "profiled":
            request.answer = frame
        elif kind == "waiting" and request.limit is not None:
            # For the device's lock, which ends by itself.
            request.limit.pause() if frame.header["begins"] else request.limit.resume()

    def _over_limit(self, request: _Request, process: ChildProcess, why: Optional[str]) -> None:
        request.is_over_limit, request.withheld = True, why
        process.kill()

    def _on_exit(self, request: _Request, process: ChildProcess, folder: Path, code: int) -> None:
        if request.limit is not None:
            request.limit.cancel()
        if request.answer is not None:
            self._end(request, folder, request.answer.header["result"], request.answer.payload)
        elif request.withheld is not None:
            self._end(request, folder, _infra("suspended", f"the profile did not get its time: {request.withheld}"))
        elif request.is_over_limit:
            message = f"no end of the profile in {request.body['limitMs']:.0f} ms: the candidate, or the profiler under it, hangs"
            self._end(request, folder, {"status": "failed", "message": message})
        else:
            words = process.stderr_tail[-500:]
            self._end(request, folder, _infra("worker_died", f"the profiling process ended with {code}: {words}"))

    def _end(self, request: _Request, folder: Path, result: ProfileResult, payload: bytes = b"") -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self._finish(request, result, payload)
        request.slot.reservations.end()

    def _finish(self, request: _Request, result: ProfileResult, payload: bytes = b"") -> None:
        if self._forget(request):
            self._answer(request.body["profileId"], result, payload)

    def _forget(self, request: _Request) -> bool:
        if self._requests.get(request.body["profileId"]) is not request:
            return False
        del self._requests[request.body["profileId"]]
        self._cache.unpin(request.body["artifact"])
        return True

    def _answer(self, profile_id: str, result: ProfileResult, payload: bytes = b"") -> None:
        self._ports.send({"type": "profiled", "profileId": profile_id, "result": result}, payload)


def _infra(code: str, message: str) -> Infra:
    return {"status": "infra", "failure": infra_of(code, message)}
