"""Statistics of timed runs. Pure: lists of nanoseconds in, TimingStatistics and ratios of the protocol out."""
import math
from functools import lru_cache
from typing import List, NamedTuple, Sequence, Tuple

TAIL = 0.025  # each side of a 95 % interval
TRIM_SHARE = 0.1
# Above this count the normal approximation of the binomial is exact to a rank.
EXACT_COUNT_MAX = 500
# Above this the normal approximation of the signed rank's distribution is good to a rank or two among hundreds.
SIGNED_RANK_EXACT_MAX = 40
# Pairs grow with the square: beyond, the median is sure enough.
PAIRED_MAX = 200


class Interval(NamedTuple):
    middle: float
    low: float
    high: float


def median(ordered: Sequence[float]) -> float:
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


@lru_cache(maxsize=1024)
def median_ranks(count: int) -> Tuple[int, int]:
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
    """Of values that spread alike to both sides, such as ratios of pairs: the median of all pairwise means (Hodges and Lehmann) with its 95 %
    interval. It moves less from sample to sample than the median, and a few outliers move it hardly more."""
    if len(values) > PAIRED_MAX:
        return interval(values)
    means = sorted((values[one] + values[other]) / 2 for one in range(len(values)) for other in range(one, len(values)))
    below = signed_rank(len(values))
    return Interval(median(means), means[below], means[-1 - below])


def relative_half_width(of: Interval) -> float:
    return (of.high - of.low) / 2 / of.middle


def trimmed_mean(ordered: Sequence[float]) -> float:
    cut = int(len(ordered) * TRIM_SHARE)
    middle = ordered[cut : len(ordered) - cut]
    return sum(middle) / len(middle)


def percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def timing_statistics(times_ns: List[float], batch: int) -> dict:
    """`times_ns` are of one execution each (already divided by `batch`)."""
    ordered = sorted(times_ns)
    low, high = median_ranks(len(ordered))
    return {
        "runs": len(ordered),
        "batch": batch,
        "medianNs": median(ordered),
        "trimmedMeanNs": trimmed_mean(ordered),
        "minNs": ordered[0],
        "p95Ns": percentile(ordered, 0.95),
        "ciLowNs": ordered[low],
        "ciHighNs": ordered[high],
    }


def ratio_of_medians(numerator: dict, denominator: dict) -> Interval:
    """Of two TimingStatistics; the interval takes both intervals at their worst."""
    return Interval(
        numerator["medianNs"] / denominator["medianNs"],
        numerator["ciLowNs"] / denominator["ciHighNs"],
        numerator["ciHighNs"] / denominator["ciLowNs"],
    )
