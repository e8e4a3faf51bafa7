"""What bench/gpu/answers-check looks at without a runner: the null and its calibration, and how a stream is freed that waits for a word. And what
PyTorch's own events say of the honest programs.

usage: answers_probes.py null DEVICE CACHE | processes DEVICE CACHE | events
"""
import json
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "src" / "gpu" / "runner"), str(Path(__file__).resolve().parent)]
from answers_problems import PROBLEMS  # noqa: E402
from answers_programs import HONEST  # noqa: E402

from kiln_runner.frames import encode, read_frame  # noqa: E402
from kiln_runner.host.device_nodes import minor_of  # noqa: E402
from kiln_runner.judge.companions import Companions  # noqa: E402
from kiln_runner.programs.sandbox import device_nodes, levels  # noqa: E402

NULLS, READY_S = 3, 90
KEY = "0" * 64


class Zygote:
    """Plays the runner for the judge's companions: takes its frames, and tells how processes ended."""

    def __init__(self, device: str) -> None:
        self._device, self._level = device, levels()[0]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src" / "gpu" / "runner"), "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "kiln_runner", "program-zygote"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd="/",
            bufsize=0,
        )
        start = time.monotonic()
        print(f"  zygote: {self._next()} after {time.monotonic() - start:.1f} s; sandbox {self._level}", flush=True)

    def _next(self) -> Any:
        frame = read_frame(self._process.stdout)
        return frame and frame[0]

    def send(self, header: Any) -> None:
        if header["type"] == "end_companion":
            self._write({"type": "stop", "id": header["id"]})
            return
        self._write({
            "type": "run", "id": header["id"], "task": "answer", "asked": {**header["program"], "device": self._device},
            "bounds": {"limit_s": header["limitS"], "memory_bytes": 32 << 30}, "level": self._level, "nodes": device_nodes(minor_of(self._device)),
            "artifact": None, "connect": header["socket"],
        })

    def take(self, _kind: str) -> list[Any]:
        frame = self._next() if select.select([self._process.stdout], [], [], 0)[0] else None
        if frame is None or frame["type"] != "ended":
            return []
        print(f"  process ended: {frame['how']} {frame['why']} {frame['log'][-1500:]}", flush=True)
        return [{"type": "companion_ended", "id": frame["id"], "how": frame["how"], "why": frame["why"], "log": frame["log"]}]

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(30)

    def _write(self, header: Any) -> None:
        self._process.stdin.write(encode(header))


def null(device_id: str, cache: Path) -> None:
    from kiln_runner.judge.gpu.device import GpuDevice

    zygote = Zygote(device_id)
    start = time.monotonic()
    device = GpuDevice(device_id, 0, cache, Companions(zygote.send, zygote))
    device.prove()
    print(f"  judge's device after {time.monotonic() - start:.1f} s; nodes {sorted(n for n in os.listdir('/dev') if 'nvidia' in n)}, minor "
          f"{minor_of(device_id)}", flush=True)
    lengths(device)
    try:
        for number in range(NULLS):
            start = time.monotonic()
            device.nulls.prove("torch", KEY)
            begun = time.monotonic()
            offsets = device.nulls.offsets("torch", KEY)
            spent = time.monotonic() - begun
            words = "; ".join(f"{one.own_ns / 1e3:.2f} us {one.off_ns / 1e3:+.2f}" for one in device.nulls.calibrations)
            print(
                f"  null {number}: by kernel {offsets.kernel_ns / 1e3:.2f} us, by copy {offsets.copied_ns / 1e3:.2f} us; calibration {words}; "
                f"start {begun - start:.2f} s, measuring {spent:.2f} s", flush=True,
            )
            if number == 0:
                # The next is the same process; the one after it another one.
                continue
            device.nulls.close()
    except Exception as error:
        print(f"  null failed: {type(error).__name__}: {error}; calibrations {device.nulls.calibrations}", flush=True)
    finally:
        device.nulls.close()
    release(device)
    zygote.close()
    os._exit(0)


def lengths(device: Any) -> None:
    """Kernels of known lengths through a process of the judge's own, and what is beyond what the judge's own launches take; three times over."""
    device.nulls.prove("torch", KEY)
    for number in range(3):
        found = {ns: device.nulls._process.known(ns, 40 if ns < 1_000_000 else 20) for ns in (0, 50_000, 300_000, 3_000_000)}
        null = found[0]
        words = "; ".join(
            f"{ns / 1e3:.0f}: own {of.own_ns / 1e3:.2f} kernel {(of.by_kernel_ns - of.own_ns - null.by_kernel_ns + null.own_ns) / 1e3:+.2f} "
            f"copy {(of.by_copy_ns - of.own_ns - null.by_copy_ns + null.own_ns) / 1e3:+.2f}" for ns, of in found.items()
        )
        print(f"  lengths {number}: T(0) {null.by_kernel_ns / 1e3:.2f}, by copy {null.by_copy_ns / 1e3:.2f} us; {words}", flush=True)


def processes(device_id: str, cache: Path) -> None:
    """What a run takes in several processes of the same program, while more or fewer of them are there: whether it belongs to a process."""
    from kiln_runner.judge.gpu import null_process
    from kiln_runner.judge.gpu.device import GpuDevice

    zygote = Zygote(device_id)
    device = GpuDevice(device_id, 0, cache, Companions(zygote.send, zygote))
    device.prove()
    # What makes them for the device, asked for others; each has its memory elsewhere.
    start = device.nulls._start
    alive: dict[str, Any] = {}

    def begin(name: str) -> None:
        null_process.ARENA_NUMBER -= 1
        alive[name] = start(("torch", KEY), (0,))

    def told(what: str) -> None:
        for name, process in alive.items():
            found = [process.known(0, 60) for _ in range(3)]
            words = ", ".join(f"{one.by_kernel_ns / 1e3:.2f} ({one.by_copy_ns / 1e3:.2f}, own {one.own_ns / 1e3:.2f})" for one in found)
            print(f"  {what}; process {name}: {words}", flush=True)

    def end(name: str) -> None:
        alive.pop(name).close()

    for step in ("+A", "+B", "+C", "-B", "+D", "-C", "-D", "+E", "-A", "-E", "+F"):
        begin(step[1:]) if step[0] == "+" else end(step[1:])
        told(step)
    for name in list(alive):
        end(name)
    zygote.close()
    os._exit(0)


def release(device: Any) -> None:
    """A stream that waits for a word which nobody writes."""
    from kiln_runner.judge.gpu.lent import Lent

    case: Any = {"name": "one", "tensors": [{"name": "x", "dtype": "f32", "shape": [4], "role": "in", "distribution": {"kind": "zeros"}}]}
    lent = Lent(device.driver, device.memory, [case], 0x2B0000000000, 64 << 20)
    device.driver.synchronize()
    for number in range(2):
        device.driver.check(device.driver.wait_for_word(lent.done, number + 5), "wait")
        device.looks.first([])
        time.sleep(0.02)
        start = time.monotonic()
        was_busy = device.driver.is_busy()
        is_free = device.releasing.release(lent)
        print(f"  release {number}: busy before {was_busy}, free {is_free} after {1e3 * (time.monotonic() - start):.1f} ms", flush=True)
        if not is_free:
            break
        device.driver.fill(lent.words[0], 0, 8192)
        device.driver.synchronize()


def events() -> None:
    """Medians of PyTorch's events with a flush before each run, as do_bench has them; microseconds, as JSON."""
    import torch

    found: dict[str, dict[str, float]] = {}
    cache = torch.empty(256 << 20, dtype=torch.uint8, device="cuda")
    with tempfile.TemporaryDirectory() as folder:
        for item in HONEST:
            try:
                found[item.name] = times(torch, item, Path(folder, f"{item.name.replace('/', '_').replace('-', '_')}.py"), cache)
            except Exception as error:
                print(f"{item.name}: {type(error).__name__}: {error}", file=sys.stderr)
    print(json.dumps(found))


def times(torch: Any, item: Any, file: Path, cache: Any) -> dict[str, float]:
    import importlib.util

    file.write_text(item.source)
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    types = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
    found: dict[str, float] = {}
    problem = PROBLEMS[item.problem]
    for name, (kind, shape) in problem.cases.items():
        if kind != "bench":
            continue
        data = [torch.randn(*[shape[axis] for axis in axes], device="cuda").to(types[dtype]) for _, dtype, axes, _, _ in problem.tensors]
        pairs = []
        for _ in range(45):
            pair = [torch.cuda.Event(enable_timing=True) for _ in range(2)]
            cache.zero_()
            pair[0].record()
            module.custom_kernel(tuple(data))
            pair[1].record()
            pairs.append(pair)
        torch.cuda.synchronize()
        found[name] = statistics.median(start.elapsed_time(end) * 1e3 for start, end in pairs[5:])
    return found


if __name__ == "__main__":
    {
        "null": lambda: null(sys.argv[2], Path(sys.argv[3])), "processes": lambda: processes(sys.argv[2], Path(sys.argv[3])), "events": events,
    }[sys.argv[1]]()
