"""The process of one program that answers, as the judge uses it: its memory, its calls in order, and the way out where it hangs.

not begun -> ready (`begin`) -> (calls: asked, some of them ahead -> called -> released -> done) -> closed. Invariant: before a call of another case
is asked, every call that was asked ahead has been released, has ended, and is forgotten.
"""
import ctypes
import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ctypes import c_void_p
from typing import Optional, Protocol

from kiln_runner.programs.answer_messages import Called
from kiln_runner.programs.device_memory import says_that_memory_lacks
from kiln_runner.programs.record_frames import WORDS_MAX
from kiln_runner.programs.recording_shape import ARENA_BASE, ARENAS, WINDOW_BYTES_MAX, arena_base
from kiln_runner.protocol_outcomes import Outcome
from kiln_runner.protocol_programs import RecordedCase

from ..companions import TRIES_MAX, Asked, Companion, Companions, Unequipped
from ..failures import CandidateFailure, InfraFailure
from ..outcomes import contract
from .driver import Driver
from .exchange import Exchange
from .lent import Lent, Range
from .looks import Looks
from .memory import Memory

# Asked for, and not begun. More would only let the process's host run further ahead.
AHEAD_MAX = 4
# Of a program whose calls return before their inputs are there: once all earlier runs are done.
RETURN_S_MAX = 0.005
# It is told to be another one when it was late so many times in a row: its host may have had no processor once.
LATE_MAX = 2
# The process's word of a call, while the device has not come to it.
_POLL_S = 0.0005
# Between two looks at a word that has not come, once it is late.
_PATIENT_S, _LOOK_S, _NAP_S = 0.003, 0.02, 0.00002
# Until the stream is free when all words have been written.
SETTLE_S_MAX = 5.0
_COPY_TRIED_S = 1.0
# More than any call's number, as the driver compares them.
RELEASED = 0x7F7F7F7F
# Of a judgement's limit, for all waiting together.
LIMIT_SHARE = 0.7
# Of a whole process, beside what its calls may take.
LIFE_S_MAX = 3600.0


def arenas_from(first: int) -> list[int]:
    """Where an arena may begin: there, and as far into other windows."""
    window = first % WINDOW_BYTES_MAX
    number = (first - ARENA_BASE) // WINDOW_BYTES_MAX
    return [arena_base(number + step * ARENAS // TRIES_MAX) + window for step in range(TRIES_MAX)]


class Host(Protocol):
    """The device that judges."""

    @property
    def driver(self) -> Driver: ...

    @property
    def memory(self) -> Memory: ...

    @property
    def companions(self) -> Companions: ...

    @property
    def looks(self) -> Looks: ...

    @property
    def exchange(self) -> Exchange: ...

    @property
    def releasing(self) -> "Releasing": ...


class Releasing:
    """Writes words while the default stream waits for them."""

    def __init__(self, driver: Driver, page: int) -> None:
        self._driver, self._page = driver, page
        self._made: Optional[tuple[c_void_p, int]] = None

    def release(self, lent: Lent) -> bool:
        """False where the stream is not free within SETTLE_S_MAX. By a copy, which has a queue of its own; then by a second stream."""
        if not self._driver.is_busy():
            return True
        stream, source = self._made or self._make()
        address, size = lent.words
        self._driver.upload_beside(address, source, min(size, self._page), stream)
        if self._is_free(_COPY_TRIED_S):
            return True
        self._driver.write_word(lent.done, RELEASED, stream)
        return self._is_free(SETTLE_S_MAX)

    def _make(self) -> "tuple[c_void_p, int]":
        source = self._driver.host_buffer(self._page)
        ctypes.memset(source, RELEASED & 0xFF, self._page)
        self._made = self._driver.stream(), source
        return self._made

    def _is_free(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self._driver.is_busy():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_S)
        return True


class AnswerProcess:
    """`arenas`: where its own memory may begin, tried in turn."""

    def __init__(self, host: Host, asked: Asked, cases: Sequence[RecordedCase], arenas: Sequence[int], arena_bytes: Optional[int] = None) -> None:
        self._host, self._asked, self._cases, self._arenas, self._arena_bytes = host, asked, cases, arenas, arena_bytes
        self._companion: Optional[Companion] = None
        self._lent: Optional[Lent] = None
        # Asked, in order: number and case; those of which it said that they were called.
        self._ahead: deque[tuple[int, str]] = deque()
        self._called: deque[Called] = deque()
        self._last, self._late = 0, 0
        self._is_released = True
        self._passed: Optional[c_void_p] = None
        self._limit_ms, self._left_s = 0.0, 0.0

    @property
    def lent(self) -> Lent:
        assert self._lent is not None, "it has memory once it has begun"
        return self._lent

    def begin(self, limit_ms: float) -> None:
        """`limit_ms`: of the judgement, which ends it where this does not. CandidateFailure, InfraFailure."""
        self._limit_ms, self._left_s = limit_ms, LIMIT_SHARE * limit_ms / 1000
        for arena in self._arenas[:-1]:
            try:
                self._equip(arena)
                break
            except Unequipped:
                # At other addresses it may be.
                self.close()
        else:
            self._equip(self._arenas[-1])
        with self._blaming():
            self._process.begin()

    def _equip(self, arena: int) -> None:
        host = self._host
        companion = self._companion = host.companions.start(self._asked, LIFE_S_MAX)
        lent = self._lent = Lent(host.driver, host.memory, self._cases, arena, self._arena_bytes)
        host.driver.synchronize()
        descriptors = lent.exported()
        try:
            companion.equip(lent.begin, descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    # --- calls

    def next(self, case: str, is_timed: bool) -> int:
        """The number of the call that a run of the case is to be; others are asked ahead where it is timed."""
        if self._ahead and self._ahead[0][1] != case:
            self._forget_ahead()
        wanted = 1 + (AHEAD_MAX if is_timed else 0)
        while len(self._ahead) < wanted:
            self._last += 1
            with self._blaming():
                self._process.ask(self._last, case)
            self._ahead.append((self._last, case))
        return self._ahead.popleft()[0]

    def returned(self, call: int, case: str) -> Optional[Called]:
        """What it said of the call, before its inputs were there. None: it is late, so that it is released first."""
        if not self._is_released:
            return None
        idle_since: Optional[float] = None
        start = time.monotonic()
        while True:
            called = self._said(call, case, _POLL_S)
            now = time.monotonic()
            if called is not None:
                self._late = 0
                return called
            if self._host.driver.is_busy():
                idle_since = None
                if now - start > self._left_s:
                    raise self._timed_out(case, True)
            elif idle_since is None:
                idle_since = now
            elif now - idle_since > RETURN_S_MAX:
                self._late += 1
                self._is_released = self._late < LATE_MAX
                return None

    def called(self, call: int, case: str, is_timed: bool) -> Called:
        """What it says of a call that was released. CandidateFailure where that takes too long."""
        start = time.monotonic()
        while True:
            called = self._said(call, case, _LOOK_S)
            if called is not None:
                self._spend(time.monotonic() - start)
                return called
            if time.monotonic() - start > self._left_s:
                raise self._timed_out(case, is_timed)

    def wait_for(self, event: c_void_p, case: str, is_timed: bool) -> None:
        """Until it has come. CandidateFailure where the process is gone, says that it failed, or takes too long."""
        driver, start = self._host.driver, time.monotonic()
        looked = start
        while not driver.has_come(event):
            now = time.monotonic()
            if now - start < _PATIENT_S:
                continue
            time.sleep(_NAP_S)
            if now - looked > _LOOK_S:
                looked = now
                self._hear(case, 0.0)
            if now - start > self._left_s:
                raise self._timed_out(case, is_timed)
        self._spend(time.monotonic() - start)

    def find(self, called: Called, case: str, name: str, given: Range) -> Range:
        """Where an output is. CandidateFailure where the process names a place that it has not."""
        if name not in called.outputs:
            return given
        address = called.outputs[name]
        found = self.lent.found(case, address, given.bytes)
        if found is None:
            words = f"output {name} is not in memory that its process was given ({address:#x}); make it with PyTorch"
            raise self.failure(contract(case, words))
        return found

    def failure(self, outcome: Outcome) -> Exception:
        """What it comes to that its program did this: of the record holder's it is no verdict of the candidate."""
        if self._asked.side == "candidate":
            return CandidateFailure(outcome)
        code = "pair_failed" if self._asked.side == "record" else "internal"
        return InfraFailure(code, f"the {self._asked.side}'s program: {outcome}"[:WORDS_MAX])

    # --- the end

    def settle(self) -> bool:
        """Frees the stream of what waits for the process, and ends that. False where the stream does not come free."""
        self._host.exchange.release()
        if self._lent is None:
            self._end()
            return True
        is_free = self._host.releasing.release(self._lent)
        self._end()
        return is_free or not self._host.driver.is_busy()

    def close(self) -> None:
        """Nothing of it runs any more; its memory is free."""
        self._end()
        lent, self._lent = self._lent, None
        if lent is not None:
            self._host.driver.synchronize()
            lent.close()

    def _end(self) -> None:
        if self._companion is not None:
            self._companion.close()

    @property
    def _process(self) -> Companion:
        assert self._companion is not None, "nobody is called before `begin`"
        return self._companion

    def _forget_ahead(self) -> None:
        """Calls of another case: each runs on whatever inputs are there."""
        driver = self._host.driver
        last, case = self._ahead[-1]
        driver.check(driver.write_word(self.lent.go, last), "cuStreamWriteValue32")
        for call, _ in self._ahead:
            self.called(call, case, False)
        driver.check(driver.wait_for_word(self.lent.done, last), "cuStreamWaitValue32")
        if self._passed is None:
            self._passed = driver.event()
        driver.record(self._passed)
        self.wait_for(self._passed, case, False)
        self._ahead.clear()

    def _said(self, call: int, case: str, timeout_s: float) -> Optional[Called]:
        if not self._called:
            self._hear(case, timeout_s)
        if not self._called:
            return None
        called = self._called.popleft()
        if called.call != call:
            raise self.failure(contract(case, f"its process spoke of call {called.call} where call {call} was next"))
        return called

    def _hear(self, case: str, timeout_s: float) -> None:
        """One message, if one comes."""
        if len(self._called) > AHEAD_MAX + 1:
            raise self.failure(contract(case, "its process spoke of calls that nobody asked for"))
        with self._blaming():
            called = self._process.called(case, timeout_s)
        if called is not None:
            self._called.append(called)

    @contextmanager
    def _blaming(self) -> Iterator[None]:
        """What it is given is cut from what was free: where that was little, lacking memory is no fault of the program's. InfraFailure."""
        try:
            yield
        except CandidateFailure as failure:
            outcome, shortage = failure.outcome, self.lent.shortage
            if shortage and outcome["verdict"] == "crashed" and says_that_memory_lacks(outcome["message"]):
                raise InfraFailure("out_of_memory", f"{shortage}; it ended with: {outcome['message']}"[:WORDS_MAX]) from failure
            raise self.failure(outcome) from failure

    def _spend(self, seconds: float) -> None:
        self._left_s = max(0.0, self._left_s - seconds)

    def _timed_out(self, case: str, is_timed: bool) -> Exception:
        return self.failure({"verdict": "timed_out", "stage": "measure" if is_timed else "check", "case": case, "limitMs": self._limit_ms})

