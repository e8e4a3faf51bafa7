"""What a timed section of a case comes to: it counts, or the case is timed again in another way. Pure.

A turn says how a case is to be timed; once it was, its times are read. That may be later, while the device works on another case: nothing that
they say changes what is looked at of the section. Ways: as usual, by itself where the baseline's time is remembered -> in pairs, where that time
does not hold -> strictly, with fresh inputs before every run, where anything looks as if work had been left out. Invariant: no case has more than
five turns.
"""
from typing import Literal, NamedTuple, Optional, Union

from kiln_runner.protocol import DefinedCase
from kiln_runner.protocol_outcomes import TimingStatistics

from .device import Case
from .measured import Measured, paired, screened
from .measuring import Conditions, Control
from .schedule import PAIRED_BELOW_NS, batch_for, batch_holds
from .screening import bears_out
from .section import Section
from .steadiness import lives_on_memory

Way = Literal["usual", "pairs", "strict"]


class Batch(NamedTuple):
    """How many executions are timed together, since one takes so long. `is_counted`: runs that count say so, and not a warm-up."""

    executions: int
    single_ns: float
    is_counted: bool = False


class Turn(NamedTuple):
    """`batch` None: its warm-up will say. `spent_ms`: of the case's budget, in turns before."""

    spec: DefinedCase
    way: Way = "usual"
    batch: Optional[Batch] = None
    spent_ms: float = 0.0


class Alone(NamedTuple):
    """Against the baseline's remembered time."""

    known: TimingStatistics
    conditions: Conditions
    control: Control

    @property
    def has_controls(self) -> bool:
        """Some runs of the baseline are among the candidate's."""
        return self.control.is_affordable(self.conditions)


class WarmUp(NamedTuple):
    """All that was timed of who is stopped after it."""

    known: TimingStatistics


class Pairs(NamedTuple):
    """`teaches`: the baseline's time is to be remembered, where nothing is suspicious about it."""

    sides: list[str]
    is_strict: bool
    teaches: bool = False


How = Union[Alone, WarmUp, Pairs]


class Timed(NamedTuple):
    """`is_left`: the case is not timed to the end, at least not now, whatever its times say. `replicas_max`: of the case."""

    turn: Turn
    case: Case
    section: Section
    how: How
    batch: Batch
    replicas_max: int
    spent_ms: float = 0.0
    is_left: bool = False


def read(timed: Timed) -> Union[Measured, Turn]:
    """What it came to; a Turn: what is to be timed instead."""
    how = timed.how
    if isinstance(how, Pairs):
        measured = paired(timed.case, timed.section, how.sides, how.is_strict)._replace(teaches=how.teaches and not timed.is_left)
    else:
        measured = screened(timed.case, timed.section, how.known)
    if timed.is_left or isinstance(how, WarmUp):
        return measured
    way = _paired_again(measured) if isinstance(how, Pairs) else _alone_again(timed, how, measured)
    if way is not None:
        spent_ms = timed.turn.spent_ms + timed.spent_ms if way == "pairs" else 0.0
        return Turn(timed.turn.spec, way, timed.batch, spent_ms)
    counted_ns, most = measured.candidate["medianNs"], timed.replicas_max
    if timed.batch.is_counted or batch_holds(timed.batch.executions, counted_ns, most):
        return measured
    # The warm-up said something else than the runs that count: once more, with what these say.
    return Turn(timed.turn.spec, batch=Batch(batch_for(counted_ns, most), counted_ns, is_counted=True))


def _paired_again(measured: Measured) -> Optional[Way]:
    return "strict" if not measured.is_strict and measured.is_doubtful else None


def _alone_again(timed: Timed, how: Alone, measured: Measured) -> Optional[Way]:
    if lives_on_memory(timed.section, "candidate", timed.case.draw_bias) or measured.has_doubtful_stamps:
        return "strict"
    return None if measured.candidate["medianNs"] >= PAIRED_BELOW_NS and _holds(timed, how, measured) else "pairs"


def _holds(timed: Timed, how: Alone, measured: Measured) -> bool:
    """Whether the remembered time does."""
    if how.has_controls:
        return bears_out(timed.section.control_ratios("baseline", "candidate"), how.known, measured.candidate)
    return not how.control.is_missing(timed.section, how.conditions, timed.spent_ms)
