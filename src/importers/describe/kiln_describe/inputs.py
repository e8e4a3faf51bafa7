"""Makes a file's inputs twice, by two seeds, and says what they are and how they were drawn."""
from contextlib import ExitStack
from typing import Any, Callable, NamedTuple

from kiln_describe.draws import document, unplain
from kiln_describe.framework import dtype_of
from kiln_describe.kiln_derive import SEED, seed_all
from kiln_describe.lines import Lines
from kiln_describe.redirect import Redirect
from kiln_describe.refused import Refused
from kiln_describe.tree import Found, take
from kiln_describe.watch import MADE_BYTES_MAX, TooLarge, Watch

SEEDS = (SEED, SEED + 1)
SAID_CHARS_MAX = 240


class Made(NamedTuple):
    device: str
    found: Found
    # Of each tensor, as the answer has it.
    tensors: list[dict[str, Any]]
    # What was drawn for them (raw_draws.py), and what of it was read.
    raw: dict[str, Any]

    @property
    def is_left_out(self) -> bool:
        """Whether it can be neither drawn nor derived, whatever else is found: one of its tensors is no plain draw, and what is drawn follows from
        a value that was read (kept-cases.ts)."""
        return self.raw["read"] is not None and any(one["draw"]["kind"] == "unplain" for one in self.tensors)


def redirected(device: str, watch: Any = None) -> ExitStack:
    stack = ExitStack()
    stack.enter_context(Redirect(device, watch.given if isinstance(watch, Watch) else lambda _tensor, _data: None))
    if watch is not None:
        stack.enter_context(watch)
    return stack


def make(generate: Callable[[int], Any], lines: Lines) -> Made:
    """`generate(seed)`. Without numbers first; then, where the file reads some, with them. Refused says why it cannot be made."""
    complaints: list[str] = []
    for device in ("meta", "cpu"):
        try:
            return _made(generate, device, lines)
        except Refused:
            raise
        except TooLarge as error:
            complaints.append(str(error))
        except Exception as error:  # whatever a person's file raises
            complaints.append(said(error, lines))
    [without, with_numbers] = complaints
    raise Refused(with_numbers if "MiB" not in with_numbers else f"its inputs cannot be made without their numbers ({without}), and {with_numbers}")


def _made(generate: Callable[[int], Any], device: str, lines: Lines) -> Made:
    first = _once(generate, SEEDS[0], device, lines)
    if first.is_left_out:
        # Making it takes long, since it has numbers.
        return first
    second = _once(generate, SEEDS[1], device, lines)
    if first.found.tree != second.found.tree or len(first.tensors) != len(second.tensors):
        raise Refused("what it hands over changes with the seed")
    tensors = [_same(one, other) for one, other in zip(first.tensors, second.tensors)]
    raw = second.raw if first.raw == second.raw else {**second.raw, "read": "what it draws changes with the seed"}
    return Made(device, second.found, tensors, raw)


def _same(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    if one["shape"] != other["shape"]:
        raise Refused(f"the shape of a tensor changes with the seed: {one['shape']}, {other['shape']}")
    if one["draw"] == other["draw"]:
        return one
    read = one.pop("read") or "a value that changes with the seed"
    return {**one, "draw": document(unplain(f"how it is drawn changes with the seed: {read}"))}


def _once(generate: Callable[[int], Any], seed: int, device: str, lines: Lines) -> Made:
    watch = Watch(lines, None if device == "meta" else MADE_BYTES_MAX)
    seed_all(seed)
    with redirected(device, watch):
        data = generate(seed)
    found = take(data)
    return Made(device, found, [_described(one, watch) for one in found.tensors], {**watch.raw.document(), "read": watch.read})


def _described(tensor: Any, watch: Watch) -> dict[str, Any]:
    dtype, is_known = dtype_of(tensor)
    return {
        "dtype": dtype, "known": is_known, "shape": list(tensor.shape), "contiguous": tensor.is_contiguous(), "draw": document(watch.draw_of(tensor)),
        "read": watch.read,
    }


def said(error: BaseException, lines: Lines) -> str:
    """One line: what, and at which of their lines."""
    line = lines.of(error)
    text = " ".join(str(error).split()).split(". ")[0][:SAID_CHARS_MAX]
    return f"{type(error).__name__}: {text}{f' ({line})' if line else ''}"
