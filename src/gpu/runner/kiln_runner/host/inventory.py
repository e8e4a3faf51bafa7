"""`inventory`: everything the daemon must know of this host, as one line of JSON {inventory, tools}.

The server runs it as a child, because it opens libcuda and libnvrtc, which the server itself must never do.
"""
import json
import os
import platform
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Optional

from kiln_runner.compile.compilers import FIXES, PIP_CUDA, compiler_versions
from kiln_runner.compile.own_headers import FIX_CUDA
from kiln_runner.compile.tools import NvrtcTool, Tool, Tools
from kiln_runner.host.cgroup import processor_limit
from kiln_runner.host.compile_probe import CompileProbe, probe_compilers
from kiln_runner.host.environments import find_environments
from kiln_runner.host.gpus import Gpus, find_gpus
from kiln_runner.host.machine import cores, cpu_device, machine_id
from kiln_runner.host.memory import memory_limit_bytes
from kiln_runner.host.placement import Limits, Placement, compile_slots, place
from kiln_runner.host.simulated_environment import simulated_environments
from kiln_runner.host.simulated_gpus import COUNT_VARIABLE, simulated_count, simulated_gpus
from kiln_runner.host.toolchain import find_gcc, find_ncu, find_nvcc, find_nvrtc
from kiln_runner.host.triton_toolchain import FoundTriton, find_triton
from kiln_runner.protocol import Inventory, NamedEnvironment


def run(argv: list[str]) -> int:
    named: list[NamedEnvironment] = json.loads(argv[argv.index("--environments") + 1]) if "--environments" in argv else []
    inventory, tools, placement = take_inventory(named)
    everything = {"inventory": inventory, "tools": tools, "placement": placement._asdict()}
    print(json.dumps(everything if "--tools" in argv else inventory))
    sys.stdout.flush()
    return 0


def take_inventory(named: list[NamedEnvironment]) -> tuple[Inventory, Tools, Placement]:
    """(Inventory of the protocol, {gcc, nvrtc, nvcc, triton, ncu, environments} with paths for those who run them, who gets which cores).

    `named`: environments of the fleet file."""
    # PCI order here and in the judges, so that an ordinal means the same GPU in both.
    os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
    with ThreadPoolExecutor(max_workers=4) as pool:
        found = {name: pool.submit(find) for name, find in (("gcc", find_gcc), ("nvcc", find_nvcc), ("ncu", find_ncu))}
        nvrtc = find_nvrtc()
        gpus = Gpus(simulated_gpus(), None, _simulation_warning(), {}) if simulated_count() else find_gpus()
        # Simulated GPUs compile nothing with it.
        triton = pool.submit(find_triton, _architecture(gpus)) if not simulated_count() else None
        environments = pool.submit(find_environments, named, _minor(gpus), _architecture(gpus)) if not simulated_count() else None
        gcc, nvcc, ncu = (found[name].result() for name in ("gcc", "nvcc", "ncu"))
    found_triton = triton.result() if triton else FoundTriton(None, None)
    programs = environments.result() if environments else simulated_environments()
    tools: Tools = {"gcc": gcc, "nvrtc": nvrtc, "nvcc": nvcc, "triton": found_triton.tool, "ncu": ncu, "environments": programs.tools}
    # Simulated GPUs have no address: nothing is bound for them.
    placement = place(gpus.addresses, sorted(os.sched_getaffinity(0)))
    # Simulated GPUs need no CUDA compiler.
    probed = probe_compilers({**tools, "nvrtc": None, "nvcc": None} if simulated_count() else tools, _architecture(gpus))
    inventory = _inventory(gpus, tools, placement, probed)
    warnings = inventory["warnings"] + _triton_warnings(gpus, found_triton) + programs.warnings
    inventory["warnings"] = warnings
    if programs.reported:
        inventory["environments"] = programs.reported
    return inventory, tools, placement


def limits() -> Limits:
    return Limits(processor_limit(), memory_limit_bytes())


def _architecture(gpus: Gpus) -> Optional[str]:
    return gpus.devices[0]["architecture"] if gpus.devices else None


def _minor(gpus: Gpus) -> Optional[int]:
    """The number of the first GPU's device node; the driver numbers nodes as it numbers GPUs, unless somebody changed that."""
    nodes = sorted(int(name[len("nvidia") :]) for name in os.listdir("/dev") if name.startswith("nvidia") and name[len("nvidia") :].isdigit())
    return nodes[0] if gpus.devices and nodes else None


def _inventory(gpus: Gpus, tools: Tools, placement: Placement, probed: CompileProbe) -> Inventory:
    has_cuda = bool(tools["nvrtc"] or tools["nvcc"]) or simulated_count() > 0
    real_gpus = 0 if simulated_count() else len(gpus.devices)
    languages = (["cuda"] if has_cuda else []) + [name for name, tool in (("triton", "triton"), ("c", "gcc")) if tools[tool]]
    inventory: Inventory = {
        "hostname": socket.gethostname(), "machineId": machine_id(), "cores": cores(), "memoryBytes": memory_limit_bytes(),
        "python": platform.python_version(), "driver": gpus.driver, "nvrtc": _version(tools["nvrtc"]),
        "nvcc": _version(tools["nvcc"]), "gcc": _version(tools["gcc"]), "triton": _version(tools["triton"]), "ncu": _version(tools["ncu"]),
        "languages": [language for language in languages if language not in probed.broken],
        "compilers": compiler_versions(tools, simulated=simulated_count() > 0),
        "compileSlots": compile_slots(cores(), real_gpus, placement, limits()), "devices": [*gpus.devices, cpu_device()],
        "warnings": _warnings(gpus, tools, has_cuda) + probed.warnings,
    }
    if probed.confinement:
        inventory["confinement"] = probed.confinement
    return inventory


def _warnings(gpus: Gpus, tools: Tools, has_cuda: bool) -> list[str]:
    warnings = [gpus.warning] if gpus.warning else []
    if not tools["gcc"]:
        warnings.append(FIXES["c"])
    if gpus.devices and not has_cuda:
        warnings.append(FIXES["cuda"])
    if tools["nvrtc"] and not tools["nvrtc"]["includes"]:
        warnings.append(f"NVRTC without CUDA headers (cuda_fp16.h); {PIP_CUDA}, or set CUDA_HOME")
    if tools["nvrtc"] and tools["nvrtc"]["lacks"]:
        warnings.append(f"NVRTC without headers that kernels use ({tools['nvrtc']['lacks']}); {FIX_CUDA}")
    warnings += [
        f"NVRTC does not know {device['architecture']} of {device['model']}; install a newer CUDA toolkit"
        for device in gpus.devices
        if tools["nvrtc"] and not simulated_count() and not _knows(tools["nvrtc"], device["architecture"])
    ]
    return list(dict.fromkeys(warnings))


def _triton_warnings(gpus: Gpus, found: FoundTriton) -> list[str]:
    """A host without any is told only where it has GPUs that could use it."""
    if found.warning:
        return [found.warning]
    return [FIXES["triton"]] if gpus.devices and not simulated_count() and not found.tool else []


def _knows(nvrtc: NvrtcTool, architecture: str) -> bool:
    return int("".join(character for character in architecture if character.isdigit())) in nvrtc["architectures"]


def _simulation_warning() -> str:
    return f"the GPUs of this host are simulated; unset {COUNT_VARIABLE} to offer real ones"


def _version(tool: Optional[Tool]) -> Optional[str]:
    return tool["version"] if tool else None
