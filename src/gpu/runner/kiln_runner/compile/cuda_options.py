"""Options of CUDA's compiler that a plan may ask for: NVRTC and nvcc call them the same. Nothing else of a plan becomes an option."""
from kiln_runner.protocol import KernelUnit

_VALUES = ("ftz", "prec_div", "prec_sqrt", "fmad")
_SWITCHES = ("use_fast_math", "extra_device_vectorization")


def asked_options(unit: KernelUnit) -> list[str]:
    asked = unit.get("compile", {})
    options = [f"--{_dashed(name)}={'true' if asked[name] else 'false'}" for name in _VALUES if name in asked]
    options += [f"--{name if name == 'use_fast_math' else _dashed(name)}" for name in _SWITCHES if asked.get(name)]
    if "maxrregcount" in asked:
        options.append(f"--maxrregcount={int(asked['maxrregcount'])}")
    if "ptxas_opt_level" in asked:
        options.append(f"--ptxas-options=-O{int(asked['ptxas_opt_level'])}")
    return options


def _dashed(name: str) -> str:
    return name.replace("_", "-")
