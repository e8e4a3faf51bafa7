"""What the host has, as the runner works with it: taken again now and then (host/refresh.py), and what differs is taken over.

Which judge has which GPU and which cores is settled at the start. Where devices came, the runner finishes what it has and ends, for another one to
begin with them.
"""
import asyncio
from typing import Callable, NamedTuple, Optional

from kiln_runner import protocol, protocol_frames
from kiln_runner.compile.compilers import Compilers
from kiln_runner.compile.pool import CompilePool
from kiln_runner.devices.problems import ProblemRegistry
from kiln_runner.devices.slot import DeviceSlot
from kiln_runner.host.equipment import Equipment, Probe
from kiln_runner.host.refresh import InventoryRefresh, Taken

# A runner that is to start anew has been without work for so many looks: what the daemon sent before it knew has arrived.
QUIET_LOOKS = 2
NewProbe = Callable[[Optional[list[int]], list[protocol.NamedEnvironment]], Probe]


class Users(NamedTuple):
    """Who works with what is found."""

    compilers: Compilers
    pool: CompilePool
    problems: ProblemRegistry
    slots: dict[str, DeviceSlot]


class EquipmentPorts(NamedTuple):
    """`on_unavailable(why)`: the host takes no work from now on. `on_stop(why)`: the runner is to end."""

    send: Callable[[protocol_frames.FromRunner], None]
    log: Callable[[str], None]
    on_unavailable: Callable[[str], None]
    on_stop: Callable[[str], None]


class HostEquipment:
    """`renewal`: why the runner ends as soon as it has nothing to do, or None."""

    def __init__(self, loop: asyncio.AbstractEventLoop, found: Equipment, users: Users, ports: EquipmentPorts, new_probe: NewProbe) -> None:
        self.now = found
        self.renewal: Optional[str] = None
        self._users, self._ports = users, ports
        # Those that the daemon's fleet file names.
        self._environments: list[protocol.NamedEnvironment] = []
        self._refresh = InventoryRefresh(loop, self._on_taken, lambda: new_probe(found.placement.shared, self._environments))
        self._quiet_looks = 0

    def inventory(self) -> protocol.Inventory:
        return {**self.now.inventory, "devices": [slot.device for slot in self._users.slots.values()]}

    def ask(self, refresh_id: str) -> None:
        self._refresh.ask(refresh_id)

    def on_attach(self, environments: list[protocol.NamedEnvironment]) -> None:
        is_new, self._environments = environments != self._environments, environments
        self._refresh.on_attach(is_new=is_new)

    def look(self, *, is_busy: bool, is_attached: bool) -> None:
        """Called every few seconds."""
        self._refresh.on_tick(busy=is_busy or not is_attached)
        self._quiet_looks = 0 if is_busy or self.renewal is None else self._quiet_looks + 1
        if self.renewal is not None and self._quiet_looks >= QUIET_LOOKS:
            self._ports.on_stop(self.renewal)

    def stop(self) -> None:
        self._refresh.stop()

    def _on_taken(self, taken: Taken) -> None:
        if taken.equipment is not None:
            self._take_over(taken.equipment)
        else:
            self._ports.log(f"the inventory could not be taken again; what was known stays: {taken.failure}")
        inventory = self.inventory() if taken.equipment else None
        self._ports.send({"type": "inventory", "inventory": inventory, "failure": taken.failure, "refreshIds": taken.asked})

    def _take_over(self, found: Equipment) -> None:
        """Cores were given out at the start, and stay as they are."""
        before = self.now
        inventory = found.inventory.copy()
        inventory["cores"], inventory["compileSlots"] = before.inventory["cores"], before.inventory["compileSlots"]
        self.now = before._replace(inventory=inventory, tools=found.tools)
        self._look_for_new_devices(found.inventory["devices"])
        if found.tools == before.tools:
            return
        self._ports.log(f"compilers are now {found.inventory.get('compilers')}, were {before.inventory.get('compilers')}")
        compilers, pool, problems, slots = self._users
        compilers.retool(found.tools)
        problems.renew_all()
        pool.retool()
        for slot in slots.values():
            if slot.device["unavailable"] is not None:
                # What kept its judges from starting may have been a missing compiler.
                slot.start()

    def _look_for_new_devices(self, devices: list[protocol.Device]) -> None:
        """One that is missing now may be back soon: its judges tell."""
        new = [device["model"] for device in devices if device["id"] not in self._users.slots]
        if new and self.renewal is None:
            self.renewal = f"devices came to the host ({', '.join(new)}); the runner finishes what it has and starts anew with them"
            self._ports.on_unavailable(self.renewal)
