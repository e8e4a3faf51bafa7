"""What the server needs to work: inventory, tools, and the command of each device's judge. Taken in a child process."""
import json
import subprocess
import threading
from pathlib import Path
from typing import NamedTuple, Optional

from kiln_runner.compile.tools import Tools
from kiln_runner.host.device_locks import device_lock_file
from kiln_runner.host.placement import Placement, move_to
from kiln_runner.host.simulated_gpus import MODEL
from kiln_runner.identity import child_environment, self_command
from kiln_runner.paths import RunnerPaths
from kiln_runner.process import Command
from kiln_runner.protocol import Device, Inventory, NamedEnvironment
from kiln_runner.unpacked import command_of, keeping_bytecode

PROBE_TIMEOUT_S = 90


class Equipment(NamedTuple):
    inventory: Inventory
    tools: Tools
    placement: Placement

    @property
    def simulated(self) -> bool:
        return any(device["model"] == MODEL for device in self.inventory["devices"])


class Probe:
    """One taking of the inventory."""

    def __init__(self, cores: Optional[list[int]] = None, environments: Optional[list[NamedEnvironment]] = None) -> None:
        """`cores`: where it works, so that it takes no time of a judge that measures; None: anywhere. `environments`: named for programs."""
        self._cores = cores
        self._environments = environments or []
        self._child: Optional[subprocess.Popen[bytes]] = None
        self._is_killed = False
        self._lock = threading.Lock()

    def take(self) -> Equipment:
        """Blocks; for a thread. RuntimeError when the inventory cannot be taken."""
        move_to(self._cores)
        with self._lock:
            if self._is_killed:
                raise RuntimeError("the runner stops")
            self._child = child = subprocess.Popen(
                self_command("inventory", "--tools", "--environments", json.dumps(self._environments)), env=child_environment(),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )
        try:
            output, words = child.communicate(timeout=PROBE_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            raise RuntimeError(f"the inventory took more than {PROBE_TIMEOUT_S} s") from None
        if child.returncode != 0:
            raise RuntimeError(f"the inventory failed with {child.returncode}: {words.decode(errors='replace')[-2000:]}")
        taken = json.loads(output)
        return Equipment(taken["inventory"], taken["tools"], Placement(**taken["placement"]))

    def kill(self) -> None:
        """From any thread: `take` ends soon."""
        with self._lock:
            self._is_killed = True
            if self._child is not None:
                self._child.kill()


def judge_command(paths: RunnerPaths, device: Device, place: tuple[int, Optional[list[int]]], copy: Optional[Path]) -> Command:
    """`place`: the device's ordinal, and its own cores, where it has some. `copy`: of the archive (unpacked.py)."""
    ordinal, cores = place
    # The same order as the inventory's, so that the ordinal means the same GPU.
    environment = child_environment(CUDA_DEVICE_ORDER="PCI_BUS_ID")
    command = "simulated-judge" if device["model"] == MODEL else "judge"
    argv = self_command(
        command, "--kind", device["kind"], "--device", device["id"], "--ordinal", str(ordinal),
        "--cache", str(paths.cache), "--lock", str(device_lock_file(device["id"])),
        *(["--cores", ",".join(map(str, cores))] if cores else []),
    )
    return Command(command_of(copy, argv), environment if copy is None else keeping_bytecode(environment), str(paths.work))


def watch_command(paths: RunnerPaths, devices: list[Device], *, simulated: bool) -> Command:
    """Reads what NVML tells of these GPUs."""
    argv = self_command("watch", "--devices", ",".join(device["id"] for device in devices), *(["--simulated"] if simulated else []))
    return Command(argv, child_environment(), str(paths.work))


def profile_command(paths: RunnerPaths, tools: Tools, device: Device, ordinal: int, folder: Path) -> Command:
    """Profiles one candidate on the device, in `folder`."""
    ncu = tools.get("ncu")
    argv = self_command(
        "profile", "--device", device["id"], "--ordinal", str(ordinal), "--cache", str(paths.cache), "--work", str(folder),
        "--lock", str(device_lock_file(device["id"])), *(["--ncu", ncu["path"]] if ncu else []),
        *(["--simulated"] if device["model"] == MODEL else []),
    )
    return Command(argv, child_environment(CUDA_DEVICE_ORDER="PCI_BUS_ID"), str(folder))
