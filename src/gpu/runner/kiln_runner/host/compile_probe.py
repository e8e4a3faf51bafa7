"""Whether this host's compilers work behind the walls that candidates are compiled behind, and which walls those are."""
import json
import subprocess
from typing import NamedTuple, Optional

from kiln_runner.compile.tools import Tools
from kiln_runner.identity import child_environment, self_command
from kiln_runner.protocol import Confinement

PROBE_TIMEOUT_S = 40
DEFAULT_ARCHITECTURE = "sm_80"
HOW_TO_ALLOW = (
    "let the container make namespaces (Docker: --cap-add SYS_ADMIN --security-opt apparmor=unconfined), or use a kernel with Landlock "
    "(5.13 or newer), or set compileUnconfined: true for this host in the fleet file if nobody but you submits"
)


class CompileProbe(NamedTuple):
    # {level: namespaces | landlock | none, why}; None where the probe itself failed.
    confinement: Optional[Confinement]
    # Languages whose compiler does not compile a known source.
    broken: list[str]
    warnings: list[str]


def probe_compilers(tools: Tools, architecture: Optional[str]) -> CompileProbe:
    """`architecture` of the host's GPUs; None: one that every compiler knows."""
    asked = json.dumps({"tools": tools, "architecture": architecture or DEFAULT_ARCHITECTURE})
    words = ""
    try:
        done = subprocess.run(
            self_command("compile-worker", "--probe"), input=asked.encode(), env=child_environment(CUDA_VISIBLE_DEVICES=""),
            capture_output=True, timeout=PROBE_TIMEOUT_S, check=False,
        )
        words = f"ended with {done.returncode}: {done.stderr.decode(errors='replace')[-500:]}"
        reported = json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        # A slow disk or a busy machine: no reason to do without its compilers.
        return CompileProbe(None, [], [f"known sources were not compiled within {PROBE_TIMEOUT_S} s; kiln doctor tries again"])
    except (OSError, ValueError, IndexError) as error:
        return CompileProbe(None, [], [f"the probe of the compilers {words or f'did not start: {error}'}"])
    confinement: Confinement = {"level": reported["level"], "why": reported["why"][:1000]}
    warnings = [f"the {language} compiler does not compile a known source: {why}" for language, why in reported["failures"].items()]
    if reported["level"] == "none":
        warnings.append(f"nothing confines compilers here ({reported['why'][:300]}): {HOW_TO_ALLOW}")
    return CompileProbe(confinement, list(reported["failures"]), warnings)
