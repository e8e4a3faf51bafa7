"""Runs on hard inputs among those that are timed: where they come, what of them is compared, and that no time of theirs counts."""
import random
import sys
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner")]
from played_kernels import Answer, Launch, play  # noqa: E402

from kiln_runner.judge.hard_inputs import Deck  # noqa: E402
from kiln_runner.judge.sampling import DRAWN_SCREENING, draw_proofs  # noqa: E402
from kiln_runner.judge.schedule import Freshness, SectionPlan, TimedRun, group_size, with_controls  # noqa: E402
from kiln_runner.judge.section import Section  # noqa: E402
from kiln_runner.judge.tensors import SEED_BITS, input_set_of, input_sets, keys_of, seed_for  # noqa: E402

SETS = 5


def chunks(sides: list[str], groups: list[int], seed: int, confirms: bool = False) -> list[TimedRun]:
    rng = random.Random(seed)
    plan = SectionPlan(sides, 1, Freshness(rng, confirms, False, rng.getrandbits(SEED_BITS), Deck(SETS, rng)))
    return [run for count in groups for run in plan.chunk(count)]


class Seeds(unittest.TestCase):
    def test_a_seed_says_of_which_distributions_inputs_are_and_draws_as_its_random_bits_do(self) -> None:
        bits = random.Random(1).getrandbits(SEED_BITS)
        self.assertEqual([input_set_of(seed_for(bits, n)) for n in range(9)], list(range(9)))
        self.assertEqual(keys_of(seed_for(bits, 3), 2, 1), keys_of(bits, 2, 1))

    def test_hard_inputs_are_as_the_check_case_has_them_and_as_usual_where_it_names_none(self) -> None:
        normal, zeros = {"kind": "normal"}, {"kind": "zeros"}
        tensors = [{"name": "a", "distribution": normal}, {"name": "b", "distribution": normal}]
        plain, hard = input_sets({"tensors": tensors, "hard": [{"name": "far", "distributions": {"b": zeros}}]})
        self.assertEqual([t["distribution"] for t in plain], [normal, normal])
        self.assertEqual([t["distribution"] for t in hard], [normal, zeros])
        self.assertEqual(input_sets({"tensors": tensors}), [tensors])


class Schedule(unittest.TestCase):
    def test_every_section_has_some_and_none_counts_or_comes_last(self) -> None:
        for sides, groups in ((["candidate"], [20, 9, 12]), (["candidate", "baseline"], [5, 3]), (["candidate", "baseline", "record"], [20, 5])):
            for seed in range(50):
                runs = chunks(sides, groups, seed)
                hard = [number for number, run in enumerate(runs) if run.seed is not None and input_set_of(run.seed)]
                self.assertTrue(hard)
                self.assertFalse(any(runs[number].counts for number in hard))
                self.assertTrue(runs[-1].counts)
                for number in hard:
                    behind = runs[number + 1]
                    self.assertFalse(behind.counts, "what counts is behind a run on plain inputs")
                    self.assertEqual(input_set_of(behind.seed), 0)

    def test_the_groups_of_what_counts_are_as_without_them(self) -> None:
        sides = ["candidate", "baseline"]
        for seed in range(50):
            counted = [run.side for run in chunks(sides, [6, 3], seed) if run.counts]
            for at in range(0, len(counted), group_size(sides)):
                self.assertEqual(sorted(counted[at : at + 8]), ["baseline"] * 4 + ["candidate"] * 4)

    def test_inputs_are_those_of_before_again_and_what_is_new_is_told_as_without_them(self) -> None:
        for seed in range(50):
            runs = chunks(["candidate"], [30], seed)
            section = Section(runs, [1.0] * len(runs), 7)
            self.assertFalse(any(input_set_of(inputs) for inputs, run in zip(section.ran.inputs, runs) if run.counts))
            kinds = section.by_inputs("candidate")
            self.assertEqual((len(kinds.new), len(kinds.redrawn), len(kinds.left)), (3, 0, 27))

    def test_every_launch_of_a_candidate_may_be_one(self) -> None:
        """Also for one that knows how many it had and takes every second."""
        where = set()
        for seed in range(600):
            own = [run for run in chunks(["candidate", "baseline"], [5], seed) if run.side == "candidate"]
            where |= {number for number, run in enumerate(own) if run.seed is not None and input_set_of(run.seed)}
        self.assertEqual(where, set(range(20)))

    def test_a_confirmation_meets_every_kind_in_its_first_chunk(self) -> None:
        for seed in range(20):
            runs = chunks(["candidate", "baseline"], [10], seed, confirms=True)
            self.assertLessEqual(set(range(1, 1 + SETS)), {input_set_of(run.seed) for run in runs if run.seed is not None})

    def test_no_control_runs_on_hard_inputs(self) -> None:
        for seed in range(100):
            runs = with_controls(chunks(["candidate"], [20], seed), "baseline", 6, random.Random(seed))
            inputs = Section(runs, [1.0] * len(runs), 7).ran.inputs
            self.assertFalse(any(input_set_of(one) for one, run in zip(inputs, runs) if run.side == "baseline"))
            self.assertEqual(sum(run.side == "baseline" for run in runs), 6)

    def test_a_case_without_hard_inputs_has_none(self) -> None:
        rng = random.Random(1)
        plan = SectionPlan(["candidate"], 1, Freshness(rng, False, False, 7))
        self.assertTrue(all(run.counts for run in plan.chunk(50)))


class Proofs(unittest.TestCase):
    def test_all_of_them_are_compared_and_samples_of_one_seed_lie_behind_each_other(self) -> None:
        for seed in range(30):
            runs = chunks(["candidate"], [20, 10], seed)
            sampled = Section(runs, [1.0] * len(runs), 7).sampled
            self.assertEqual(len(sampled), len(runs))
            proofs = draw_proofs(sampled, 1, DRAWN_SCREENING, random.Random(seed))
            hard = {run.seed for run in runs if run.seed is not None and input_set_of(run.seed)}
            self.assertLessEqual(hard, {proof.seed for proof in proofs})
            for proof in proofs:
                behind = sampled[proof.first : proof.first + len(proof.samples)]
                self.assertEqual(behind, [(proof.seed, sample) for sample in proof.samples])

    def test_of_a_batch_two_replicas_are(self) -> None:
        sampled = Section(chunks(["candidate"], [20], 3), [1.0] * 22, 7).sampled
        proofs = [proof for proof in draw_proofs(sampled, 8, DRAWN_SCREENING, random.Random(3)) if input_set_of(proof.seed)]
        self.assertEqual(len({proof.replica for proof in proofs}), 2)


def wrong_on_hard_inputs(launch: Launch, memory: dict, rng: random.Random) -> Answer:
    return Answer(0.9, not launch.is_hard)


def slow_on_hard_inputs(launch: Launch, memory: dict, rng: random.Random) -> Answer:
    return Answer(3.0 if launch.is_hard else 1.0)


class Played(unittest.TestCase):
    def test_who_is_wrong_on_hard_inputs_when_timed_is_found_in_every_screening(self) -> None:
        for cached in (False, True):
            self.assertTrue(all(play(wrong_on_hard_inputs, seed, cached=cached, hard=SETS).found for seed in range(40)))

    def test_what_hard_inputs_take_moves_nothing(self) -> None:
        for cached in (False, True):
            played = [play(slow_on_hard_inputs, seed, cached=cached, hard=SETS) for seed in range(40)]
            self.assertFalse(any(one.found for one in played))
            self.assertLess(max(abs(one.bought - 1) for one in played), 0.005)
            self.assertLessEqual(sum(one.measured.is_strict for one in played), 2)


if __name__ == "__main__":
    unittest.main()
