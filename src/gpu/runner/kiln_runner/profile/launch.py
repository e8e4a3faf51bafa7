"""`profile-launch --device ID --ordinal N --cache DIR REQUEST FACTS`: launches one plan of a candidate on the inputs of one case.

REQUEST: JSON {case, plan, artifact, resources}. FACTS: {kernels: [KernelProfile]} from the compiled code, or {failed: why} where it is the
candidate, or {infra: {code, message}}. ncu looks between cuProfilerStart and cuProfilerStop, so that it sees the candidate's launches alone.
"""
# The judge's own functions tell less of their types.
# pyright: reportUnknownMemberType=false, reportArgumentType=false
import argparse
import json
import os
import random
import threading
import time
from pathlib import Path

from kiln_runner.protocol import Json

from ..judge.artifacts import open_artifact
from ..judge.failures import DeviceFault, InfraFailure, LaunchRejected
from ..judge.gpu.device import GpuDevice
from .binary import binary_profiles

SEED_BITS = 128
SIDE = "candidate"
ORPHAN_POLL_S = 0.5


def run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="profile-launch")
    parser.add_argument("--device", required=True)
    parser.add_argument("--ordinal", type=int, default=0)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("request", type=Path)
    parser.add_argument("facts", type=Path)
    options = parser.parse_args(argv)
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    options.facts.write_text(json.dumps(_launch(options, json.loads(options.request.read_text()))))
    # No destructors: after a fault the driver would only complain.
    os._exit(0)


def _end_with_parent(parent: int) -> None:
    """The parent may be ncu, whose threads come and go: the kernel's own signal at a parent's death would follow one of these."""
    while os.getppid() == parent:
        time.sleep(ORPHAN_POLL_S)
    os._exit(1)


def _launch(options: argparse.Namespace, request: Json) -> Json:
    case, plan = request["case"], request["plan"]
    try:
        device = GpuDevice(options.device, options.ordinal, options.cache)
        program = device.load(SIDE, open_artifact(options.cache, request["artifact"]))
        opened = device.open_case({"key": "profile"}, case, 1, {SIDE: plan["scratch"]})
        runnable = opened.bind(SIDE, program, plan)
        facts = binary_profiles(device.driver, program, plan, request["resources"])
        rng = random.SystemRandom()
        for is_watched in (False, True):
            opened.arm(rng)
            opened.draw(rng.getrandbits(SEED_BITS))
            opened.poison(rng)
            device.driver.synchronize()
            if is_watched:
                device.driver.lib.cuProfilerStart()
            opened.execute(runnable)
            device.driver.synchronize()
        device.driver.lib.cuProfilerStop()
    except LaunchRejected as rejected:
        return {"failed": f"{rejected.field}: {rejected}"}
    except InfraFailure as failure:
        return {"infra": {"code": failure.code, "message": str(failure)}}
    except DeviceFault as fault:
        return {"failed": f"the candidate broke off: {fault}"}
    return {"kernels": facts}
