"""A program that answers, as a judge knows it on whatever device: it has no plan of the task's, and a process of its own while it is judged."""
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Callable, Optional

from kiln_runner.programs.answering_document import INDEX, read
from kiln_runner.programs.answering_document import Answering as Document
from kiln_runner.protocol import JudgeTask, Plan
from kiln_runner.protocol_outcomes import Answers, CaseTiming

from .artifacts import Artifact
from .bench import Bench
from .device import Program, Runnable
from .failures import CandidateFailure, InfraFailure
from .outcomes import contract

# Of the device's memory a process may take so much beside what it was lent: its context, and libraries with what they load.
MEMORY_BESIDE_MAX = 4 * 1024**3


class Answering(ABC):
    """not begun -> proven -> calibrated -> begun (its process lives) -> settled or closed."""

    @abstractmethod
    def prove(self) -> None:
        """Starts what it is measured against. InfraFailure where that does not work: then no program's process is started."""

    @abstractmethod
    def calibrate(self) -> None:
        """Measures what is taken off its times. Under the device's lock, while no program has a process: one could hold the device, and be thought
        the faster for it. InfraFailure where kernels of known length do not come out as long."""

    @abstractmethod
    def begin(self, limit_ms: float) -> None:
        """Starts its process. `limit_ms`: what it may take to answer, all calls together. CandidateFailure, InfraFailure."""

    @abstractmethod
    def plan(self, case: str) -> Plan:
        """Nothing: what it launches and takes is its process's."""

    @property
    @abstractmethod
    def null(self) -> Runnable:
        """The judge's own program that does nothing, to be timed among others' (hindrance.py)."""

    @abstractmethod
    def hindered(self) -> bool:
        """Whether something held up runs of `null` since this was asked last."""

    @abstractmethod
    def refuse(self, case: str) -> None:
        """CandidateFailure where what it did in runs of the case since the last look is no answer. Waits."""

    @abstractmethod
    def told(self, case: str) -> Answers:
        """What its times in the case are worth."""

    @abstractmethod
    def free_bytes(self) -> int:
        """Of the device's memory, now."""

    @abstractmethod
    def settle(self) -> bool:
        """Ends its process, also where it hangs. False where the device's stream does not come free by that."""


def begin_answering(programs: Iterable[Program], bench: Bench, task: JudgeTask, alone: Callable[[], None]) -> bool:
    """Those that answer; whether there are any. Others' timed sections are not disturbed by what starts, and how long that takes is not the
    candidate's time. `alone`: done under the device's lock while no program has a process."""
    answering = _answering_in(programs)
    # The first last: what its environment needs is there then.
    for program in reversed(answering):
        with bench.lock.shared(bench.watch), bench.watch.companion_wait():
            program.prove()
        with bench.lock.exclusive(bench.watch), bench.watch.companion_wait():
            program.calibrate()
    if answering:
        with bench.lock.exclusive(bench.watch), bench.watch.companion_wait():
            alone()
        with bench.lock.shared(bench.watch), bench.watch.companion_wait():
            for program in answering:
                program.begin(task["limitMs"])
    return bool(answering)


def settle(programs: Iterable[Program]) -> bool:
    """False where the device's stream does not come free by it."""
    settled = [program.settle() for program in _answering_in(programs)]
    return all(settled)


def settle_after(failure: InfraFailure, programs: Iterable[Program], case: str) -> bool:
    """As `settle`. CandidateFailure where memory of the device was missing that comes free with the process of the only program that answers."""
    answering = _answering_in(programs) if failure.code == "out_of_memory" else []
    only = answering[0] if len(answering) == 1 else None
    before = only.free_bytes() if only else 0
    is_free = settle(programs)
    taken = only.free_bytes() - before if only else 0
    if taken > MEMORY_BESIDE_MAX:
        words = f"it takes {taken} bytes of the device's memory beside what it was lent, and leaves the judge too few"
        raise CandidateFailure(contract(case, words), not is_free)
    return is_free


def _answering_in(programs: Iterable[Program]) -> "list[Answering]":
    return [program for program in programs if isinstance(program, Answering)]


def null_of(program: Program) -> Optional[Runnable]:
    return program.null if isinstance(program, Answering) else None


def refuse_no_answers(program: Program, others: Iterable[Program], case: str) -> None:
    """Of what does not answer it says nothing. `others`: that were timed with it. CandidateFailure; InfraFailure where it is not known whose fault
    it is."""
    if not isinstance(program, Answering):
        return
    if program.hindered():
        if _answering_in(others):
            raise InfraFailure("pair_failed", "a program held the device while others were timed, and more than one could have")
        raise CandidateFailure(contract(case, "it holds the device while others are timed"))
    program.refuse(case)


def with_answers(timing: CaseTiming, program: Program) -> CaseTiming:
    return {**timing, "answers": program.told(timing["case"])} if isinstance(program, Answering) else timing


def is_answering(artifact: Artifact) -> bool:
    return (artifact.folder / INDEX).exists()


class AnsweringArtifact(Artifact):
    """`document`: InfraFailure where it is not there, or not as it was made."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        try:
            content = (folder / INDEX).read_bytes()
            self.document: Document = read(content)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InfraFailure("unknown_artifact", f"program {folder.name} cannot be read: {error}") from error
        if not self.is_as_made(folder / INDEX, content):
            raise InfraFailure("unknown_artifact", f"program {folder.name} is not as it was made")

    def code_files(self) -> "list[Path]":
        """Its code runs elsewhere."""
        return []


NOTHING_PLANNED: Plan = {"launches": [], "scratch": {}}
