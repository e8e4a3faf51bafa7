"""Statistics of timed runs. Pure: lists of nanoseconds in, TimingStatistics and ratios of the protocol out."""
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, Optional

from kiln_runner.protocol_outcomes import Humps, TimingStatistics

TAIL = 0.025  # each side of a 95 % interval
# Deviations: of a 95 % interval; and of a difference that chance makes once in a thousand sections.
USUAL, SURE = 1.96, 3.09
# The median's deviation to the mean's, of normal values.
ERROR_OF_MEDIANS = 1.25
TRIM_SHARE = 0.1
# Above this count the normal approximation of the binomial is exact to a rank.
EXACT_COUNT_MAX = 500
# Above this the normal approximation of the signed rank's distribution is good to a rank or two among hundreds.
SIGNED_RANK_EXACT_MAX = 40
# Pairs grow with the square: beyond, the median is sure enough.
PAIRED_MAX = 200
# What is this many standard deviations from the median, as the median's own deviation tells them, is left out of a centre; never what is
# within this share of it, since a coarse clock makes most values the same.
OUTLYING = 6.0
SIGMAS_PER_DEVIATION = 1.4826
NEAR_SHARE = 0.005
# The device waits for what grows with the square.
THINNED_TO = 24
# Two humps: a gap that is at least half of what lies between their medians, which are this share apart, with this share of the runs each.
HUMP_SHARE, HUMP_DISTANCE, HUMP_GAP = 0.1, 0.02, 0.5


class Interval(NamedTuple):
    middle: float
    low: float
    high: float


def median(ordered: Sequence[float]) -> float:
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


@lru_cache(maxsize=1024)
def median_ranks(count: int) -> tuple[int, int]:
    """0-based ranks of the order statistics that hold the true median with at least 95 % (the extremes where `count` < 6)."""
    if count > EXACT_COUNT_MAX:
        below = int((count - 1.96 * math.sqrt(count)) / 2) - 1
        return below, count - 1 - below
    below, cumulated = -1, 0.0
    while below + 1 < count // 2:
        cumulated += math.comb(count, below + 1) / 2**count
        if cumulated > TAIL:
            break
        below += 1
    return max(below, 0), count - 1 - max(below, 0)


def interval(values: Sequence[float]) -> Interval:
    """Median and its 95 % interval by order statistics."""
    ordered = sorted(values)
    low, high = median_ranks(len(ordered))
    return Interval(median(ordered), ordered[low], ordered[high])


@lru_cache(maxsize=1024)
def signed_rank(count: int) -> int:
    """How many of the smallest pairwise means of `count` values lie below the 95 % interval of their centre (Wilcoxon's signed rank test)."""
    pairs = count * (count + 1) // 2
    if count > SIGNED_RANK_EXACT_MAX:
        return int(pairs / 2 - 1.96 * math.sqrt(count * (count + 1) * (2 * count + 1) / 24))
    ways = [1] + [0] * pairs
    for rank in range(1, count + 1):
        for total in range(pairs, rank - 1, -1):
            ways[total] += ways[total - rank]
    below, cumulated = 0, ways[0]
    while cumulated <= TAIL * 2**count:
        below += 1
        cumulated += ways[below]
    return max(below - 1, 0)


def centre(values: Sequence[float]) -> Interval:
    """Of values that spread alike to both sides, such as ratios of pairs: the median of all pairwise means (Hodges and Lehmann) of those near the
    median, with its 95 % interval. It moves less from sample to sample than the median, and no minority moves it far: without leaving out
    what is far, 29 % of the values could."""
    middle = median(sorted(values))
    reach = max(OUTLYING * deviation(values), NEAR_SHARE * middle)
    kept = [value for value in values if abs(value - middle) <= reach]
    if len(kept) > PAIRED_MAX:
        return interval(kept)
    sums, below = _pairwise_sums(kept), signed_rank(len(kept))
    return Interval(median(sums) / 2, sums[below] / 2, sums[-1 - below] / 2)


def balance(values: Sequence[float]) -> float:
    """The median of all pairwise means, nothing left out: it follows where three in ten go, and tells that they do."""
    return median(_pairwise_sums(_thinned(values))) / 2


def _pairwise_sums(values: Sequence[float]) -> list[float]:
    """Twice the pairwise means, in order. Of values in order they come in rows that are, which are sorted in half the time."""
    ordered = sorted(values)
    return sorted([one + other for at, one in enumerate(ordered) for other in ordered[at:]])


def deviation(values: Sequence[float]) -> float:
    """The standard deviation, as the median of the distances from the median tells it."""
    middle = median(sorted(values))
    return SIGMAS_PER_DEVIATION * median(sorted([abs(value - middle) for value in values]))


def error_of_medians(these: Sequence[float], those: Sequence[float]) -> float:
    """The standard deviation of what their medians differ by."""
    return ERROR_OF_MEDIANS * math.sqrt(deviation(these) ** 2 / len(these) + deviation(those) ** 2 / len(those))


def shift(over: Sequence[float], under: Sequence[float], deviations: Sequence[float]) -> list[Interval]:
    """How many times as large as `under` the values `over` are: the median of all quotients, and the intervals of the rank sum test (Mann and
    Whitney) that are so many standard deviations wide to each side. Of many values as many are taken as tell as much, evenly by their ranks."""
    those = _thinned(under)
    quotients = sorted([one / other for one in _thinned(over) for other in those])
    spread = math.sqrt((len(over) + len(under) + 1) / 12 / (len(over) * len(under)))
    found: list[Interval] = []
    for width in deviations:
        below = min(max(0, int((0.5 - width * spread) * len(quotients))), (len(quotients) - 1) // 2)
        found.append(Interval(median(quotients), quotients[below], quotients[-1 - below]))
    return found


def _thinned(values: Sequence[float]) -> list[float]:
    ordered = sorted(values)
    if len(ordered) <= THINNED_TO:
        return ordered
    return [ordered[(2 * n + 1) * len(ordered) // (2 * THINNED_TO)] for n in range(THINNED_TO)]


def humps(ordered: Sequence[float]) -> Optional[Humps]:
    """Where the times have two humps, of either its median, and what share of the runs is in the lower."""
    least = max(2, math.ceil(HUMP_SHARE * len(ordered)))
    splits = range(least, len(ordered) - least + 1)
    if not splits:
        return None
    gaps = [above - below for below, above in zip(ordered[least - 1 :], ordered[least : len(ordered) - least + 1])]
    at = least + gaps.index(max(gaps))
    low, high, gap = median(ordered[:at]), median(ordered[at:]), ordered[at] - ordered[at - 1]
    if high - low < HUMP_DISTANCE * low or gap < HUMP_GAP * (high - low):
        return None
    return {"lowNs": low, "highNs": high, "lowShare": at / len(ordered)}


def relative_half_width(of: Interval) -> float:
    return (of.high - of.low) / 2 / of.middle


def trimmed_mean(ordered: Sequence[float]) -> float:
    cut = int(len(ordered) * TRIM_SHARE)
    middle = ordered[cut : len(ordered) - cut]
    return sum(middle) / len(middle)


def percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def timing_statistics(times_ns: list[float], batch: int) -> TimingStatistics:
    """`times_ns` are of one execution each (already divided by `batch`)."""
    ordered = sorted(times_ns)
    low, high = median_ranks(len(ordered))
    found = humps(ordered)
    statistics: TimingStatistics = {
        "runs": len(ordered),
        "batch": batch,
        "medianNs": median(ordered),
        "trimmedMeanNs": trimmed_mean(ordered),
        "minNs": ordered[0],
        "p10Ns": percentile(ordered, 0.10),
        "p95Ns": percentile(ordered, 0.95),
        "ciLowNs": ordered[low],
        "ciHighNs": ordered[high],
    }
    if found:
        statistics["humps"] = found
    return statistics


def overlap(one: Interval, other: Interval) -> bool:
    return one.low <= other.high and other.low <= one.high


def ratio_of_medians(numerator: TimingStatistics, denominator: TimingStatistics) -> Interval:
    """Of two TimingStatistics; the interval takes both intervals at their worst."""
    return Interval(
        numerator["medianNs"] / denominator["medianNs"],
        numerator["ciLowNs"] / denominator["ciHighNs"],
        numerator["ciHighNs"] / denominator["ciLowNs"],
    )
