"""A program that every recorder can record: by it is told whether one works."""
from kiln_runner.protocol_programs import OwnRecordUnit, RecordedTensor

SOURCE = "def custom_kernel(data):\n    x, out = data\n    return x + x\n"
ELEMENTS = 4096


def known_unit(architecture: str) -> OwnRecordUnit:
    return {
        "language": "python", "architecture": architecture, "files": [{"path": "probe.py", "content": SOURCE}],
        "entry": {"file": "probe.py", "symbol": "custom_kernel", "style": "custom_kernel"}, "environment": "torch", "built": "0" * 64,
        "deviceModel": "", "cases": [{"name": "probe", "tensors": [_tensor("x", "in"), _tensor("out", "out")]}],
    }


def _tensor(name: str, role: str) -> RecordedTensor:
    return {"name": name, "dtype": "f32", "shape": [ELEMENTS], "role": "out" if role == "out" else "in", "distribution": {"kind": "normal"}}
