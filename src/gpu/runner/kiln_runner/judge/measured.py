"""What a section came to, as it is told. Pure."""
from collections.abc import Sequence
from functools import cached_property
from typing import Literal, NamedTuple, Optional

from kiln_runner.protocol_outcomes import CaseTiming, TimingStatistics

from .clocks import stamps_are_doubtful
from .device import Case
from .section import Section
from .statistics import Interval, ratio_of_medians, timing_statistics
from .steadiness import agrees, finds_inputs_spoilt, gained_by_memory, lives_on_memory, widened

# A baseline may be so much slower beside a program than it was before: clocks move, and its inputs are drawn anew for each run.
BESIDE_ALLOWED = 0.02


class _Read(NamedTuple):
    case: Case
    section: Section
    method: Literal["paired", "cached"]
    candidate: TimingStatistics
    baseline: TimingStatistics
    # Of the baseline's time to the candidate's, and of the record's where there is one.
    speedup: Interval
    record: Optional[Interval] = None
    # Every run had fresh inputs, which takes longer than usual.
    is_strict: bool = False
    # The baseline's time is to be remembered, once the candidate has passed.
    teaches: bool = False


class Measured(_Read):
    @cached_property
    def is_steady(self) -> bool:
        """The speed-up that is ranked and the times that are shown say the same, and so does the device's own timer."""
        return agrees(self.speedup, self.baseline, self.candidate) and not self.has_doubtful_stamps

    @cached_property
    def has_doubtful_stamps(self) -> bool:
        return stamps_are_doubtful(self.section, "candidate")

    @property
    def is_doubtful(self) -> bool:
        """To be timed again with fresh inputs before every run."""
        is_spoilt = self.method == "paired" and finds_inputs_spoilt(self.section, "baseline", self.case.draw_bias)
        return lives_on_memory(self.section, "candidate", self.case.draw_bias) or is_spoilt or not self.is_steady

    def beside(self, alone_ns: float) -> "Measured":
        """Of a program that could make others slower: what is shown reaches down to where it would be if they were as fast as the baseline alone."""
        slower = max(1.0, self.baseline["medianNs"] / alone_ns / (1 + BESIDE_ALLOWED))
        gained = Interval(slower, slower, slower)
        return self._replace(speedup=widened(self.speedup, gained), record=self.record and widened(self.record, gained))

    def timing(self) -> CaseTiming:
        """A CaseTiming of the protocol."""
        timing: CaseTiming = {
            "case": self.case.name,
            "candidate": self.candidate,
            "baseline": self.baseline,
            "method": self.method,
            "speedup": self.speedup.middle,
            "speedupLow": self.speedup.low,
            "speedupHigh": self.speedup.high,
            "inputs": "fresh" if self.is_strict else "sampled",
        }
        if not self.is_steady:
            timing["unsteady"] = True
        if self.record is not None:
            timing["record"] = {"ratio": self.record.middle, "ratioLow": self.record.low, "ratioHigh": self.record.high}
        return timing


def screened(case: Case, section: Section, known: TimingStatistics) -> Measured:
    """Against the baseline's remembered TimingStatistics."""
    candidate = timing_statistics(section.of("candidate"), case.batch)
    speedup = widened(ratio_of_medians(known, candidate), gained_by_memory(section, "candidate"))
    return Measured(case, section, "cached", candidate, known, speedup)


def paired(case: Case, section: Section, sides: Sequence[str], is_strict: bool) -> Measured:
    candidate, baseline = (timing_statistics(section.of(side), case.batch) for side in ("candidate", "baseline"))
    gained = gained_by_memory(section, "candidate")
    speedup = widened(section.ratios("baseline", "candidate", sides), gained)
    record = widened(section.ratios("record", "candidate", sides), gained) if "record" in sides else None
    return Measured(case, section, "paired", candidate, baseline, speedup, record, is_strict)
