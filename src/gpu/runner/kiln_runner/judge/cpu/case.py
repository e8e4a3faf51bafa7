"""A case with its buffers in host memory. Two memories: one that the candidate's child maps, one that only the reference's child does."""
import ctypes
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Callable, Optional, Protocol

from kiln_runner.protocol import DefinedCase, Plan, Tensor, TensorArgument, Tolerance

from ..device import LAST, LOOKS, Lure, nothing
from ..failures import CandidateFailure, OutOfReach
from ..layout import Placement, Scratch, buffer_name, distance
from ..lookups import NO_LOOKUP, looked_up_in, lookup_in, seen_bytes
from ..numbers import element_text
from ..outcomes import Comparison, Findings, GuardDamage, SampleFault, out_of_bounds, sample_fault
from ..sampling import CELL_BYTES, Row, Sample, place_in, rows_of
from ..schedule import TimedRun
from ..symbols import fills_of
from ..tensors import (
    DTYPE_BYTES,
    DTYPE_CODE,
    distribution_of,
    input_set_of,
    input_sets,
    is_input,
    is_output,
    keys_of,
    mixture_of,
    poison_pattern,
    structure_of,
    tensor_bytes,
    tolerance_of,
)
from . import library
from .child import Bound, Program
from .memory import Memory
from .placing import fence
from .sampling import CaseSamples, SampleStore
from .timing import run_timed

# The judge draws on the core that the sides run on: whatever that core remembers is the draw's.
DRAW_BIAS = 0.3
# Whatever is touched for the first time has to be mapped into the child.
COLD_FACTOR = 8.0


class Cpu(Protocol):
    """What a case needs of its device."""

    @property
    def lib(self) -> ctypes.CDLL: ...

    @property
    def visible(self) -> Memory: ...

    @property
    def private(self) -> Memory: ...

    @property
    def idle(self) -> Bound: ...

    @property
    def samples(self) -> SampleStore: ...


class CpuCase:
    draw_bias, cold_factor = DRAW_BIAS, COLD_FACTOR

    def __init__(self, cpu: Cpu, case: DefinedCase, batch: int, scratch: Scratch) -> None:
        self._lib, self._visible, self._private, self.idle = cpu.lib, cpu.visible, cpu.private, cpu.idle
        self.name, self.batch = case["name"], batch
        self.bound: dict[str, tuple[Program, Bound]] = {}
        self.tensors: list[Tensor] = case["tensors"]
        self.hard_names: list[str] = [one["name"] for one in case.get("hard", [])]
        self._outputs = [tensor for tensor in self.tensors if is_output(tensor)]
        self._input_sets = [[(n, tensor) for n, tensor in enumerate(tensors) if is_input(tensor)] for tensors in input_sets(case)]
        self._place(batch, scratch)
        # Everything is poisoned as a whole, whatever its size: the flush takes as long.
        self.samples = CaseSamples(cpu.lib, cpu.samples, rows_of(self.tensors, batch, {}, 0), self._row_at)
        self._norms: dict[str, float] = {}
        self._guard_key, self.seed, self._executed_ns = 0, 0, 0
        self._found = Findings(None, None, [])

    def _place(self, batch: int, scratch: Scratch) -> None:
        sides = [(side, n, size) for side in sorted(scratch) for n, size in scratch[side].items()]
        visible = [(f"{r}/{t['name']}", tensor_bytes(t)) for r in range(batch) for t in self.tensors]
        visible += [(f"{side}.{n}", size) for side, n, size in sides if side != "reference"]
        private = [(t["name"], tensor_bytes(t)) for t in self.tensors] + [
            (f"{kind}{look}/{t['name']}", tensor_bytes(t)) for look in range(LOOKS) for kind in ("kept", "expected") for t in self._outputs
        ]
        private += [(f"reference.{n}", size) for side, n, size in sides if side == "reference"]
        self._fence, self._apart = fence(visible), fence(private)
        self._visible.require(self._fence.end)
        self._private.require(self._apart.end)
        self._shown, self._hidden, self._guards = self._fence.placements, self._apart.placements, self._fence.guards()

    def _at(self, placement: Placement) -> int:
        return self._visible.base + placement.offset

    def _row_at(self, row: Row) -> int:
        return self._at(self._shown[f"{row.replica}/{row.name}"])

    def _hidden_at(self, name: str) -> int:
        return self._private.base + self._hidden[name].offset

    def close(self) -> None:
        """Nothing of its own to give back: both memories are the device's."""

    # --- the operations of device.Case

    def bind(self, side: str, program: Program, plan: Plan) -> Bound:
        fills = fills_of(plan, self.tensors)
        if side == "reference":
            return program.bind(plan, [self._apart_of], self._apart.pages, fills)
        return program.bind(plan, [self._shown_of(side, replica) for replica in range(self.batch)], self._fence.pages, fills)

    def _apart_of(self, argument: TensorArgument) -> int:
        """Offset of what the reference alone works on."""
        name = argument["name"]
        return self._hidden[f"reference.{name}" if argument["kind"] == "scratch" else name].offset

    def _shown_of(self, side: str, replica: int) -> Callable[[TensorArgument], int]:
        return lambda argument: self._shown[self._name(side, replica, argument)].offset

    @staticmethod
    def _name(side: str, replica: int, argument: TensorArgument) -> str:
        return f"{side}.{argument['name']}" if argument["kind"] == "scratch" else f"{replica}/{argument['name']}"

    def arm(self, rng: random.Random) -> None:
        self._guard_key = rng.getrandbits(64)
        for number, guard in enumerate(self._guards):
            self._lib.kiln_guard_fill(self._visible.base + guard.offset, guard.bytes, self._key(number))

    def _key(self, guard: int) -> int:
        return (self._guard_key + (guard << 40)) & (2**64 - 1)

    def draw(self, seed: int) -> None:
        self.seed = seed
        for replica in range(self.batch):
            for number, tensor in self._inputs_of(seed):
                self._draw(tensor, self._at(self._shown[f"{replica}/{tensor['name']}"]), keys_of(seed, replica, number))

    def _inputs_of(self, seed: int) -> list[tuple[int, Tensor]]:
        return self._input_sets[input_set_of(seed)]

    def restore(self) -> None:
        for replica in range(self.batch):
            for number, tensor in self._inputs_of(self.seed):
                if tensor["role"] == "inout":
                    self._draw(tensor, self._at(self._shown[f"{replica}/{tensor['name']}"]), keys_of(self.seed, replica, number))

    def _draw(self, tensor: Tensor, pointer: int, keys: tuple[int, int]) -> None:
        mixture, structure, code = mixture_of(tensor), structure_of(tensor), DTYPE_CODE[tensor["dtype"]]
        if structure is not None:
            self._lib.kiln_draw_structure(pointer, tensor["elements"], code, ctypes.byref(structure), *keys)
        elif mixture is not None:
            self._lib.kiln_draw_mixture(pointer, tensor["elements"], code, ctypes.byref(mixture), *keys)
        else:
            self._lib.kiln_draw(pointer, tensor["elements"], code, *distribution_of(tensor), *keys)

    def poison(self, rng: random.Random) -> None:
        self.poison_replicas(self.batch, rng)

    def poison_replicas(self, replicas: int, rng: random.Random) -> None:
        outputs = [tensor for tensor in self._outputs if tensor["role"] == "out"]
        for replica in range(replicas):
            for tensor in outputs:
                self._poison(self._shown[f"{replica}/{tensor['name']}"], tensor["dtype"], rng)
        for name, placement in self._shown.items():
            if "/" not in name:
                self._poison(placement, "f32", rng)

    def blank(self) -> None:
        for tensor in self._outputs:
            placement = self._shown[f"0/{tensor['name']}"]
            self._lib.kiln_poison(self._at(placement), placement.bytes, 0)

    def _poison(self, placement: Placement, dtype: str, rng: random.Random) -> None:
        self._lib.kiln_poison(self._at(placement), placement.bytes, poison_pattern(dtype, rng))

    def flush(self) -> None:
        for placement in self._shown.values():
            self._lib.kiln_flush(self._at(placement), placement.bytes)

    def execute(self, runnable: Bound) -> None:
        with self._naming_buffers():
            self._executed_ns = runnable.program.run(runnable, 1)

    def executed_ns(self) -> float:
        """As the child claims. One that claims too little is timed to the end."""
        return float(max(1, self._executed_ns))

    @contextmanager
    def _naming_buffers(self) -> Iterator[None]:
        """An access beside a buffer is told by the buffer's name; one far from all of them is a crash like others."""
        try:
            yield
        except OutOfReach as fault:
            beside = self._fence.beside(fault.offset)
            if beside is None:
                raise
            buffer, side, far = beside
            damage = GuardDamage(buffer_name(buffer), side, far, fault.access)
            raise CandidateFailure(out_of_bounds(self.name, damage)) from fault

    def inspect(self, seed: int) -> None:
        self._found = Findings(self._damage(), self._modified(seed), [])

    def _damage(self) -> Optional[GuardDamage]:
        found = (ctypes.c_uint64 * 2)()
        for number, guard in enumerate(self._guards):
            self._lib.kiln_guard_check(self._visible.base + guard.offset, guard.bytes, self._key(number), found)
            if found[1]:
                return GuardDamage(buffer_name(guard.buffer), guard.side, distance(guard, found[0] - 1, found[1] - 1))
        return None

    def _modified(self, seed: int) -> Optional[str]:
        for replica in range(self.batch):
            for number, tensor in self._inputs_of(seed):
                if tensor["role"] == "in" and not self._is_as_drawn(tensor, replica, keys_of(seed, replica, number)):
                    return tensor["name"]
        return None

    def _is_as_drawn(self, tensor: Tensor, replica: int, keys: tuple[int, int]) -> bool:
        drawn, shown = self._hidden[tensor["name"]], self._shown[f"{replica}/{tensor['name']}"]
        self._draw(tensor, self._private.base + drawn.offset, keys)
        return self._lib.memcmp(self._private.base + drawn.offset, self._at(shown), shown.bytes) == 0

    def snapshot(self, replica: int, look: int) -> None:
        for tensor in self._outputs:
            shown = self._shown[f"{replica}/{tensor['name']}"]
            ctypes.memmove(self._hidden_at(f"kept{look}/{tensor['name']}"), self._at(shown), shown.bytes)

    def expect(self, reference: Bound, seed: int, at: tuple[int, int]) -> None:
        replica, look = at
        for number, tensor in self._inputs_of(seed):
            self._draw(tensor, self._hidden_at(tensor["name"]), keys_of(seed, replica, number))
        reference.program.run(reference, 1)
        for tensor in self._outputs:
            ctypes.memmove(self._hidden_at(f"expected{look}/{tensor['name']}"), self._hidden_at(tensor["name"]), tensor_bytes(tensor))

    def compare(self, tolerance: Tolerance, look: int) -> None:
        for tensor in self._outputs:
            found = library.Comparison()
            kept, expected = (self._hidden_at(f"{kind}{look}/{tensor['name']}") for kind in ("kept", "expected"))
            code, own = DTYPE_CODE[tensor["dtype"]], tolerance_of(tensor, tolerance)
            of = looked_up_in(tensor, self.tensors)
            if of is None:
                self._lib.kiln_compare(kept, expected, tensor["elements"], code, own["rtol"], own["atol"], ctypes.byref(found))
            else:
                size = seen_bytes(tensor, of)
                seen = ctypes.create_string_buffer(size) if size else None
                lookup = lookup_in(of, tensor, self._hidden_at(of["name"]), ctypes.addressof(seen) if seen else 0)
                self._lib.kiln_compare_indices(kept, expected, tensor["elements"], code, ctypes.byref(lookup), ctypes.byref(found))
            self._found.comparisons.append(Comparison(tensor, look, found.words()))
            if look == LAST:
                self._norms[tensor["name"]] = found.reference2

    def lures(self, look: int, rng: random.Random) -> list[Lure]:
        """A check of a problem's own runs on GPUs alone."""
        return []

    def announce(self, samples: Sequence[Sample]) -> None:
        self.samples.announce(samples)

    def compare_samples(self, tolerance: Tolerance, samples: tuple[int, int], at: tuple[int, int]) -> None:
        replica, look = at
        for number, tensor in enumerate(self._outputs):
            against = (self._hidden_at(f"expected{look}/{tensor['name']}"), self._norms[tensor["name"]])
            of = looked_up_in(tensor, self.tensors)
            terms = (tolerance_of(tensor, tolerance), lookup_in(of, tensor, self._hidden_at(of["name"])) if of else NO_LOOKUP)
            words = self.samples.compare(replica * len(self._outputs) + number, samples, against, terms)
            self._found.samples += [fault for fault in [sample_fault(tensor, words)] if fault]

    def weigh(self, look: int) -> None:
        for tensor in self._outputs:
            found, expected = library.Comparison(), self._hidden_at(f"expected{look}/{tensor['name']}")
            self._lib.kiln_compare(expected, expected, tensor["elements"], DTYPE_CODE[tensor["dtype"]], 0.0, 0.0, ctypes.byref(found))
            self._norms[tensor["name"]] = found.reference2

    def ask_findings(self) -> None:
        """They are there already."""

    def findings(self) -> Findings:
        found, self._found = self._found, Findings(None, None, [])
        return found

    def values(self, comparison: Comparison, index: int) -> tuple[str, str]:
        name, dtype, look = comparison.tensor["name"], comparison.tensor["dtype"], comparison.look
        size = DTYPE_BYTES[dtype]
        at = [self._hidden[f"{kind}{look}/{name}"].offset + size * index for kind in ("expected", "kept")]
        expected, kept = (element_text(self._private.bytes_at(offset, size), dtype) for offset in at)
        return expected, kept

    def sampled_values(self, fault: SampleFault, look: int) -> tuple[str, str]:
        tensor, size, element = fault.tensor, DTYPE_BYTES[fault.tensor["dtype"]], fault.element or 0
        row = fault.replica * len(self._outputs) + self._outputs.index(tensor)
        cell = self.samples.cell(row, fault.slot, place_in(self.samples.rows[row], size, element))
        at = element * size % CELL_BYTES
        expected = self._private.bytes_at(self._hidden[f"expected{look}/{tensor['name']}"].offset + element * size, size)
        return element_text(expected, tensor["dtype"]), element_text(cell[at : at + size], tensor["dtype"])

    def wipe(self, looks: Sequence[int]) -> None:
        for tensor in self._outputs:
            for name in (tensor["name"], *(f"expected{look}/{tensor['name']}" for look in looks)):
                self._lib.kiln_poison(self._hidden_at(name), tensor_bytes(tensor), 0xFFFFFFFF)

    def gaps(self) -> Sequence[float]:
        """The kernel's account of processor time is looked at run by run (timing.py)."""
        return ()

    def run_timed(
        self, runs: Sequence[TimedRun], runnables: Mapping[str, Bound], rng: random.Random, meanwhile: Callable[[], None] = nothing
    ) -> list[float]:
        with self._naming_buffers():
            times = run_timed(self, runs, runnables, rng)
        meanwhile()
        return times
