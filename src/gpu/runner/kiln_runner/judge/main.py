"""`runner judge --kind gpu|cpu --device ID --ordinal N --cache DIR --lock FILE [--cores LIST] [--standby]`: a judge of one device.

Frames on stdin and stdout (service.py). `--standby`: another one has been ready before."""
import argparse
import os
from pathlib import Path

from kiln_runner.judge_frames import FromJudge

from ..frames import encode
from ..host.placement import move_to, parse_cores
from .companions import Companions
from .device import Device
from .device_lock import DeviceLock
from .inbox import Inbox
from .service import CONTEXT_LOST_EXIT, Service, Surroundings


def run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="runner judge")
    parser.add_argument("--kind", choices=("gpu", "cpu"), required=True)
    parser.add_argument("--device", required=True)
    parser.add_argument("--ordinal", type=int, default=0)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--lock", required=True)
    parser.add_argument("--cores", type=parse_cores, default=None)
    parser.add_argument("--standby", action="store_true")
    options = parser.parse_args(argv)
    # Frames get a descriptor of their own at once: whatever a candidate prints goes to the log, never between frames.
    frames = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)

    def send(header: FromJudge) -> None:
        frames.write(encode(header))

    # It moves when it gets work: making a context and preparing problems would disturb the judge that measures there.
    around = Surroundings(
        open_lock(options.lock), options.cache, send, lambda: move_to(options.cores),
        not options.standby,
    )
    inbox = Inbox(0)
    lost = Service(open_device(options, Companions(send, inbox)), around).serve(inbox)
    frames.close()
    # No destructors: after a fault the driver would only complain, and an exit must not wait for it.
    os._exit(CONTEXT_LOST_EXIT if lost else 0)


def open_lock(path: str) -> DeviceLock:
    try:
        return DeviceLock(path)
    except OSError as error:
        raise SystemExit(
            f"the device's lock {path} cannot be opened by user {os.geteuid()}: {error.strerror}. Every runner of this host must be able to: remove "
            "what is there, or add this user to the group of its folder, and start the runner again"
        ) from error


def open_device(options: argparse.Namespace, companions: Companions) -> Device:
    if options.kind == "gpu":
        from .gpu.device import GpuDevice

        return GpuDevice(options.device, options.ordinal, options.cache, companions)
    from .cpu.device import CpuDevice

    return CpuDevice(options.device, options.cache)
