"""A case with its buffers on the GPU. Everything is queued on one stream, so order is all the isolation that is needed."""
import random
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Callable, Optional

from kiln_runner.protocol import DefinedCase, Plan, Tensor, TensorArgument, Tolerance

from ..device import INPUTS, LAST, LOOKS, VERIFY, Lure, nothing
from ..failures import DeviceFault, InfraFailure
from ..layout import Room, guards_in
from ..numbers import element_text
from ..outcomes import Comparison, Findings, Kind, SampleFault, sample_fault
from ..recorded import apart
from ..sampling import CELL_BYTES, Row, Sample, place_in, rows_of
from ..schedule import TimedRun
from ..symbols import fills_of
from ..tensors import DTYPE_BYTES, input_sets, is_output, keys_of, poison_pattern, tensor_bytes, tolerance_of
from .answering_program import AnsweringProgram
from .case_needs import Gpu
from .case_recordings import CaseRecordings, Written
from .derived_inputs import DerivedInputs
from .driver import CudaError
from .guards import CaseGuards
from .input_draws import InputDraws, InputPlaces
from .kernels import FindingsBlock
from .output_comparisons import ComparedPlaces, OutputComparisons
from .own_check import OwnCheck, Places
from .placing import GUARD_TABLE, PROOF, Poisonable, proven_types
from .placing import Places as CasePlaces
from .program import Program, rejected
from .proof import Proof, words_of
from .recorded_program import RecordedProgram
from .runnable import Runnable, bound
from .sampling import CaseSamples, Expected

# See bench/gpu/judge-check stale.
DRAW_BIAS = 0.002
# Cold instruction caches and translation buffers, and clocks that are still rising.
COLD_FACTOR = 4.0


class GpuCase:
    draw_bias, cold_factor = DRAW_BIAS, COLD_FACTOR

    def __init__(self, gpu: Gpu, case: DefinedCase, batch: int, places: CasePlaces) -> None:
        self._gpu, self._driver, self.name, self.batch = gpu, gpu.driver, case["name"], batch
        self.tensors: list[Tensor] = case["tensors"]
        self.hard_names: list[str] = [one["name"] for one in case.get("hard", [])]
        self._outputs = [tensor for tensor in self.tensors if is_output(tensor)]
        # Whether drawing inputs changes outputs too. Asked before every run.
        self.changes_in_draws = any(tensor["role"] == "inout" for tensor in self.tensors)
        self._place(places)
        sets = input_sets(case)
        self._derived = DerivedInputs(gpu, sets, len(self.tensors), self._at, lambda name: self.tensor_at(0, name))
        # The device is waited for then: what is to be taken of the run before is taken first.
        self.waits_in_draws = bool(self._derived.tensors)
        self._prepare_guards()
        self._prepare_inputs([tensors[: len(self.tensors)] for tensors in sets])
        self._prepare_comparisons(case)
        self._prepare_findings()
        self._inputs_at: Optional[tuple[int, int]] = None
        self.seed = 0
        self.bound: dict[str, tuple[Program, Runnable]] = {}
        self._recordings = CaseRecordings(gpu.windows, case["name"])
        self._rng = random.SystemRandom()

    # --- where things are

    def _place(self, places: CasePlaces) -> None:
        memory = self._gpu.memory
        self._rooms, self._private = places.visible, places.private
        # Two groups: from where one lies nothing follows for the other.
        self._shown = memory.map([room.mapped for room in self._rooms.values()], self.name)
        try:
            self._apart = memory.map([places.private_bytes], f"{self.name} apart")
        except CudaError:
            memory.free(self._shown)
            raise
        self._mapped_at = {name: piece.address for name, piece in zip(self._rooms, self._shown.pieces)}

    @property
    def bytes(self) -> int:
        return self._shown.bytes + self._apart.bytes

    def _at(self, visible: str) -> int:
        return self._mapped_at[visible] + self._rooms[visible].offset

    def _private_at(self, name: str) -> int:
        return self._apart.pieces[0].address + self._private[name].offset

    def tensor_at(self, replica: int, name: str) -> int:
        return self._at(f"{replica}/{name}")

    def _prepare_guards(self) -> None:
        segments = [guard for name, room in self._rooms.items() for guard in guards_in(name, room)]
        addresses = [self._mapped_at[guard.buffer] + guard.offset for guard in segments]
        self._guards = CaseGuards(self._gpu, segments, addresses, self._private_at(GUARD_TABLE))

    def _prepare_inputs(self, sets: Sequence[Sequence[Tensor]]) -> None:
        self._changed_at = self._guards.words
        places = InputPlaces(self.tensor_at, self._reference_tensor)
        self._draws = InputDraws(self._gpu, sets, self.batch, places, self._changed_at)

    def _reference_tensor(self, tensor: Tensor, look: int) -> int:
        """Where the reference finds a tensor: pure inputs where replica 0 has them, all others apart."""
        if tensor["role"] == "in":
            return self.tensor_at(0, tensor["name"])
        return self._hidden("expected", look, tensor)

    def _hidden(self, kind: str, look: int, tensor: Tensor) -> int:
        return self._private_at(f"{kind}{look}/{tensor['name']}")

    def _prepare_comparisons(self, case: DefinedCase) -> None:
        self._derived_at = self._changed_at + len(self._draws.unchanging)
        first = self._derived_at + self._derived.words
        compared = ComparedPlaces(self._private_at, self._hidden, self._reference_tensor)
        self._comparisons = OutputComparisons(self._gpu, self.tensors, compared, first)
        self._words = first + self._comparisons.words
        types, gpu = proven_types(case), self._gpu
        self._proof = Proof(gpu.driver, gpu.kernels, gpu.findings, types, self._private_at(PROOF), self._words)
        self._words, self._is_asked, self._is_fetched = self._words + words_of(types), False, False
        self._check = OwnCheck(gpu, case, Places(self._at, self._private_at, partial(self.tensor_at, 0), self._hidden), self._words)
        self._words += self._check.words

    @cached_property
    def samples(self) -> CaseSamples:
        """Of what is timed."""
        scratch = {name: room.bytes for name, room in self._poisoned_rooms() if not name.startswith(f"reference.{apart('')}")}
        return CaseSamples(self._gpu.sampling, rows_of(self.tensors, self.batch, scratch, self._gpu.timer.poison_bytes_max), self._row_at)

    def _prepare_findings(self) -> None:
        self._sampled_at = self._words
        # By replica and look.
        self._sample_compares: dict[tuple[int, int], tuple[Tolerance, list[Callable[[tuple[int, int]], None]]]] = {}
        self._words += FindingsBlock.SAMPLE_WORDS * len(self._outputs)

    def _row_at(self, row: Row) -> int:
        return self.tensor_at(row.replica, row.name) if row.samples else self._at(row.name)

    def close(self) -> None:
        self._recordings.close()
        # What is queued may still use it: mappings go at once.
        self._driver.synchronize()
        self._gpu.memory.free(self._shown)
        self._gpu.memory.free(self._apart)

    # --- the operations of device.Case

    def bind(self, side: str, program: Program, plan: Plan) -> Runnable:
        """The reference is bound for each look, the others for each replica."""
        runnable = self._bind(side, program, plan)
        if side == INPUTS:
            self._derived.bind(runnable)
        self._check.bind(side, runnable)
        return runnable

    def _bind(self, side: str, program: Program, plan: Plan) -> Runnable:
        count = LOOKS if side == "reference" else self.batch
        if isinstance(program, RecordedProgram):
            # It has one place for each tensor: what a reference writes there is copied to each look.
            return Runnable([self._recordings.bind(side, program, dict(zip(self._rooms, self._shown.pieces)))] * count)
        if isinstance(program, AnsweringProgram):
            return program.bind(self.name, self.tensors, lambda name: self.tensor_at(0, name))
        fills = fills_of(plan, self.tensors)
        if fills and side != "reference" and count > 1:
            raise InfraFailure("internal", f"{count} executions in a row cannot have values of their own in one variable (case {self.name})")
        return bound(program, plan, fills, [self._resolver(side, number) for number in range(count)])

    def _resolver(self, side: str, number: int) -> Callable[[TensorArgument], int]:
        return lambda argument: self._resolve(side, number, argument)

    def _resolve(self, side: str, number: int, argument: TensorArgument) -> int:
        if argument["kind"] == "scratch":
            return self._at(f"{side}.{argument['name']}")
        if side == "reference":
            return self._reference_tensor(next(t for t in self.tensors if t["name"] == argument["name"]), number)
        return self.tensor_at(number, argument["name"])

    def arm(self, rng: random.Random) -> None:
        self._recordings.show()
        self._guards.write(rng.getrandbits(64))

    def draw(self, seed: int, stamp: int = 0) -> int:
        """How many kernels it took: the timer counts them. `stamp`: where the first of them says when it starts; 0: nowhere."""
        draws = self._draws.of(seed).draws
        for replica in range(self.batch):
            for tensor, draw in draws[replica]:
                draw(*keys_of(seed, replica, tensor), stamp)
                stamp = 0
        kernels = self._derive(seed)
        if kernels:
            # A run of a side may follow at once.
            self._recordings.show()
        self.seed, self._inputs_at = seed, (seed, 0)
        return self.batch * len(draws[0]) + kernels

    def _derive(self, seed: int) -> int:
        if self._derived.tensors and self.batch > 1:
            raise InfraFailure("internal", f"inputs of {self.batch} executions in a row cannot be derived (case {self.name})")
        return self._derived.derive(seed, self._recordings, lambda program: self.launch(program, 0))

    def restore(self) -> int:
        """Gives tensors that are input and output their initial values back; how many kernels it took."""
        inouts = self._draws.of(self.seed).inouts
        for replica, tensor, draw in inouts:
            draw(*keys_of(self.seed, replica, tensor))
        return len(inouts)

    def poison(self, rng: random.Random) -> None:
        for pointer, size, dtype in self._poisonable:
            self._driver.fill(pointer, poison_pattern(dtype, rng), size)
        self._recordings.restore()

    @cached_property
    def _poisonable(self) -> list[Poisonable]:
        outputs = [t for t in self._outputs if t["role"] == "out"]
        found = [Poisonable(self.tensor_at(r, t["name"]), tensor_bytes(t), t["dtype"]) for r in range(self.batch) for t in outputs]
        return found + [Poisonable(self._at(name), room.bytes, "f32") for name, room in self._poisoned_rooms()]

    def _poisoned_rooms(self) -> list[tuple[str, Room]]:
        """Scratch. By what derived inputs were made as, changes of them are found."""
        return [(name, room) for name, room in self._rooms.items() if "/" not in name and not name.startswith((f"{INPUTS}.", f"{VERIFY}."))]

    def blank(self) -> None:
        for tensor in self._outputs:
            self._driver.fill(self.tensor_at(0, tensor["name"]), 0, tensor_bytes(tensor))

    def execute(self, runnable: Runnable) -> None:
        begin, end = self._gpu.timer.around
        # The reference may have run since the case was armed.
        self._recordings.show()
        runnable.begin_check()
        self._driver.record(begin)
        self.launch(runnable, 0)
        self._driver.record(end)
        runnable.end_check(end)

    def executed_ns(self) -> float:
        return max(1.0, self._driver.elapsed_ns(*self._gpu.timer.around))

    def launch(self, runnable: Runnable, replica: int) -> None:
        for launch in runnable.launches[replica]:
            code = launch()
            if code:
                number = list(runnable.launches[replica]).index(launch)
                self._launch_failed(getattr(launch, "field", "") or f"launch[{number}]", code)

    def _launch_failed(self, field: str, code: int) -> None:
        error = CudaError(code, self._driver.error_name(code), "cuLaunchKernel")
        if self._driver.is_lost():
            raise DeviceFault(str(error), lost=True) from error
        raise rejected(field, error) from error

    def _expect_no_answer(self) -> None:
        """What is asked behind ask_findings would not be told."""
        if self._is_fetched:
            raise InfraFailure("internal", f"the case {self.name} is asked before its answer was taken")

    def inspect(self, seed: int) -> None:
        # A judgement that was broken off may have left an answer that nobody took.
        self._is_fetched = False
        # Cleared after the candidate ran, not before: what it may have written there must not count.
        self._gpu.findings.clear(self._words)
        verifies = self._draws.of(seed).verifies
        for replica in range(self.batch):
            for tensor, verify in verifies[replica]:
                verify(*keys_of(seed, replica, tensor))
        self._derived.verify(self._derived_at)
        self._guards.check()
        self._proof.ask(seed)
        self._is_asked = True

    def snapshot(self, replica: int, look: int) -> None:
        for tensor in self._outputs:
            self._driver.copy(self._hidden("kept", look, tensor), self.tensor_at(replica, tensor["name"]), tensor_bytes(tensor))

    def expect(self, reference: Runnable, seed: int, at: tuple[int, int]) -> None:
        look = at[1]
        if self._check.repeats(reference):
            self._repeat(reference, seed, at)
        else:
            self._draw_again(seed, at)
            reference.fill(look)
            if self._recordings.has_reference:
                self._recordings.replay(self._driver, self._written_apart(look), lambda: self.launch(reference, look))
            else:
                self.launch(reference, look)
        self._look_at("expected", look)

    def _draw_again(self, seed: int, at: tuple[int, int], *, is_spoilt: bool = False) -> None:
        """Where the reference reads, if these inputs are not in place, or somebody may have changed them (`is_spoilt`)."""
        replica, look = at
        is_missing = is_spoilt or self._inputs_at != (seed, replica)
        for tensor, draw in self._draws.again(seed, look):
            if self.tensors[tensor]["role"] == "inout" or is_missing:
                draw(*keys_of(seed, replica, tensor))
        if is_missing:
            self._derive(seed)
        self._inputs_at = (seed, replica)

    def _repeat(self, side: Runnable, seed: int, at: tuple[int, int]) -> None:
        """What the side returns now, on these inputs, is expected of it: it finds outputs and scratch as in any run. Whatever it did to the inputs,
        it is checked on those that were drawn."""
        self._draw_again(seed, at, is_spoilt=True)
        self.poison(self._rng)
        self.execute(side)
        for tensor in self._outputs:
            self._driver.copy(self._hidden("expected", at[1], tensor), self.tensor_at(0, tensor["name"]), tensor_bytes(tensor))
        self._draw_again(seed, at, is_spoilt=True)

    def _look_at(self, kind: Kind, look: int) -> None:
        self._check.look_at(kind, look, self._recordings, lambda program: self.launch(program, 0))

    def lures(self, look: int, rng: random.Random) -> list[Lure]:
        return self._check.lures(look, rng)

    def _written_apart(self, look: int) -> list[Written]:
        return [Written(t, self._at(f"reference.{apart(t['name'])}"), self._hidden("expected", look, t)) for t in self._outputs]

    def compare(self, tolerance: Tolerance, look: int) -> None:
        self._expect_no_answer()
        self._comparisons.compare(tolerance, look)
        self._look_at("kept", look)

    def announce(self, samples: Sequence[Sample]) -> None:
        self.samples.announce(samples)

    def compare_samples(self, tolerance: Tolerance, samples: tuple[int, int], at: tuple[int, int]) -> None:
        self._expect_no_answer()
        # Asked many times in a row, always by one tolerance: the device waits for it.
        known = self._sample_compares.get(at)
        if known is None or known[0] is not tolerance:
            known = self._sample_compares[at] = (tolerance, [self._sample_compare(tolerance, at, number) for number in range(len(self._outputs))])
        for compare in known[1]:
            compare(samples)

    def _sample_compare(self, tolerance: Tolerance, at: tuple[int, int], number: int) -> Callable[[tuple[int, int]], None]:
        (replica, look), tensor = at, self._outputs[number]
        own = tolerance_of(tensor, tolerance)
        limits = (float(own["rtol"]), float(own["atol"]), float(own["relative_l2"]))
        found = self._gpu.findings.at(self._sampled_at + FindingsBlock.SAMPLE_WORDS * number)
        expected = Expected(self._hidden("expected", look, tensor), self._comparisons.norm_at(tensor), found)
        return self.samples.comparing(replica * len(self._outputs) + number, (expected, self._comparisons.lookup(tensor, look)), limits)

    def weigh(self, look: int) -> None:
        self._comparisons.weigh(look)

    def ask_findings(self) -> None:
        self._gpu.findings.queue_fetch(self._words)
        self._gpu.findings.clear(self._words)
        self._is_fetched = True

    def findings(self) -> Findings:
        if not self._is_fetched:
            self.ask_findings()
        found, self._is_fetched = self._gpu.findings, False
        found.wait()
        contradiction, self._is_asked = self._proof.contradiction(found) if self._is_asked else None, False
        if contradiction:
            raise DeviceFault(contradiction, lost=True)
        comparisons = self._comparisons.found(found)
        at = [self._sampled_at + FindingsBlock.SAMPLE_WORDS * n for n in range(len(self._outputs))]
        samples = [sample_fault(t, found.sample_words(word)) for t, word in zip(self._outputs, at)]
        return Findings(self._guards.damage(found), self._modified(found), comparisons, [one for one in samples if one], self._check.found(found))

    def _modified(self, found: FindingsBlock) -> Optional[str]:
        for slot, (_, tensor) in enumerate(self._draws.unchanging):
            if found.word(self._changed_at + slot):
                return tensor["name"]
        return self._derived.modified(found, self._derived_at)

    def values(self, comparison: Comparison, index: int) -> tuple[str, str]:
        tensor, size = comparison.tensor, DTYPE_BYTES[comparison.tensor["dtype"]]
        starts = [self._hidden(kind, comparison.look, tensor) for kind in ("expected", "kept")]
        texts = [element_text(self._driver.download(start + size * index, size), tensor["dtype"]) for start in starts]
        return texts[0], texts[1]

    def sampled_values(self, fault: SampleFault, look: int) -> tuple[str, str]:
        tensor, size, element = fault.tensor, DTYPE_BYTES[fault.tensor["dtype"]], fault.element or 0
        row = fault.replica * len(self._outputs) + self._outputs.index(tensor)
        cell = self.samples.cell(row, fault.slot, place_in(self.samples.rows[row], size, element))
        at = element * size % CELL_BYTES
        expected = self._driver.download(self._hidden("expected", look, tensor) + element * size, size)
        return element_text(expected, tensor["dtype"]), element_text(cell[at : at + size], tensor["dtype"])

    def wipe(self, looks: Sequence[int]) -> None:
        places = [(tensor, self._hidden("expected", look, tensor)) for look in looks for tensor in self._outputs]
        written = [(tensor, at) for tensor, at, _ in self._written_apart(LAST)] if self._recordings.has_reference else []
        for tensor, at in [*places, *written]:
            self._driver.fill(at, 0xFFFFFFFF, tensor_bytes(tensor))

    def run_timed(
        self, runs: Sequence[TimedRun], runnables: Mapping[str, Runnable], rng: random.Random, meanwhile: Callable[[], None] = nothing
    ) -> list[float]:
        return self._gpu.timer.run(self, runs, runnables, rng, meanwhile)

    def gaps(self) -> Sequence[float]:
        return self._gpu.timer.gaps()
