"""`cuda` units: CUDA C++ to a cubin for one architecture, through NVRTC or, where that is missing, nvcc."""
import os
import re

from kiln_runner.compile.artifact import KernelFacts
from kiln_runner.compile.blame import check_headers, made_nothing
from kiln_runner.compile.cuda_options import asked_options
from kiln_runner.compile.elf import kernel_names
from kiln_runner.compile.nvrtc import NvrtcFailure, nvrtc_options
from kiln_runner.compile.opening import opening_of
from kiln_runner.compile.own_headers import CUDA
from kiln_runner.compile.params import place_params
from kiln_runner.compile.precompiled import PrecompiledHeaders
from kiln_runner.compile.ptxas import split_ptxas
from kiln_runner.compile.subprocess_limits import run_limited
from kiln_runner.compile.units import Built, Infra
from kiln_runner.protocol import KernelUnit, Params

NVCC_CPU_SECONDS_MAX = 300
# Said before it has read the source: an architecture it does not know, no host compiler.
NVCC_ITSELF = "nvcc fatal"
SOURCE_FILE = "candidate.cu"


def compile_nvrtc(nvrtc: PrecompiledHeaders, unit: KernelUnit, folder: str) -> Built:
    try:
        names = [kernel["name"] for kernel in unit["kernels"]]
        cubin, log, lowered = nvrtc.compile(unit["source"], unit["params"], [*nvrtc_options(unit["architecture"]), *asked_options(unit)], names)
    except NvrtcFailure as failure:
        code = "compiler_missing" if failure.is_of_options else "compiler_failed"
        raise Infra(code, f"NVRTC cannot compile for {unit['architecture']}: {failure}") from failure
    if cubin is not None:
        return _built(cubin, log, lowered)
    check_headers(log, SOURCE_FILE, CUDA)
    return made_nothing("NVRTC", 1, split_ptxas(log)[0], folder)


def compile_nvcc(nvcc: str, unit: KernelUnit, folder: str) -> Built:
    if unit["kernels"]:
        raise Infra("compiler_missing", f"kernels by C++ names ({unit['kernels'][0]['name']}) need NVRTC, which this host does not use")
    placed = place_params(unit["source"], unit["params"], opening_of(unit["source"]))
    with open(os.path.join(folder, SOURCE_FILE), "w", encoding="utf-8") as file:
        file.write(placed.source)
    done = run_limited(_nvcc_command(nvcc, unit["architecture"], placed.before, asked_options(unit)), folder, NVCC_CPU_SECONDS_MAX, None)
    cubin = os.path.join(folder, "code.cubin")
    if done.code != 0 and done.log.startswith(NVCC_ITSELF):
        raise Infra("compiler_missing", f"nvcc cannot compile for {unit['architecture']}: {done.log[:500]}")
    if done.code != 0 or not os.path.exists(cubin):
        check_headers(done.log, SOURCE_FILE, CUDA)
        return made_nothing("nvcc", done.code, split_ptxas(done.log)[0], folder)
    with open(cubin, "rb") as file:
        return _built(file.read(), done.log, {})


def _built(cubin: bytes, log: str, lowered: dict[str, str]) -> Built:
    """`lowered`: what kernels with C++ names are called in the code."""
    text, resources = split_ptxas(log)
    kernels: dict[str, KernelFacts] = {name: {"file": "code.cubin"} for name in kernel_names(cubin)}
    kernels.update({name: {"file": "code.cubin", "symbol": symbol} for name, symbol in lowered.items()})
    resources.update({name: resources[symbol] for name, symbol in lowered.items() if symbol in resources})
    return Built({"code.cubin": cubin}, kernels, text, resources)


def _nvcc_command(nvcc: str, architecture: str, params: Params, asked: list[str]) -> list[str]:
    # "sm_90a" needs both names: -arch=sm_90a alone would ask for a PTX target that older nvcc do not know.
    number = re.sub(r"^sm_", "", architecture)
    defines = [f"-D{name}={value}" for name, value in params.items()]
    target = f"-gencode=arch=compute_{number},code=sm_{number}"
    return [nvcc, "-cubin", target, "--std=c++17", "--resource-usage", *asked, *defines, "-o", "code.cubin", SOURCE_FILE]
