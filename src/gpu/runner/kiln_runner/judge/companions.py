"""Processes in which programs answer, as a judge sees them: its runner starts them, they connect to it, and it never waits for one without a limit.

asked for -> connected -> equipped -> ready -> (calls) -> ended. Whatever ends one, ends all that it started: closing the socket, `end`, or the end of
the judge. Once it is equipped a process is hostile: what it says wrongly, and where it is silent or gone, has a verdict (`Companion.failure`). Before
that nothing of the program has run, and no failure is its fault.
"""
import os
import shutil
import socket
import struct
import time
from collections.abc import Sequence
from typing import Callable, NamedTuple, Optional, Union, cast

from kiln_runner.judge_frames import AnsweringProgram, CompanionEnded, EndCompanion, FromJudge, StartCompanion
from kiln_runner.programs.answer_messages import (
    MESSAGE_BYTES_MAX,
    Begin,
    Called,
    Equipped,
    NoMessage,
    Ready,
    Said,
    pack_call,
    said_of,
    send_begin,
)
from kiln_runner.programs.record_frames import WORDS_MAX, Refused
from kiln_runner.temporary_folders import hold, make

from .failures import CandidateFailure, InfraFailure
from .inbox import Inbox
from .outcomes import contract, crashed

# A zygote that is not there yet imports a framework first; the runner itself gives up on one sooner.
CONNECT_S_MAX = 150.0
# Making a context beside others; and importing the entry, which may take its time.
EQUIPPED_S_MAX, READY_S_MAX = 60.0, 120.0
# Addresses at which one is made ready, one after another where it cannot be.
TRIES_MAX = 3
# From the end of its socket to the runner's word of how it ended.
ENDED_S_MAX = 10.0
# Messages of one that is gone that are looked at for the reason.
UNREAD_MAX = 16
# From being told to be ended to being gone, where a judge waits for that.
GONE_S_MAX = 2.0
# Until one is ready, or it is known that none will be.
START_S_MAX = TRIES_MAX * (CONNECT_S_MAX + EQUIPPED_S_MAX + GONE_S_MAX) + READY_S_MAX + ENDED_S_MAX
_LOOK_S, _CREDENTIALS = 0.005, struct.Struct("3i")


class Asked(NamedTuple):
    """`artifact`: its program with what was built of it; None: `program` is the judge's own. `side`: whose it is, where that is not the candidate."""

    artifact: Optional[str]
    environment: str
    environment_key: str
    program: AnsweringProgram
    side: str = "candidate"


class Companions:
    """`send`: to the runner; `inbox`: where its frames come."""

    def __init__(self, send: Callable[[FromJudge], object], inbox: Inbox) -> None:
        self._send, self._inbox, self._started = send, inbox, 0
        self._ended: dict[str, CompanionEnded] = {}
        self._alive: set[str] = set()

    def start(self, asked: Asked, limit_s: float) -> "Companion":
        """Connected, and not ready. `limit_s`: of its whole life. InfraFailure where none comes."""
        self._started += 1
        name = f"{os.getpid()}.{self._started}"
        folder = make("companion")
        held = hold(folder)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            path = os.path.join(folder, "s")
            listening.bind(path)
            listening.listen(1)
            self._alive.add(name)
            self._send(_frame(name, asked, path, limit_s))
            return Companion(self, name, self._accept(listening, name))
        except OSError as error:
            raise InfraFailure("internal", f"a companion cannot be asked for: {error}") from error
        finally:
            listening.close()
            shutil.rmtree(folder, ignore_errors=True)
            if held >= 0:
                os.close(held)

    def _accept(self, listening: socket.socket, name: str) -> socket.socket:
        deadline = time.monotonic() + CONNECT_S_MAX
        listening.settimeout(_LOOK_S)
        while time.monotonic() < deadline:
            try:
                connected, _ = listening.accept()
            except socket.timeout:
                ended = self.ended(name)
                if ended is not None:
                    self._forget(name)
                    words = f"no process came in which the program answers: {ended['why']}"
                    raise InfraFailure(_CODES.get(ended["how"], "internal"), words) from None
                continue
            if _user_of(connected) == os.geteuid():
                return connected
            connected.close()
        self.end(name)
        raise InfraFailure("suspended", f"no process in which the program answers came within {CONNECT_S_MAX:g} s")

    def ended(self, name: str) -> Optional[CompanionEnded]:
        """How it ended, once the runner has said so."""
        for frame in self._inbox.take("companion_ended"):
            ended = cast(CompanionEnded, frame)
            if ended["id"] in self._alive:
                self._ended[ended["id"]] = ended
        return self._ended.get(name)

    def end(self, name: str) -> None:
        """Waits a little until it is gone: the end of its context would disturb what is timed next."""
        if name in self._alive:
            frame: EndCompanion = {"type": "end_companion", "id": name}
            self._send(frame)
            self.wait_until_ended(name, GONE_S_MAX)
        self._forget(name)

    def _forget(self, name: str) -> None:
        self._alive.discard(name)
        self._ended.pop(name, None)

    def wait_until_ended(self, name: str, seconds: float) -> Optional[CompanionEnded]:
        deadline = time.monotonic() + seconds
        ended = self.ended(name)
        while ended is None and time.monotonic() < deadline:
            time.sleep(_LOOK_S)
            ended = self.ended(name)
        return ended


def _frame(name: str, asked: Asked, path: str, limit_s: float) -> StartCompanion:
    return {
        "type": "companion", "id": name, "artifact": asked.artifact, "environment": asked.environment, "environmentKey": asked.environment_key,
        "program": asked.program, "socket": path, "limitS": limit_s,
    }


def _user_of(connected: socket.socket) -> int:
    return _CREDENTIALS.unpack(connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))[1]


# How a program's process ended, where that is not its own fault -> codes of the protocol.
_CODES = {"lost": "worker_died", "unconfinable": "environment_missing", "suspended": "suspended"}


class Unequipped(InfraFailure):
    """Before any code of the program ran its process could not be made ready. At other addresses it may be."""


class Gone(Exception):
    """It says nothing any more."""


class Companion:
    """One of them. Invariant: after `close` nothing of it runs, or is about to be ended."""

    def __init__(self, companions: Companions, name: str, connected: socket.socket) -> None:
        self._companions, self._name, self._socket = companions, name, connected
        self.is_closed = False

    def equip(self, begin: Begin, descriptors: Sequence[int]) -> None:
        """Hands over the memory, and waits until it is mapped. Until then nothing of the program has run: Unequipped, InfraFailure."""
        try:
            send_begin(self._socket, begin, descriptors)
            said = self._read(EQUIPPED_S_MAX)
        except (OSError, Gone, NoMessage) as error:
            ended = self._companions.wait_until_ended(self._name, ENDED_S_MAX)
            code = _CODES.get(ended["how"], "worker_died") if ended else "worker_died"
            how = f"{ended['why']} {ended['log']}"[:WORDS_MAX] if ended else str(error)
            raise InfraFailure(code, f"the program's process ended before anything of the program ran: {how}") from error
        if isinstance(said, Refused):
            raise Unequipped("environment_missing", f"no program can answer here: {said.message}")
        if not isinstance(said, Equipped):
            raise InfraFailure("suspended", f"the program's process was not made ready within {EQUIPPED_S_MAX:g} s")

    def begin(self) -> None:
        """Waits until its entry is imported, which is the program's own code. CandidateFailure, InfraFailure."""
        said = self.said(READY_S_MAX)
        if said is None:
            raise CandidateFailure(contract("", f"importing it took more than {READY_S_MAX:g} s, or never ended"))
        if not isinstance(said, Ready):
            raise CandidateFailure(contract("", "its process spoke of a call before there was one"))

    def ask(self, call: int, case: str) -> None:
        """CandidateFailure where it does not even take what it is asked."""
        try:
            self._socket.settimeout(_SEND_S_MAX)
            self._socket.send(pack_call(call, case))
        except OSError as error:
            raise self.failure(case, Gone(str(error))) from error

    def called(self, case: str, timeout_s: float) -> Optional[Called]:
        """What it says of a call. None: nothing in that time. CandidateFailure, InfraFailure where it is no answer."""
        said = self.said(timeout_s, case)
        if isinstance(said, Ready):
            raise CandidateFailure(contract(case, "its process said twice that it is ready"))
        return said

    def said(self, timeout_s: float, case: str = "") -> Union[Ready, Called, None]:
        try:
            said = self._read(timeout_s)
        except (Gone, NoMessage) as error:
            raise self.failure(case, error) from error
        if isinstance(said, Refused):
            raise _refusal(said, case)
        if isinstance(said, Equipped):
            raise CandidateFailure(contract(case, "its process said twice that it is made ready"))
        return said

    def _read(self, timeout_s: float) -> Optional[Said]:
        """Gone, NoMessage."""
        self._socket.settimeout(max(timeout_s, _LEAST_S))
        try:
            data = self._socket.recv(MESSAGE_BYTES_MAX)
        except socket.timeout:
            return None
        except OSError as error:
            raise Gone(str(error)) from error
        if not data:
            raise Gone("its socket ended")
        return said_of(data)

    def failure(self, case: str, error: Exception) -> Exception:
        """What it comes to that it said nothing which could be understood, or that it is gone."""
        if isinstance(error, NoMessage):
            return CandidateFailure(contract(case, f"what came from the program's process is no answer: {error}"))
        last = self._last_words()
        if last is not None:
            return _refusal(last, case)
        ended = self._companions.wait_until_ended(self._name, ENDED_S_MAX)
        if ended is None:
            return CandidateFailure(contract(case, "the program closed what it answers by"))
        return _end(ended, case)

    def _last_words(self) -> Optional[Refused]:
        """Why it said that nothing comes any more, before it was gone."""
        for _ in range(UNREAD_MAX):
            try:
                said = self._read(0.0)
            except (Gone, NoMessage):
                return None
            if isinstance(said, Refused):
                return said
        return None

    def close(self) -> None:
        """Ends it."""
        if not self.is_closed:
            self.is_closed = True
            self._socket.close()
            self._companions.end(self._name)


_LEAST_S, _SEND_S_MAX = 1e-6, 1.0


def _refusal(said: Refused, case: str) -> Exception:
    name = said.case or case
    if said.verdict == "crashed":
        return CandidateFailure(crashed(name, said.message))
    if said.verdict == "compile_error":
        return CandidateFailure({"verdict": "compile_error", "log": said.message})
    if said.verdict == "unequipped":
        return CandidateFailure(contract(name, f"its process says that no program can answer here, which it was made ready for: {said.message}"))
    return CandidateFailure(contract(name, said.message))


def _end(ended: CompanionEnded, case: str) -> Exception:
    printed = f"\nit printed:\n{ended['log']}" if ended["log"].strip() else ""
    if ended["how"] in ("answered", "ended"):
        return CandidateFailure(contract(case, f"the program ended its own process{printed}"))
    if ended["how"] in ("over", "timed_out"):
        return CandidateFailure(contract(case, f"{ended['why']}{printed}"))
    return InfraFailure(_CODES.get(ended["how"], "internal"), f"the program's process was lost: {ended['why']}")
