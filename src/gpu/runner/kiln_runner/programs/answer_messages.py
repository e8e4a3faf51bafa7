"""What a judge and a process that answers say to each other, one packet each. What comes from that process is hostile, and is read as such.

Judge: `begin` with two descriptors (the inputs' memory and the arena's), then `call` for each call, some of them ahead. Process: `equipped` once the
memory is mapped, before any code of the program runs; `ready` once its entry is imported; `called` when a call has returned and all that it launched
is queued, in the order of the calls; or `refused`, after which nothing comes any more.
"""
import array
import json
import socket
from collections.abc import Sequence
from typing import Any, NamedTuple, Union, cast

from kiln_runner.programs.record_frames import WORDS_MAX, Refusal, Refused
from kiln_runner.programs.recording_shape import decode_text
from kiln_runner.schema import ShapeError, integer, matching, one_of, record, string, union
from kiln_runner.schema import array as array_of

MESSAGE_BYTES_MAX = 64 * 1024
OUTPUTS_MAX = 64
# What the process finds its channel at (supervisor.start).
DESCRIPTOR = 4


class Window(NamedTuple):
    """Memory as the process sees it."""

    address: int
    bytes: int


class Begin(NamedTuple):
    """`words`: where GO and DONE are, in the arena's last page."""

    inputs: Window
    arena: Window
    words: int


class Equipped(NamedTuple):
    pass


class Ready(NamedTuple):
    pass


class Called(NamedTuple):
    """`outputs`: name -> address, of those that are not where the process was given them."""

    call: int
    outputs: dict[str, int]


class NoMessage(ValueError):
    """What came is nothing that a process which answers says; the message says why."""


Said = Union[Equipped, Ready, Called, Refused]
_name = matching(r"(?a)[\w.:-]{1,128}", "a name of at most 128 letters and digits")
_said = union("type", {
    "equipped": record({}), "ready": record({}),
    "called": record({"call": integer(1), "outputs": array_of(record({"name": _name, "address": integer(0)}), 0, OUTPUTS_MAX)}),
    "refused": record({"verdict": one_of("contract", "crashed", "compile_error", "unequipped"), "case": string, "message": string}),
})


def said_of(data: bytes) -> Said:
    """NoMessage where it is none."""
    if len(data) >= MESSAGE_BYTES_MAX:
        raise NoMessage(f"a message of {len(data)} bytes or more; less than {MESSAGE_BYTES_MAX} are read")
    try:
        message = decode_text(data)
        _said(message)
    except ShapeError as error:
        raise NoMessage(f"{error}") from error
    if message["type"] in ("equipped", "ready"):
        return Equipped() if message["type"] == "equipped" else Ready()
    if message["type"] == "refused":
        return Refused(message["verdict"], message["case"][:200], message["message"][:WORDS_MAX])
    outputs = {output["name"]: output["address"] for output in message["outputs"]}
    if len(outputs) != len(message["outputs"]):
        raise NoMessage("an output that is told twice")
    return Called(message["call"], outputs)


def pack_begin(begin: Begin) -> bytes:
    return _packed({"type": "begin", "inputs": list(begin.inputs), "arena": list(begin.arena), "words": begin.words})


def pack_call(call: int, case: str) -> bytes:
    return _packed({"type": "call", "call": call, "case": case})


def _packed(message: "dict[str, Any]") -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()


class Channel:
    """The process's end. The judge is trusted: what it says is not looked at twice."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    def begin(self) -> "tuple[Begin, list[int]]":
        """And the descriptors of the inputs' and the arena's memory. EOFError where the judge is gone."""
        descriptors = array.array("i")
        try:
            data, ancillary, _, _ = self._socket.recvmsg(MESSAGE_BYTES_MAX, socket.CMSG_SPACE(2 * descriptors.itemsize))
        except ConnectionError as error:
            raise EOFError("the judge is gone") from error
        if not data:
            raise EOFError("the judge is gone")
        for _, _, content in ancillary:
            descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
        told = json.loads(data)
        return Begin(Window(*told["inputs"]), Window(*told["arena"]), told["words"]), list(descriptors)

    def call(self, timeout_s: float) -> "Union[tuple[int, str], None]":
        """The next call and its case. None: none came in this time. EOFError where the judge is gone."""
        self._socket.settimeout(timeout_s)
        try:
            data = self._socket.recv(MESSAGE_BYTES_MAX)
        except socket.timeout:
            return None
        except ConnectionError as error:
            raise EOFError("the judge is gone") from error
        if not data:
            raise EOFError("the judge is gone")
        told = json.loads(data)
        return told["call"], told["case"]

    def equipped(self) -> None:
        self._send({"type": "equipped"})

    def ready(self) -> None:
        self._send({"type": "ready"})

    def called(self, call: int, outputs: "dict[str, int]") -> None:
        self._send({"type": "called", "call": call, "outputs": [{"name": name, "address": address} for name, address in outputs.items()]})

    def refused(self, verdict: Refusal, case: str, message: str) -> None:
        self._send({"type": "refused", "verdict": verdict, "case": case, "message": message[:WORDS_MAX]})

    def _send(self, message: "dict[str, Any]") -> None:
        self._socket.settimeout(None)
        try:
            self._socket.send(_packed(message))
        except ConnectionError as error:
            raise EOFError("the judge is gone") from error


def send_begin(to: socket.socket, begin: Begin, descriptors: Sequence[int]) -> None:
    """For the judge."""
    passed = array.array("i", descriptors)
    to.sendmsg([pack_begin(begin)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, cast(Any, passed))])
