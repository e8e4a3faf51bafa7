"""Whether a baseline's remembered time holds for a candidate: some baseline runs among the candidate's, the controls, say so. Pure.

A device does not always run alike: its clocks follow its power, its L2 the work of the last second, and a host that is busy launches late.
A baseline that was timed in another state than the candidate would give or take some percent. The controls are timed in the same. They are
too few to count themselves, and a slow baseline among a fast candidate's runs is not what it is in pairs: where they contradict the
remembered time, the sides are timed in pairs.
"""
from kiln_runner.protocol_outcomes import TimingStatistics

from .statistics import Interval

# What the controls may be off the remembered time, however sure they are: screenings of one kernel differ by as much.
OFF_ALWAYS = 0.005
# What they may be off at most, however wide their interval: it is as wide as the slowest of few.
OFF_MAX = 0.03


def bears_out(controls: Interval, known: TimingStatistics, candidate: TimingStatistics) -> bool:
    """`controls`: the baseline's time among the candidate's runs, in those nearest to it. `known`, `candidate`: TimingStatistics. What the
    candidate's own runs vary by counts for nothing, or it could vary until anything holds."""
    remembered = known["medianNs"] / candidate["medianNs"]
    slack = (known["ciHighNs"] - known["ciLowNs"]) / 2 / known["medianNs"]
    off = abs(controls.middle / remembered - 1)
    is_within = controls.low / remembered <= 1 + slack and controls.high / remembered >= 1 - slack
    return off <= OFF_ALWAYS or (is_within and off <= OFF_MAX)
