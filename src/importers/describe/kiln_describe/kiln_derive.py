"""Runs a file's own code that makes inputs, with its draws taken from raw tensors: what is drawn is the judge's, what comes of it is its own.

A copy of this lies beside the files of a problem that `kiln import` made (docs/importers.md); its derive.py calls `derived`. It needs PyTorch alone.
"""
import importlib
import inspect
import random
import re
import sys
from collections.abc import Sequence
from typing import Any, Callable

torch: Any = importlib.import_module("torch")
_FunctionMode: Any = importlib.import_module("torch.overrides").TorchFunctionMode
_DispatchMode: Any = importlib.import_module("torch.utils._python_dispatch").TorchDispatchMode

# Names of schemas, without "aten::" and without the "_" of what changes a tensor in place.
RANDOM = frozenset((
    "rand", "rand_like", "randn", "randn_like", "randint", "randint_like", "randperm", "uniform", "normal", "random", "bernoulli",
    "exponential", "cauchy", "log_normal", "geometric", "poisson", "multinomial", "native_dropout", "rrelu_with_noise", "binomial",
    "_standard_gamma", "_sample_dirichlet",
))
# Whose results, or their shapes, the host learns: what follows may be another for other numbers.
_READS = frozenset((
    "_local_scalar_dense", "equal", "is_nonzero", "nonzero", "masked_select", "_unique", "_unique2", "unique_dim", "unique_consecutive", "bincount",
))
# Of whatever is drawn by other means.
SEED = 11
# What makes tensors on the CPU unless it is told where.
FACTORIES = frozenset((
    "empty", "zeros", "ones", "full", "rand", "randn", "randint", "randperm", "normal", "arange", "linspace", "logspace", "eye", "tensor",
    "as_tensor", "empty_strided", "tril_indices", "triu_indices", "hann_window", "scalar_tensor",
))
SAME_PLACE = ("cuda", "cpu", "pin_memory")
_DEVICE = re.compile(r"(cuda|cpu)(:\d+)?\Z")


class OtherDraws(Exception):
    """It draws in another way than when it was imported, or reads values; the message says what."""


def name_of(func: Any) -> str:
    """ "uniform_" of aten::uniform_ """
    return str(func._schema.name).rsplit("::", 1)[-1]


def is_place(value: Any) -> bool:
    return isinstance(value, torch.device) or (isinstance(value, str) and _DEVICE.match(value) is not None)


def reads(name: str, args: Sequence[Any]) -> bool:
    """Whether the host learns of values. A mask whose places all get one number is none of these."""
    return name in _READS or (name.rstrip("_") in ("index", "index_put") and _is_masked(args) and not _is_filled(name, args))


def _is_masked(args: Sequence[Any]) -> bool:
    return any(index is not None and index.dtype in (torch.bool, torch.uint8) for index in args[1])


def _is_filled(name: str, args: Sequence[Any]) -> bool:
    return name.startswith("index_put") and len(args[1]) == 1 and args[2].numel() == 1 and not (len(args) > 3 and args[3])


def _fill(name: str, args: Sequence[Any]) -> Any:
    """As the host would do it, without knowing how many places there are."""
    to, mask, value = args[0], args[1][0].bool(), args[2].reshape(())
    mask = mask.reshape(*mask.shape, *[1] * (to.ndim - mask.ndim))
    return to.masked_fill_(mask, value) if name == "index_put_" else to.masked_fill(mask, value)


class _FromRaw(_DispatchMode):
    """`order`: [pool, how many draws in a row are taken from it], in the order of the draws."""

    def __init__(self, pools: Sequence[Any], order: Sequence[Sequence[int]]) -> None:
        super().__init__()
        self._pools, self._at = [pool.reshape(-1) for pool in pools], [0] * len(pools)
        self._order = [pool for pool, count in order for _ in range(count)]
        self._next = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        named = dict(kwargs or {})
        if not hasattr(func, "_schema"):
            return func(*args, **named)
        name = name_of(func)
        if name.rstrip("_") in RANDOM:
            return self._drawn(func, name, args, named)
        if reads(name, args):
            raise OtherDraws(f"it reads values of tensors ({name}), which are others for every draw")
        if name.startswith("index_put") and _is_masked(args):
            return _fill(name, args)
        return func(*args, **named)

    def _drawn(self, func: Any, name: str, args: Any, named: dict[str, Any]) -> Any:
        if name.endswith("_"):
            return args[0].copy_(self._taken(args[0]))
        if "generator" in named:
            # One of the CPU, which draws nothing elsewhere.
            named["generator"] = None
        has_device = any(argument.name == "device" for argument in func._schema.arguments)
        return self._taken(func(*args, **{**named, "device": "meta"}) if has_device else args[0])

    def _taken(self, like: Any) -> Any:
        """So many numbers of the pool whose turn it is, which nobody gets again."""
        if self._next >= len(self._order):
            raise OtherDraws(f"it draws more often than when it was imported, {self._next} times")
        pool = self._order[self._next]
        self._next += 1
        start, numbers = self._at[pool], self._pools[pool]
        self._at[pool] += like.numel()
        if self._at[pool] > numbers.numel() or like.dtype != numbers.dtype:
            raise OtherDraws(f"its draw {self._next} is {like.dtype} {list(like.shape)}, and not as when it was imported")
        return numbers[start : self._at[pool]].reshape(like.shape)


class _Placed(_FunctionMode):
    """Everything is made where the raw tensors are."""

    def __init__(self, device: Any) -> None:
        super().__init__()
        self._device = device

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", "")
        if name in SAME_PLACE and args and isinstance(args[0], torch.Tensor):
            return args[0]
        named = {key: self._device if is_place(value) else value for key, value in (kwargs or {}).items() if key != "pin_memory"}
        if name in FACTORIES and func is getattr(torch, name, None) and named.get("device") is None:
            named["device"] = self._device
        return func(*[self._device if is_place(value) else value for value in args], **named)


class Generator(torch._C.Generator):
    """One of the CPU, for whatever device it is asked: nobody draws by it."""

    def __new__(cls, device: Any = None) -> Any:
        return super().__new__(cls, "cpu")


# Before the file is imported, which may name it.
torch.Generator = Generator


def seed_all(seed: int) -> None:
    """What is drawn by other means than tensors, such as sizes, is the same each time."""
    random.seed(seed)
    torch.manual_seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed)


def from_task(reference: Any, case: dict[str, Any], raw: Sequence[Any], places: Sequence[Sequence[str]]) -> tuple[Any, ...]:
    """`case`: `args` of generate_input, and `order`."""
    return derived(lambda: called(reference.generate_input, case["args"], SEED), raw, case["order"], places)


def from_model(reference: Any, case: dict[str, Any], raw: Sequence[Any], places: Sequence[Sequence[str]]) -> tuple[Any, ...]:
    """`case`: `globals` of the file as they are for its get_inputs, and `order`."""
    for name, value in case["globals"].items():
        setattr(reference, name, value)
    return derived(lambda: tuple(reference.get_inputs()), raw, case["order"], places)


def called(generate: Callable[..., Any], args: dict[str, Any], seed: int) -> Any:
    takes_seed = "seed" in inspect.signature(generate).parameters
    return generate(**args, **({"seed": seed} if takes_seed else {}))


def derived(make: Callable[[], Any], raw: Sequence[Any], order: Sequence[Sequence[int]], places: Sequence[Sequence[str]]) -> tuple[Any, ...]:
    """Of what `make` returns, the tensors at `places`: keys and indices that lead to each. `order`: [raw tensor, how many draws in a row are taken
    from it], in the order of the draws."""
    seed_all(SEED)
    with torch.no_grad(), _Placed(raw[0].device), _FromRaw(raw, order):
        made = make()
        return tuple(_at(made, place).contiguous() for place in places)


def _at(data: Any, place: Sequence[str]) -> Any:
    for key in place:
        data = data[key] if isinstance(data, dict) else data[int(key)]
    return data
