"""What a candidate's speed-up is where the baseline was timed before: some baseline runs among the candidate's, the controls, say whether
that time still holds.

A device does not always run alike: its clocks follow its power, its L2 the work of the last second, and a host that is busy launches late.
A baseline that was timed in another state than the candidate would give or take some percent. The controls were timed in the same.
"""
from typing import NamedTuple, Optional

from .measuring import Section
from .statistics import Interval, ratio_of_medians, relative_half_width, timing_statistics

# A speed-up that the controls alone tell this well, from at least so many of them, needs no remembered time.
SHARP = 0.003
SHARP_CONTROLS_LEAST = 8
# The interval of a few controls is as wide as the slowest of them: however wide it is, a time this far from them is not borne out.
APART_MAX = 0.05


class Screened(NamedTuple):
    method: str
    baseline: dict
    speedup: Interval
    # The baseline's time as the controls show it, as a share of the remembered one; None where they contradict that.
    seen: Optional[float]


def screened(section: Section, known: dict, batch: int) -> Optional[Screened]:
    """By the controls where they are sharp, by the remembered time `known` where they bear it out; None where the sides must be timed in pairs."""
    times = section.of("baseline")
    seen = section.control_ratios("baseline", "candidate")
    remembered = ratio_of_medians(known, timing_statistics(section.of("candidate"), batch))
    share = seen.middle / remembered.middle
    bears_out = abs(share - 1) <= APART_MAX and seen.low <= remembered.high and remembered.low <= seen.high
    if len(times) >= SHARP_CONTROLS_LEAST and relative_half_width(seen) <= SHARP:
        return Screened("controlled", timing_statistics(times, batch), seen, share if bears_out else None)
    return Screened("cached", known, remembered, share) if bears_out else None
