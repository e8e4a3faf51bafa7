"""Whether a program lets others be: its process lives while they are timed, and whoever holds the device then looks faster beside them; and whether
what is taken off its times is still what it was. Pure.

Among others' runs, at drawn places, are runs of the judge's own program that does nothing. What they take was measured before any program had a
process, and another context on the device between its two switches makes them longer by one more at least.
"""
from collections.abc import Sequence

from .statistics import median

# Of one switch between contexts: this much longer is held up.
HELD_SWITCHES = 0.5
# More than now and then: so many, and more than one in so many. Ratios of groups follow where it is more than a third.
HELD_LEAST, HELD_ONE_IN = 4, 6


def hinders(beyond_ns: Sequence[float], switch_ns: float) -> bool:
    """`beyond_ns`: of each run, what it took longer than alone."""
    held = sum(one > HELD_SWITCHES * switch_ns for one in beyond_ns)
    return held >= HELD_LEAST and held * HELD_ONE_IN > len(beyond_ns)


def moved(beyond_ns: Sequence[float]) -> float:
    """`beyond_ns`: as above. Nanoseconds by which most of them differ from what was measured before any program had a process: contexts that came or
    went on the device since move it by some microseconds, and times with it."""
    return abs(median(sorted(beyond_ns))) if beyond_ns else 0.0
