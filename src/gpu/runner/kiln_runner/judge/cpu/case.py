"""A case with its buffers in host memory. Two memories: one that the candidate's child maps, one that only the reference's child does."""
import ctypes
import random
from contextlib import contextmanager
from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from ..device import LAST, LOOKS
from ..failures import CandidateFailure, OutOfReach
from ..layout import Placement, buffer_name, distance
from ..numbers import element_text
from ..outcomes import Comparison, Findings, GuardDamage, SampleFault, out_of_bounds, sample_fault
from ..sampling import CELL_BYTES, Row, Sample, place_in, rows_of
from ..schedule import TimedRun
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
    tensor_bytes,
)
from . import library
from .child import Bound, Program
from .placing import fence
from .sampling import CaseSamples
from .timing import run_timed


# The judge draws on the core that the sides run on: whatever that core remembers is the draw's.
DRAW_BIAS = 0.3


class CpuCase:
    draw_bias = DRAW_BIAS

    def __init__(self, cpu: "CpuDevice", case: dict, batch: int, scratch: Dict[str, Dict[str, int]]) -> None:
        self._lib, self._visible, self._private, self.idle = cpu.lib, cpu.visible, cpu.private, cpu.idle
        self.name, self.batch = case["name"], batch
        self.bound: Dict[str, Tuple[Program, Bound]] = {}
        self.tensors: List[dict] = case["tensors"]
        self.hard_names: List[str] = [one["name"] for one in case.get("hard", [])]
        self._outputs = [tensor for tensor in self.tensors if is_output(tensor)]
        self._input_sets = [[(n, tensor) for n, tensor in enumerate(tensors) if is_input(tensor)] for tensors in input_sets(case)]
        self._place(batch, scratch)
        # Everything is poisoned as a whole, whatever its size: the flush takes as long.
        self.samples = CaseSamples(cpu.lib, cpu.samples, rows_of(self.tensors, batch, {}, 0), self._row_at)
        self._norms: Dict[str, float] = {}
        self._guard_key, self.seed = 0, 0
        self._found = Findings(None, None, [])

    def _place(self, batch: int, scratch: Dict[str, Dict[str, int]]) -> None:
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

    def bind(self, side: str, program: Program, plan: dict) -> Bound:
        if side == "reference":
            place = [lambda a: self._hidden[f"reference.{a['name']}" if a["kind"] == "scratch" else a["name"]].offset]
            return program.bind(plan, place, self._apart.pages)
        return program.bind(plan, [lambda a, r=r: self._shown[self._name(side, r, a)].offset for r in range(self.batch)], self._fence.pages)

    @staticmethod
    def _name(side: str, replica: int, argument: dict) -> str:
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

    def _inputs_of(self, seed: int) -> List[Tuple[int, dict]]:
        return self._input_sets[input_set_of(seed)]

    def restore(self) -> None:
        for replica in range(self.batch):
            for number, tensor in self._inputs_of(self.seed):
                if tensor["role"] == "inout":
                    self._draw(tensor, self._at(self._shown[f"{replica}/{tensor['name']}"]), keys_of(self.seed, replica, number))

    def _draw(self, tensor: dict, pointer: int, keys: Tuple[int, int]) -> None:
        mixture, code = mixture_of(tensor), DTYPE_CODE[tensor["dtype"]]
        if mixture is None:
            self._lib.kiln_draw(pointer, tensor["elements"], code, *distribution_of(tensor), *keys)
        else:
            self._lib.kiln_draw_mixture(pointer, tensor["elements"], code, ctypes.byref(mixture), *keys)

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
        with self._told_where():
            runnable.program.run(runnable, 1)

    @contextmanager
    def _told_where(self) -> Iterator[None]:
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

    def _is_as_drawn(self, tensor: dict, replica: int, keys: Tuple[int, int]) -> bool:
        drawn, shown = self._hidden[tensor["name"]], self._shown[f"{replica}/{tensor['name']}"]
        self._draw(tensor, self._private.base + drawn.offset, keys)
        return self._private.bytes_at(drawn.offset, drawn.bytes) == self._visible.bytes_at(shown.offset, shown.bytes)

    def snapshot(self, replica: int, look: int) -> None:
        for tensor in self._outputs:
            shown = self._shown[f"{replica}/{tensor['name']}"]
            ctypes.memmove(self._hidden_at(f"kept{look}/{tensor['name']}"), self._at(shown), shown.bytes)

    def expect(self, reference: Bound, seed: int, at: Tuple[int, int]) -> None:
        replica, look = at
        for number, tensor in self._inputs_of(seed):
            self._draw(tensor, self._hidden_at(tensor["name"]), keys_of(seed, replica, number))
        reference.program.run(reference, 1)
        for tensor in self._outputs:
            ctypes.memmove(self._hidden_at(f"expected{look}/{tensor['name']}"), self._hidden_at(tensor["name"]), tensor_bytes(tensor))

    def compare(self, tolerance: dict, look: int) -> None:
        for tensor in self._outputs:
            found = library.Comparison()
            kept, expected = (self._hidden_at(f"{kind}{look}/{tensor['name']}") for kind in ("kept", "expected"))
            code = DTYPE_CODE[tensor["dtype"]]
            self._lib.kiln_compare(kept, expected, tensor["elements"], code, tolerance["rtol"], tolerance["atol"], ctypes.byref(found))
            self._found.comparisons.append(Comparison(tensor, look, found.words()))
            if look == LAST:
                self._norms[tensor["name"]] = found.reference2

    def announce(self, samples: Sequence[Sample]) -> None:
        self.samples.announce(samples)

    def compare_samples(self, tolerance: dict, samples: Tuple[int, int], at: Tuple[int, int]) -> None:
        replica, look = at
        for number, tensor in enumerate(self._outputs):
            against = (self._hidden_at(f"expected{look}/{tensor['name']}"), self._norms[tensor["name"]])
            words = self.samples.compare(replica * len(self._outputs) + number, samples, against, tolerance)
            self._found.samples += [fault for fault in [sample_fault(tensor, words)] if fault]

    def weigh(self, look: int) -> None:
        for tensor in self._outputs:
            found, expected = library.Comparison(), self._hidden_at(f"expected{look}/{tensor['name']}")
            self._lib.kiln_compare(expected, expected, tensor["elements"], DTYPE_CODE[tensor["dtype"]], 0.0, 0.0, ctypes.byref(found))
            self._norms[tensor["name"]] = found.reference2

    def findings(self) -> Findings:
        found, self._found = self._found, Findings(None, None, [])
        return found

    def values(self, comparison: Comparison) -> Tuple[str, str]:
        name, dtype, look = comparison.tensor["name"], comparison.tensor["dtype"], comparison.look
        size = DTYPE_BYTES[dtype]
        at = [self._hidden[f"{kind}{look}/{name}"].offset + size * comparison.index for kind in ("expected", "kept")]
        return tuple(element_text(self._private.bytes_at(offset, size), dtype) for offset in at)

    def sampled_values(self, fault: SampleFault, look: int) -> Tuple[str, str]:
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

    def run_timed(self, runs: Sequence[TimedRun], runnables: Mapping[str, Bound], rng: random.Random) -> List[float]:
        with self._told_where():
            return run_timed(self, runs, runnables, rng)
