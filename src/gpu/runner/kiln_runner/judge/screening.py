"""Whether a baseline's remembered time holds for a candidate: some baseline runs among the candidate's, the controls, say so.

A device does not always run alike: its clocks follow its power, its L2 the work of the last second, and a host that is busy launches late.
A baseline that was timed in another state than the candidate would give or take some percent. The controls are timed in the same. They are
too few to count themselves, and a slow baseline among a fast candidate's runs is not what it is in pairs: where they contradict the
remembered time, the sides are timed in pairs.
"""
from typing import Optional

from .measuring import Section
from .statistics import Interval, ratio_of_medians, timing_statistics

# What the controls may be off the remembered time, however sure they are: screenings of one kernel differ by as much.
OFF_ALWAYS = 0.005
# What they may be off at most, however wide their interval: it is as wide as the slowest of few.
OFF_MAX = 0.05


def screened(section: Section, known: dict, batch: int) -> Optional[Interval]:
    """The speed-up against the remembered TimingStatistics `known`; None where the controls contradict them."""
    remembered = ratio_of_medians(known, timing_statistics(section.of("candidate"), batch))
    seen = section.control_ratios("baseline", "candidate")
    off = abs(seen.middle / remembered.middle - 1)
    overlap = seen.low <= remembered.high and remembered.low <= seen.high
    return remembered if off <= OFF_ALWAYS or (overlap and off <= OFF_MAX) else None
