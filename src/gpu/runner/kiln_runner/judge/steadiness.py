"""Whether the times of a section can be counted as they are: does a side live on what it remembers, do two ways of reading them agree. Pure.

A kernel may keep its result, or notice that the output is right already, and be fast where it has seen the inputs. Runs on inputs that it has
not seen show what it really takes. Where these are slower, the case is timed again with fresh inputs before every run; where they may be
slower by what their number cannot exclude, the interval that is shown reaches as far.
"""
import math
from collections.abc import Sequence

from kiln_runner.protocol_outcomes import TimingStatistics

from .section import Section
from .statistics import ERROR_OF_MEDIANS, SURE, Interval, balance, deviation, median, overlap, ratio_of_medians, shift

ORDERS_LEAST = 1000
KIND_LEAST = 8
# A difference that is looked into, where chance does not make it either.
OFF_NEVER = 0.005
# Inputs that were just drawn are partly in a cache: a side finds them faster than those that others read in between.
CACHED_SHARE = 0.015
OFF_TRUSTED = 0.05
# A difference that counts for nothing, however sure it is.
OFF_ALWAYS = 0.002
NOTHING = Interval(1.0, 1.0, 1.0)


def gained_by_memory(section: Section, side: str) -> Interval:
    """How many times as long as its others the side's runs on inputs take that it had not seen."""
    found = section.slower_when_new(side)
    return found[0] if found else NOTHING


def lives_on_memory(section: Section, side: str, draw_bias: float) -> bool:
    """True when runs on inputs that the side had not seen are slower than those on the same ones drawn again; or, for a side that goes by the draw
    and not by the inputs, slower than all others by more than a draw makes them in honest code."""
    kinds = section.by_inputs(side)
    new, redrawn, left = kinds
    noise = _noise(kinds)
    found = section.slower_when_new(side)
    if found and _is_off(new, redrawn + left, (_weight(new) / _weight(redrawn + left), draw_bias, noise), found[1]):
        return True
    return bool(redrawn) and (_is_slower(new, redrawn, 0.0, noise) or _is_slower(new + redrawn, left, draw_bias, noise))


def finds_inputs_spoilt(section: Section, side: str, draw_bias: float) -> bool:
    """True when a side that is trusted is slower on inputs that another worked on since they were drawn, which changes them and changes them back."""
    kinds = section.by_inputs(side)
    drawn, left, allowed = kinds.new + kinds.redrawn, kinds.left, max(draw_bias, CACHED_SHARE)
    if not drawn or not left:
        return False
    heavier = _weight(left) / _weight(drawn)
    # Half of its runs spoilt look like a spread; trusted code has none that is this wide.
    return heavier > 1 + allowed + OFF_TRUSTED or _is_off(left, drawn, (heavier, allowed, _noise(kinds)), shift(left, drawn, [SURE])[0])


def _is_slower(these: Sequence[float], than: Sequence[float], allowed: float, noise: float) -> bool:
    """As `_is_off`; what there is none of is not slower."""
    if not these or not than:
        return False
    return _is_off(these, than, (_weight(these) / _weight(than), allowed, noise), shift(these, than, [SURE])[0])


def _is_off(these: Sequence[float], than: Sequence[float], by: tuple[float, float, float], found: Interval) -> bool:
    """By more than is allowed for certain; or in the middle, or in the balance of all, by more than chance makes it. Each looks at all of them,
    so that no run decides alone. `by`: how many times as much `these` weigh; the share that is allowed; noise of a run, as a share. `found`: how
    many times as large they are, with an interval of SURE deviations."""
    heavier, allowed, noise = by
    error = ERROR_OF_MEDIANS * noise * math.sqrt(1 / len(these) + 1 / len(than))
    off = max(found.middle, heavier) - 1 - allowed
    # Of few against few all are slower by chance now and then.
    can_be_sure = math.comb(len(these) + len(than), len(these)) >= ORDERS_LEAST
    return (can_be_sure and found.low > 1 + allowed + OFF_ALWAYS) or off > max(OFF_NEVER, SURE * error)


def _weight(times: Sequence[float]) -> float:
    """Where many lie, some that are far off included; of a few one may be, and counts for nothing."""
    return balance(times) if len(times) >= KIND_LEAST else median(sorted(times))


def _noise(kinds: Sequence[Sequence[float]]) -> float:
    """What runs are off the median of their own kind. The median of a few is too near to them to tell: of such all are one kind."""
    many = [times for times in kinds if len(times) >= KIND_LEAST] or [[time for times in kinds for time in times]]
    middles = [median(sorted(times)) for times in many]
    return deviation([time / middle for times, middle in zip(many, middles) for time in times])


def widened(speedup: Interval, gained: Interval) -> Interval:
    """The interval that is shown, down to where what the side may have gained by memory would bring it."""
    return speedup._replace(low=min(speedup.low, speedup.middle / max(1.0, gained.high)))


def agrees(speedup: Interval, baseline: TimingStatistics, candidate: TimingStatistics) -> bool:
    """Whether the speed-up that is ranked and the times that are shown (TimingStatistics) say the same."""
    return overlap(speedup, ratio_of_medians(baseline, candidate))
