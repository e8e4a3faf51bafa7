"""Which device node is a GPU's: the driver tells it by the GPU's own number."""
import os
from pathlib import Path

INFORMATION = Path("/proc/driver/nvidia/gpus")


def visible_name(device_id: str) -> str:
    """By which the driver shows a process this GPU alone; empty where the device is none."""
    return device_id if device_id.startswith("GPU-") else ""


def minor_of(device_id: str, information: Path = INFORMATION) -> int:
    """`device_id`: "GPU-…". Where the driver does not tell (containers may hide it), the first node that is there."""
    for path in sorted(information.glob("*/information")):
        try:
            fields = dict(_field(line) for line in path.read_text(encoding="ascii").splitlines())
        except (OSError, ValueError):
            continue
        if fields.get("GPU UUID") == device_id and fields.get("Device Minor", "").isdigit():
            return int(fields["Device Minor"])
    names = [name for name in os.listdir("/dev") if name.startswith("nvidia") and name[len("nvidia") :].isdigit()]
    return min((int(name[len("nvidia") :]) for name in names), default=0)


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()
