"""Whether the times of events agree with the device's own timer. Pure.

The stamps of events lie in memory of the driver, at one of some two hundred places; a kernel that guesses it can make its own time shorter. So the
judge's kernels read %globaltimer too, which nobody can set: the last one before a run when it ends, the first one behind it when it starts. What lies
between the two is the run and a few microseconds of launching, the same for all sides. Whose difference is larger than that of others, its stamps
say less than it took; whose is smaller, more.
"""
import math
from collections.abc import Sequence

from .section import Section
from .statistics import SURE, error_of_medians, median

# What launches of two sides may differ by (bench/gpu/judge-check clocks), and how far two clocks may go apart.
OFF_NS, OFF_SHARE = 1000.0, 0.005
# Of fewer nothing is said. Controls are at least as many.
RUNS_SAID = 6


def stamps_are_doubtful(section: Section, side: str) -> bool:
    """True where the device's timer gives `side` more time, beyond its events', than it gives any other side of the section."""
    others = [other for other in section.sides if other != side]
    if not others:
        return False
    own, allowed = section.gaps_of(side), OFF_NS + OFF_SHARE * median(sorted(section.whole(side)))
    return any(_is_more(own, section.gaps_of(other), allowed) for other in others)


def _is_more(these: Sequence[float], than: Sequence[float], allowed: float) -> bool:
    if len(these) < RUNS_SAID or len(than) < RUNS_SAID:
        return False
    return median(sorted(these)) - median(sorted(than)) > allowed + SURE * error_of_medians(these, than)


def gaps_between(before: Sequence[int], behind: Sequence[int], events: Sequence[float]) -> list[float]:
    """Of each run what the timer has beyond the events, nanoseconds; NaN where one of its stamps is missing (0)."""
    return [end - start - event if start and end else math.nan for start, end, event in zip(before, behind, events)]
