"""Everything that a file puts on a GPU is made on another device: there need be no GPU, and `meta` tensors have no numbers."""
from typing import Any, Callable

from kiln_describe.framework import FunctionMode, is_tensor, torch
from kiln_describe.kiln_derive import FACTORIES, SAME_PLACE, is_place

_GIVEN = ("tensor", "as_tensor", "scalar_tensor")


class Redirect(FunctionMode):
    """`on_given(tensor, data)`: a tensor was made of numbers of the file."""

    def __init__(self, device: str, on_given: Callable[[Any, Any], None]) -> None:
        super().__init__()
        self._device, self._on_given = device, on_given

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", "")
        if name in SAME_PLACE and args and is_tensor(args[0]):
            return args[0]
        if getattr(func, "__self__", None) is torch.Tensor.is_cuda:
            return True
        named = {key: self._placed(value) for key, value in (kwargs or {}).items()}
        named.pop("pin_memory", None)
        if self._device == "meta":
            # One of the CPU, which draws nothing here.
            named.pop("generator", None)
        if name in FACTORIES and func is getattr(torch, name, None) and named.get("device") is None:
            named["device"] = self._device
        result = func(*[self._placed(value) for value in args], **named)
        if name in _GIVEN and is_tensor(result):
            self._on_given(result, args[0] if args else named.get("data"))
        return result

    def _placed(self, value: Any) -> Any:
        return self._device if is_place(value) else value


def pretend_gpu() -> None:
    """In this process: what files ask of torch.cuda beside tensors has an answer."""
    answers: dict[str, Any] = {
        "is_available": True, "device_count": 1, "current_device": 0, "get_device_capability": (9, 0), "get_device_name": "GPU",
        "is_initialized": True, "synchronize": None, "manual_seed": None, "manual_seed_all": None, "empty_cache": None, "set_device": None,
        "_lazy_init": None,
    }
    for name, answer in answers.items():
        setattr(torch.cuda, name, _answering(answer))
    # Called as it is written: what a compiler makes of it has other operations.
    torch.compile = _as_written
    # It reads values, which tensors without numbers do not have.
    torch.distributions.Distribution.set_default_validate_args(False)


def _as_written(function: Any = None, **_options: Any) -> Any:
    """`torch.compile(f)`, and `@torch.compile(mode=...)`."""
    return (lambda later: later) if function is None else function


def _answering(answer: Any) -> Callable[..., Any]:
    return lambda *_args, **_kwargs: answer
