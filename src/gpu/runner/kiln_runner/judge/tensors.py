"""Dtypes and distributions of the domain as the helper kernels know them (native/element.h), and patterns that poison memory."""
import ctypes
import random
from typing import Optional

from kiln_runner.protocol import DefinedCase, Json, Tensor, Tolerance

DTYPES = ("f64", "f32", "f16", "bf16", "i64", "i32", "u32", "i8", "u8", "f8e4m3", "f4e2m1x2")
DTYPE_CODE = {name: code for code, name in enumerate(DTYPES)}
DTYPE_BYTES = {"f64": 8, "i64": 8, "f32": 4, "i32": 4, "u32": 4, "f16": 2, "bf16": 2, "i8": 1, "u8": 1, "f8e4m3": 1, "f4e2m1x2": 1}
KIND_CODE = {"uniform": 0, "normal": 1, "integers": 2, "bits": 3, "zeros": 4, "subnormal": 5, "exponents": 6}
# What kiln_draw_structure knows.
STRUCTURE_CODE = {"permutation": 7, "offsets": 8, "sorted_integers": 9, "bernoulli": 10}
SHUFFLED_OFFSETS = 11
# What kiln_draw knows; the others are structures, or mixtures of one.
PLAIN_KINDS = ("uniform", "normal", "integers", "bits")
COMPONENTS_MAX = 8
CHOICES = 2**32
# Of a seed: the bits that are random. What is above them names the inputs' distributions.
SEED_BITS = 128
_SCALAR_BYTES = {"f64": 8, "i64": 8, "f32": 4, "i32": 4, "u32": 4}


# An element of each float type that is no number, and one that is infinite; and 32 bits that fill memory with ones, of some types with what is near.
NOT_A_NUMBER = {
    "f64": b"\0\0\0\0\0\0\xf8\x7f", "f32": b"\0\0\xc0\x7f", "f16": b"\0\x7e", "bf16": b"\xc0\x7f", "f8e4m3": b"\x7f",
}
INFINITE = {"f64": b"\0\0\0\0\0\0\xf0\x7f", "f32": b"\0\0\x80\x7f", "f16": b"\0\x7c", "bf16": b"\x80\x7f"}
ONES = {
    "f64": 0x3FF00000, "f32": 0x3F800000, "f16": 0x3C003C00, "bf16": 0x3F803F80, "i64": 1, "i32": 1, "u32": 1, "i8": 0x01010101, "u8": 0x01010101,
    "f8e4m3": 0x38383838, "f4e2m1x2": 0x22222222,
}
# 32 bits that fill memory with numbers whose squares are infinite; with the largest that there are, of some types with what is near.
SQUARES_INFINITE = {"f64": 0x6FF00000, "f32": 0x6F800000, "f16": 0x6C006C00, "bf16": 0x6F806F80}
LARGEST = {
    "f64": 0x7FEFFFFF, "f32": 0x7F7FFFFF, "f16": 0x7BFF7BFF, "bf16": 0x7F7F7F7F, "i64": 0x7FFFFFFF, "i32": 0x7FFFFFFF, "u32": 0xFFFFFFFF,
    "i8": 0x7F7F7F7F, "u8": 0xFFFFFFFF, "f8e4m3": 0x7E7E7E7E, "f4e2m1x2": 0x77777777,
}


def plain_tensor(dtype: str, elements: int) -> Tensor:
    """Of the judge's own, to try its kernels by."""
    return {"name": dtype, "dtype": dtype, "elements": elements, "role": "in", "distribution": {"kind": "normal"}}


def tensor_bytes(tensor: Tensor) -> int:
    return tensor["elements"] * DTYPE_BYTES[tensor["dtype"]]


def scalar_bytes(dtype: str) -> int:
    return _SCALAR_BYTES[dtype]


# What is compared as indices is right or wrong.
EXACT: Tolerance = {"rtol": 0, "atol": 0, "relative_l2": 1}


def tolerance_of(tensor: Tensor, problems: Tolerance) -> Tolerance:
    """Its own, or the problem's."""
    return EXACT if "compare" in tensor else tensor.get("tolerance", problems)


def is_input(tensor: Tensor) -> bool:
    return tensor["role"] in ("in", "inout")


def is_derived(tensor: Tensor) -> bool:
    """An input that the problem's own program computes from raw tensors."""
    return is_input(tensor) and tensor["distribution"]["kind"] == "derived"


def is_output(tensor: Tensor) -> bool:
    return tensor["role"] in ("out", "inout")


def input_sets(case: DefinedCase) -> list[list[Tensor]]:
    """The case's tensors, and behind them the raw ones, with the distributions of its plain inputs, and with those of each of its hard ones."""
    plain = [*case["tensors"], *case.get("raw", [])]
    return [plain, *([_drawn_like(tensor, one["distributions"]) for tensor in plain] for one in case.get("hard", []))]


def _drawn_like(tensor: Tensor, distributions: dict[str, Json]) -> Tensor:
    return {**tensor, "distribution": distributions.get(tensor["name"], tensor["distribution"])}


def seed_for(bits: int, input_set: int) -> int:
    """A seed names the inputs wholly: `bits` are random, and `input_set` says of which distributions they are (`input_sets`)."""
    return bits | input_set << SEED_BITS


def input_set_of(seed: int) -> int:
    """0: the plain ones."""
    return seed >> SEED_BITS


class Component(ctypes.Structure):
    """As native/element.h has it."""

    _fields_ = [("upto", ctypes.c_uint32), ("kind", ctypes.c_int), ("p0", ctypes.c_double), ("p1", ctypes.c_double)]


class Mixture(ctypes.Structure):
    _fields_ = [("of", Component * COMPONENTS_MAX)]


class Structure(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint64), ("low", ctypes.c_int64), ("high", ctypes.c_int64), ("kind", ctypes.c_uint64)]


def structure_of(tensor: Tensor) -> Optional[Structure]:
    """For kiln_draw_structure; None where another kernel draws the tensor."""
    distribution = tensor["distribution"]
    kind = distribution["kind"]
    if kind not in STRUCTURE_CODE:
        return None
    if kind == "bernoulli":
        return Structure(1, min(CHOICES, round(distribution["share"] * CHOICES)), 0, STRUCTURE_CODE[kind])
    if "lengths_seed" in distribution:
        return Structure(distribution["length"], distribution["lengths_seed"], distribution["total"], SHUFFLED_OFFSETS)
    low, high = distribution.get("low", 0), distribution.get("high", distribution.get("total", 0))
    return Structure(distribution["length"], low, high, STRUCTURE_CODE[kind])


def mixture_of(tensor: Tensor) -> Optional[Mixture]:
    """For kiln_draw_mixture; None where another kernel draws the tensor: kiln_draw, by `distribution_of`, where it has no structure either."""
    distribution = tensor["distribution"]
    if distribution["kind"] in PLAIN_KINDS or distribution["kind"] in STRUCTURE_CODE:
        return None
    parts = distribution["of"] if distribution["kind"] == "mixture" else [{**distribution, "share": 1}]
    mixture, below = Mixture(), 0.0
    for part, component in zip(parts, mixture.of):
        below += part["share"]
        component.upto = CHOICES - 1 if part is parts[-1] else min(CHOICES - 1, round(below * CHOICES))
        component.kind, component.p0, component.p1 = _numbers_of(part)
    return mixture


def distribution_of(tensor: Tensor) -> tuple[int, float, float]:
    """(code, first parameter, second parameter) for the drawing kernel."""
    return _numbers_of(tensor["distribution"])


def _numbers_of(distribution: Json) -> tuple[int, float, float]:
    kind = distribution["kind"]
    if kind == "normal":
        return KIND_CODE[kind], float(distribution.get("mean", 0)), float(distribution.get("std", 1))
    if kind in ("bits", "zeros", "subnormal"):
        return KIND_CODE[kind], 0.0, 0.0
    return KIND_CODE[kind], float(distribution["low"]), float(distribution["high"])


def poison_pattern(dtype: str, rng: random.Random) -> int:
    """32 bits to fill memory with: NaN in every float type, and not the same at each run, so that no kernel can know it."""
    if dtype == "f8e4m3":
        return sum(rng.choice((0x7F, 0xFF)) << shift for shift in (0, 8, 16, 24))
    if dtype in ("f64", "f32", "f16", "bf16"):
        return _nan_half(rng) << 16 | _nan_half(rng)
    return rng.getrandbits(32)


def _nan_half(rng: random.Random) -> int:
    """16 bits that are a NaN in f16 and bf16, and the upper half of a NaN in f32 and f64."""
    return rng.choice((0x7FF8, 0xFFF8)) | rng.getrandbits(3)


def keys_of(seed: int, replica: int, tensor: int) -> tuple[int, int]:
    """The two drawing keys of one tensor of one replica under a 128-bit seed of a run."""
    mask = 2**64 - 1
    step = (replica * 64 + tensor + 1) * 0xD1342543DE82EF95
    return (seed + step) & mask, ((seed >> 64) ^ (step * 0x9E3779B97F4A7C15)) & mask
