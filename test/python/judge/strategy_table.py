#!/usr/bin/env python3
"""Prints the table of docs/adr/0005: what kernels that cheat gain. usage: test/python/judge/strategy_table.py [SCREENINGS]"""
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner")]
import played_kernels as kernels  # noqa: E402
from played_kernels import play  # noqa: E402

TITLES = (
    "kernel",
    "what it does",
    "of the runs undone",
    "found in a screening",
    "timed again strictly",
    "speed-up bought, median and most",
    "within what is shown",
    "found in a confirmation",
)
SPOILING = {"spoils": 1.5}
ROWS = (
    ("honest", "nothing", kernels.honest, {}),
    ("skips late", "honest in the first chunk and at known chunk ends", kernels.late_skip, {}),
    ("skips late, at once", "the same, taking no time", kernels.late_skip_at_once, {}),
    ("coin flips", "skips four groups of eight in ten", kernels.coin_flip_bursts, {}),
    ("every third", "by its launch count", kernels.every_third, {}),
    ("one in five", "by chance", kernels.one_in_five_by_chance, {}),
    ("one in ten", "by its launch count", kernels.one_in_ten_by_count, {}),
    ("only late", "from its 31st launch", kernels.only_late, {}),
    ("after enough right ones", "once inputs changed four times", kernels.after_enough_right_ones, {}),
    ("learns the gaps", "between two changes of inputs", kernels.learns_the_gaps, {}),
    ("hides its memory", "skips on new inputs, remembers on others", kernels.remembers_and_hides, {}),
    ("some new inputs", "skips two of them, remembers otherwise", kernels.fresh_in_the_second_chunk, {}),
    ("one replica of eight", "always the same", kernels.skips_one_replica, {"batch": 8}),
    ("a replica of eight", "another each run", kernels.skips_a_random_replica, {"batch": 8}),
    ("remembers", "right, 0.3 of the time on known inputs", kernels.remembers, {}),
    ("remembers, one slow", "in nine of ten", kernels.remembers_with_a_slow_one, {}),
    ("remembers now and then", "0.5 of the time in four of ten", kernels.remembers_now_and_then, {}),
    ("remembers 3 %", "", kernels.remembers_a_little(0.03), {}),
    ("remembers 1 %", "", kernels.remembers_a_little(0.01), {}),
    ("remembers 0.5 %", "", kernels.remembers_a_little(0.005), {}),
    ("fast groups", "right, 0.08 of the time in a third", kernels.fast_groups, {}),
    ("slows the baseline", "by half, between draws", kernels.honest, SPOILING),
)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print("| " + " | ".join(TITLES) + " |")
    print("|---" * len(TITLES) + "|")
    for name, what, strategy, how in ROWS:
        print("| " + " | ".join([name, what, *columns(strategy, how, count)]) + " |")


def columns(strategy: kernels.Strategy, how: dict, count: int) -> list:
    """Every second screening is against a remembered baseline, where the baseline is not what is attacked."""
    screened = [play(strategy, seed, cached=seed % 2 == 1 and how is not SPOILING, **how) for seed in range(count)]
    confirmed = [one for one in (play(strategy, seed, confirms=True, **how) for seed in range(count // 2)) if one.wrong_share]
    passed = [one for one in screened if not one.found]
    bought = sorted(one.bought for one in passed)
    return [
        percent(sum(one.wrong_share for one in screened) / count),
        percent(sum(one.found for one in screened) / count),
        percent(sum(one.measured.is_strict for one in screened) / count),
        f"{bought[len(bought) // 2]:.3f}, {bought[-1]:.3f}" if bought else "all found",
        percent(sum(one.explained for one in passed) / len(passed)) if passed else "",
        percent(sum(one.found for one in confirmed) / len(confirmed)) if confirmed else "nothing undone",
    ]


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


if __name__ == "__main__":
    main()
