"""A program that answers, where a plan's launches would be: a run of it releases inputs that its process has not seen, and ends when the judge has
looked at its outputs. Time, check and expected outputs are the judge's own.

A run, on the judge's stream: the outputs' memory is poisoned, where that is known, and the inputs are copied to where the process has them, once
all up to their release is queued (`before`, exchange.py); then, between the two events, GO is written, DONE is waited for, and a kernel looks at the
outputs, which makes it wait for the process's own kernels; then the outputs are copied to where those of any candidate are, and looked at once more
(`behind`). What the process's context costs beside its work is taken off (nulls.py).

Now and then the judge looks by a copy to the host in place of a kernel, which nobody can know before: that saves one switch between the two contexts,
if there was one. A process that computed elsewhere than on the device, or says that it is done too early, shows by it.
"""
import random
from collections import deque
from collections.abc import Sequence
from ctypes import c_void_p
from typing import Callable, NamedTuple, Optional, Protocol

from kiln_runner.programs.answer_messages import Called
from kiln_runner.programs.recordings import arena_of
from kiln_runner.protocol import Plan, Tensor
from kiln_runner.protocol_outcomes import Answers

from ..answering import NOTHING_PLANNED, Answering, AnsweringArtifact
from ..companions import Asked
from ..failures import CandidateFailure, InfraFailure
from ..hindrance import hinders, moved
from ..outcomes import contract, modified_input
from ..statistics import SURE, error_of_medians, median
from ..tensors import is_input, is_output, poison_pattern, tensor_bytes
from .answer_process import AnswerProcess, Host, arenas_from
from .lent import Range
from .looks import GLANCE_BYTES, Output
from .program import Program
from .runnable import Runnable

# Early signals, settings of a context, lines that stay in the L2, and what one program's median differs by from process to process: measured on an
# H100 (docs/adr/0026-time-to-answers.md). What the null has moved by is added.
UNCERTAINTY_NS = 8_400.0
# Of so many runs at least one is looked at by a copy to the host, and each other one as often by chance.
COPIED_EVERY = 8
KIND_LEAST = 3
# What a run takes at least, so that ratios have a meaning: a problem's floor says what is implausible.
LEAST_NS = 1.0
# Of the switch that a copy saves: half of it is in doubt.
SWITCH_SHARE = 0.5


class Offsets(NamedTuple):
    """Nanoseconds of a run that are not the program's: where a kernel looked, and where a copy did."""

    kernel_ns: float
    copied_ns: float


NO_OFFSETS = Offsets(0.0, 0.0)


class Place(NamedTuple):
    """Of one tensor of a case: `at`: the judge's own buffer; `given`: where the process was given it."""

    tensor: Tensor
    at: int
    bytes: int
    given: Range


class CaseAnswers:
    """Runs of one case (runnable.Beside)."""

    def __init__(self, host: Host, process: AnswerProcess, case: str, places: Sequence[Place]) -> None:
        self._host, self._driver, self._process, self._case, self._places = host, host.driver, process, case, places
        self._rng = random.SystemRandom()
        self.offsets = NO_OFFSETS
        # Of timed runs: all, and those of calls that were late.
        self._runs, self._late = 0, 0
        # Of the run that began last.
        self._call, self._is_timed, self._is_copied = 0, False, False
        self._outputs: Optional[list[Output]] = None
        # Of the last run of which it is known where they were.
        self._left: list[Output] = []
        # Of timed runs that are not read yet; and what came of those that are: by kernels, by copies.
        self._copied: deque[bool] = deque()
        self._kinds: list[bool] = []
        self.by_kernel, self.by_copy = list[float](), list[float]()

    @property
    def runnable(self) -> Runnable:
        return Runnable([[self._go, self._done, self._look]], beside=self)

    def before(self, is_timed: bool) -> int:
        """How many kernels that were."""
        process, driver = self._process, self._driver
        self._call, self._is_timed, self._outputs = process.next(self._case, is_timed), is_timed, None
        called = process.returned(self._call, self._case) if is_timed else None
        self._runs, self._late = self._runs + is_timed, self._late + (is_timed and called is None)
        kernels = 0
        if called is not None:
            self._left = self._outputs = self._located(called)
        for place, output in zip(self._written, self._left):
            if place.tensor["role"] == "out":
                kernels += driver.fill(output.theirs, poison_pattern(place.tensor["dtype"], self._rng), output.bytes)
        self._host.exchange.hold()
        for place in self._read:
            self._host.exchange.copy(place.given.ours, place.at, place.bytes)
        self._is_copied = is_timed and self._next_kind()
        if is_timed:
            self._copied.append(self._is_copied)
        return kernels + len(self._read)

    def behind(self, end: c_void_p) -> None:
        """`end`: has been recorded behind the launches."""
        outputs = self._outputs or []
        for output in outputs:
            self._host.exchange.copy(output.copied, output.theirs, output.bytes)
        if not self._is_copied:
            self._host.looks.second(outputs, self._process)
        for place in self._read:
            if place.tensor["role"] != "in":
                continue
            if self._is_timed:
                self._host.looks.alike(place.at, place.given.ours, place.bytes, place)
            else:
                # What it did to it shows where those of any candidate are looked at.
                self._host.exchange.copy(place.at, place.given.ours, place.bytes)
        if not self._is_timed:
            self.wait_for(end)

    def wait_for(self, end: c_void_p) -> None:
        """CandidateFailure where that will not come."""
        self._process.wait_for(end, self._case, self._is_timed)

    def corrected(self, whole_ns: float) -> float:
        """Of the next timed run that is read."""
        is_copied = self._copied.popleft()
        own_ns = whole_ns - (self.offsets.copied_ns if is_copied else self.offsets.kernel_ns)
        (self.by_copy if is_copied else self.by_kernel).append(own_ns)
        return max(LEAST_NS, own_ns)

    @property
    def is_called(self) -> bool:
        """Most of its runs were of calls that wait for their inputs."""
        return 2 * self._late > self._runs

    def forget(self) -> None:
        """What was seen of its runs."""
        self.by_kernel, self.by_copy, self._runs, self._late = [], [], 0, 0

    def changed(self, differed: Sequence[object]) -> Optional[str]:
        """Of those that looks told of, an input of this case."""
        return next((place.tensor["name"] for place in self._places if any(one is place for one in differed)), None)

    @property
    def _written(self) -> "list[Place]":
        return [place for place in self._places if is_output(place.tensor)]

    @property
    def _read(self) -> "list[Place]":
        return [place for place in self._places if is_input(place.tensor)]

    def _next_kind(self) -> bool:
        """Who knows all before knows of none what it will be."""
        if not self._kinds:
            others = [self._rng.randrange(COPIED_EVERY) == 0 for _ in range(COPIED_EVERY - 1)]
            self._kinds = self._rng.sample([True, *others], COPIED_EVERY)
        return self._kinds.pop()

    def _located(self, called: Called) -> "list[Output]":
        unknown = [name for name in called.outputs if name not in {place.tensor["name"] for place in self._written}]
        if unknown:
            raise self._process.failure(contract(self._case, f"its process told of an output {unknown[0][:80]}, which the problem has not"))
        found = [self._process.find(called, self._case, place.tensor["name"], place.given) for place in self._written]
        return [Output(one.ours, place.at, place.bytes) for one, place in zip(found, self._written)]

    def _go(self) -> int:
        code = self._driver.write_word(self._process.lent.go, self._call)
        self._host.exchange.release()
        return code

    def _done(self) -> int:
        process = self._process
        if self._outputs is None:
            self._left = self._outputs = self._located(process.called(self._call, self._case, self._is_timed))
        return self._driver.wait_for_word(process.lent.done, self._call)

    def _look(self) -> int:
        outputs = self._outputs or []
        if not self._is_copied:
            return self._host.looks.first(outputs)
        return self._driver.lib.cuMemcpyDtoHAsync_v2(self._host.looks.glance, outputs[0].theirs, min(GLANCE_BYTES, outputs[0].bytes), None)


class NullRuns(Protocol):
    """Of the judge's own program, timed among others'."""

    @property
    def runnable(self) -> Runnable: ...

    def take(self) -> list[float]: ...

    def close(self) -> None: ...


class Baselined(Protocol):
    """Where what is taken off comes from (nulls.py)."""

    def prove(self, environment: str, key: str) -> None: ...

    def offsets(self, environment: str, key: str) -> Offsets: ...

    def runs(self, environment: str, key: str) -> "NullRuns": ...


class AnsweringHost(Host, Protocol):
    @property
    def nulls(self) -> Baselined: ...


class AnsweringProgram(Program, Answering):
    def __init__(self, host: AnsweringHost, artifact: AnsweringArtifact, side: str) -> None:
        super().__init__(host.driver, artifact)
        self._host, document = host, artifact.document
        name = artifact.folder.name
        self._environment, self._key = document["environment"], document["environmentKey"]
        asked = Asked(name, self._environment, self._key, document["program"], side)
        self._process = AnswerProcess(host, asked, document["program"]["cases"], arenas_from(arena_of(name)))
        self._cases: dict[str, CaseAnswers] = {}
        self._offsets = NO_OFFSETS
        self._null_runs: Optional[NullRuns] = None
        # What is taken off was measured once: how far it has moved since, at most.
        self._moved_ns = 0.0

    def close(self) -> None:
        self._process.close()
        if self._null_runs:
            self._null_runs.close()
        super().close()

    def plan(self, case: str) -> Plan:
        del case
        return NOTHING_PLANNED

    def prove(self) -> None:
        self._host.nulls.prove(self._environment, self._key)

    def calibrate(self) -> None:
        self._offsets = self._host.nulls.offsets(self._environment, self._key)
        self._null_runs = self._host.nulls.runs(self._environment, self._key)

    @property
    def null(self) -> Runnable:
        assert self._null_runs is not None, "it is calibrated before anything is timed"
        return self._null_runs.runnable

    def hindered(self) -> bool:
        if self._null_runs is None:
            return False
        beyond = self._null_runs.take()
        self._moved_ns = max(self._moved_ns, moved(beyond))
        return hinders(beyond, self._offsets.kernel_ns - self._offsets.copied_ns)

    def begin(self, limit_ms: float) -> None:
        self._process.begin(limit_ms)

    def bind(self, case: str, tensors: Sequence[Tensor], at: Callable[[str], int]) -> Runnable:
        """`at`: the judge's own buffer of a tensor."""
        given = self._process.lent.given(case)
        places = [Place(tensor, at(tensor["name"]), tensor_bytes(tensor), given[tensor["name"]]) for tensor in tensors if tensor["name"] in given]
        if len(places) != len(tensors) or any(place.bytes != place.given.bytes for place in places):
            raise InfraFailure("internal", f"the program's case {case} has other tensors than the problem's")
        answers = self._cases[case] = CaseAnswers(self._host, self._process, case, places)
        answers.offsets = self._offsets
        return answers.runnable

    def refuse(self, case: str) -> None:
        differed, answers, offsets = self._host.looks.differed(), self._cases.get(case), self._offsets
        if any(one is self._process for one in differed):
            raise CandidateFailure(contract(case, "it writes its output after it said that it was done"))
        if answers is None:
            return
        changed = answers.changed(differed)
        if changed:
            raise CandidateFailure(modified_input(case, changed))
        words = doubt(answers.by_kernel, answers.by_copy, offsets.kernel_ns - offsets.copied_ns)
        if words:
            raise CandidateFailure(contract(case, words))

    def told(self, case: str) -> Answers:
        answers, offsets = self._cases[case], self._offsets
        semantics = "call" if answers.is_called else "released"
        answers.forget()
        return {"uncertaintyNs": UNCERTAINTY_NS + self._moved_ns, "semantics": semantics, "nullNs": offsets.kernel_ns}

    def free_bytes(self) -> int:
        return self._host.driver.memory_bytes()[0]

    def settle(self) -> bool:
        return self._process.settle()


def doubt(by_kernel: Sequence[float], by_copy: Sequence[float], switch_ns: float) -> str:
    """Why these times cannot be told, where the two ways of looking disagree by a switch between contexts; empty where they agree."""
    if min(len(by_kernel), len(by_copy)) < KIND_LEAST:
        return ""
    off = median(sorted(by_copy)) - median(sorted(by_kernel))
    if abs(off) <= SWITCH_SHARE * switch_ns + SURE * error_of_medians(by_kernel, by_copy):
        return ""
    if off > 0:
        return "its answers do not come from kernels of the GPU: how long it takes cannot be told"
    return "it says that it is done before it is"
