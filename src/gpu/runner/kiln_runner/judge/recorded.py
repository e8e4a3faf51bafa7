"""A recording as a judge reads it from its artifact: once more as hostile, since only its bytes came from this host's runner."""
import json
from abc import ABC, abstractmethod
from collections.abc import Collection
from pathlib import Path
from typing import Optional

from kiln_runner.programs.record_frames import NoAnswer
from kiln_runner.programs.recording import Recording, RecordingRefused, Recordings
from kiln_runner.programs.recording_shape import INDEX
from kiln_runner.programs.recordings import blobs_of
from kiln_runner.protocol import Plan
from kiln_runner.protocol_outcomes import CaseTiming, KernelShare

from .artifacts import Artifact
from .device import Program
from .failures import CandidateFailure, InfraFailure, LaunchRejected
from .outcomes import contract

FIELD = "recording"


class Recorded(ABC):
    """A program that is a recording: it has no plan of the task's."""

    @abstractmethod
    def plan(self, case: str) -> Plan:
        """With the scratch that the case is to be opened with."""

    @abstractmethod
    def plan_apart(self, case: str) -> Plan:
        """As `plan`, of a reference: what it writes lies in memory of its own, by names that no segment has (`apart`)."""

    @abstractmethod
    def plan_alone(self, case: str) -> Plan:
        """As `plan_apart`, of what derives inputs or checks outputs: what it reads lies there too."""

    @abstractmethod
    def shares(self, case: str) -> list[KernelShare]:
        """Of a case that it is bound to and that is in place: where its time goes. Runs it a few times."""

    @abstractmethod
    def has_changed(self) -> bool:
        """Whether its kernels wrote to what it keeps between calls. Waits where it keeps something."""


CHANGES_WHAT_IT_KEEPS = "it changes memory that it keeps between calls; only what is read alone may be kept, or a run could depend on the one before"


def apart(tensor: str) -> str:
    """What a recorded reference writes in place of a tensor of the case, until it is copied to where nobody finds it; and all tensors of what derives
    inputs or checks outputs."""
    return f"apart={tensor}"


def has_changed(program: Optional[Program]) -> bool:
    """Whether what it keeps between calls is another than it was recorded with. False of what is no recording."""
    return isinstance(program, Recorded) and program.has_changed()


def refuse_change(program: Program, case: str) -> None:
    """CandidateFailure where it is a recording that wrote to what it keeps: the call that was recorded left that as it was."""
    if has_changed(program):
        raise CandidateFailure(contract(case, CHANGES_WHAT_IT_KEEPS))


def shares_of(program: Program, case: str) -> list[KernelShare]:
    """Nothing of what is no recording."""
    return program.shares(case) if isinstance(program, Recorded) else []


def with_shares(timing: CaseTiming, shares: list[KernelShare]) -> CaseTiming:
    return {**timing, "recorded": shares} if shares else timing


def is_recording(artifact: Artifact) -> bool:
    return (artifact.folder / INDEX).exists()


class RecordedArtifact(Artifact):
    """`recordings`: by case. LaunchRejected where one is none; InfraFailure where a file is not there, or not as it was made."""

    def __init__(self, folder: Path, architecture: str, *, of_problem: bool = False) -> None:
        super().__init__(folder)
        index = json.loads(self._read(INDEX))
        files = {path.name: self._read(path.name) for path in folder.iterdir() if len(path.name) >= _HASH_CHARS}
        try:
            blobs = blobs_of(files)
        except NoAnswer as error:
            raise InfraFailure("unknown_artifact", f"recording {folder.name} cannot be unpacked: {error}") from error
        try:
            read = Recordings(blobs, architecture, of_problem=of_problem)
            self.recordings: dict[str, Recording] = {case: read.parse(self._read(file)) for case, file in index.items()}
        except RecordingRefused as error:
            raise LaunchRejected(FIELD, f"{error}") from error

    def code_files(self) -> list[Path]:
        used = {digest for recording in self.recordings.values() for digest in recording.modules}
        return [self.folder / digest for digest in sorted(used)]

    def plan(self, case: str) -> Plan:
        """What the case's buffers are to be made for: it launches by itself, and its working memory stands where scratch does."""
        return {"launches": [], "scratch": {segment.name: segment.bytes for segment in self.recording(case).segments if segment.role == "workspace"}}

    def plan_apart(self, case: str) -> Plan:
        return self._plan_with(case, ("out", "inout"))

    def plan_alone(self, case: str) -> Plan:
        return self._plan_with(case, ("in", "out"))

    def _plan_with(self, case: str, roles: Collection[str]) -> Plan:
        segments, plan = self.recording(case).segments, self.plan(case)
        own = {apart(segment.tensor): segment.bytes for segment in segments if segment.tensor is not None and segment.role in roles}
        return {"launches": [], "scratch": {**plan["scratch"], **own}}

    def recording(self, case: str) -> Recording:
        if case not in self.recordings:
            raise InfraFailure("unknown_artifact", f"recording {self.folder.name} has no case {case}")
        return self.recordings[case]

    def _read(self, name: str) -> bytes:
        try:
            content = (self.folder / name).read_bytes()
        except OSError as error:
            raise InfraFailure("unknown_artifact", f"recording {self.folder.name} cannot be read: {error}") from error
        if not self.is_as_made(self.folder / name, content):
            raise InfraFailure("unknown_artifact", f"a file of recording {self.folder.name} is not as it was made")
        return content


_HASH_CHARS = 64
