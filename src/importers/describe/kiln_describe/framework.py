"""PyTorch, as what describes speaks to it. Imported by children alone, in which it is there already."""
import importlib
from typing import Any

torch: Any = importlib.import_module("torch")
FunctionMode: Any = importlib.import_module("torch.overrides").TorchFunctionMode
DispatchMode: Any = importlib.import_module("torch.utils._python_dispatch").TorchDispatchMode

_DTYPES = {
    "float64": "f64", "float32": "f32", "float16": "f16", "bfloat16": "bf16", "int64": "i64", "int32": "i32", "uint32": "u32", "int8": "i8",
    "uint8": "u8", "float8_e4m3fn": "f8e4m3", "float4_e2m1fn_x2": "f4e2m1x2",
}


def dtype_of(tensor: Any) -> tuple[str, bool]:
    """Kiln's name, and true; or PyTorch's where Kiln has no such type."""
    name = str(tensor.dtype).replace("torch.", "")
    return (_DTYPES[name], True) if name in _DTYPES else (name, False)


def family_of(dtype: Any) -> str:
    """ "float", "int" or "bool" """
    if dtype == torch.bool:
        return "bool"
    return "float" if dtype.is_floating_point or dtype.is_complex else "int"


def is_tensor(value: Any) -> bool:
    return isinstance(value, torch.Tensor)


def storage_of(tensor: Any) -> Any:
    return tensor.untyped_storage() if hasattr(tensor, "untyped_storage") else tensor.storage()


def place_of(tensor: Any) -> int:
    """Two that share memory have the same; also on the device meta."""
    return storage_of(tensor)._cdata


def room_of(tensor: Any) -> int:
    """Elements that its memory holds."""
    return storage_of(tensor).nbytes() // max(tensor.element_size(), 1)


def repeats(tensor: Any) -> bool:
    return any(stride == 0 and size > 1 for stride, size in zip(tensor.stride(), tensor.shape))
