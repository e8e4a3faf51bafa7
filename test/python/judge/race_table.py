"""Prints what docs/adr/0017-racing.md says of played races: `python3 test/python/judge/race_table.py` from the repository's root."""
import random
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner")]
from played_races import play, race_for  # noqa: E402
from test_racing import NEEDED, conduct, contender, slower  # noqa: E402

PLAYED, CONTENDERS = 100, 5000


def main() -> None:
    print("| slower than needed | stopped, floors at 0.9 | runs | cases | stopped, floors at 0.6 | runs | cases |")
    print("|---|---|---|---|---|---|---|")
    for times in (1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 10.0):
        cells = [f"{times:g} x"]
        for floor_share in (0.9, 0.6):
            played = [play(slower(times), race_for(slower(1), NEEDED, floor_share), seed) for seed in range(PLAYED)]
            cells.append(f"{sum(one.is_stopped for one in played) / PLAYED:.0%}")
            cells += [f"{sum(getattr(one, what) for one in played) / PLAYED:.0f}" for what in ("runs", "cases")]
        print(f"| {' | '.join(cells)} |")
    alone = [play(slower(2.0), None, seed) for seed in range(PLAYED)]
    print(f"\nWithout a race: {sum(one.runs for one in alone) / PLAYED:.0f} runs.")
    stopped = 0
    for seed in range(CONTENDERS):
        rng = random.Random(seed)
        kernels, race = contender(rng)
        stopped += play(kernels, race, seed, conduct(rng, len(kernels.baseline))).is_stopped
    print(f"Of {CONTENDERS} contenders {stopped} were stopped.")


if __name__ == "__main__":
    main()
