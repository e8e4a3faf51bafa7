"""Devices that people hold: while one is reserved, its slot begins nothing.

Asked -> reserved (once what is judged there has ended; a `lent` frame says so) -> given back; or forgotten before. All are the connection's: with
its end they are given back.
"""
from typing import Callable, NamedTuple, Optional

from kiln_runner.devices.reservations import Reservation
from kiln_runner.devices.slot import DeviceSlot
from kiln_runner.devices.task import infra_of
from kiln_runner.frames import Frame
from kiln_runner.protocol import InfraFailure
from kiln_runner.protocol_frames import FromRunner, GiveBack, Lend

HELD_MAX = 1024


class _Held(NamedTuple):
    slot: DeviceSlot
    reservation: Reservation


class DeviceReservations:
    def __init__(self, slots: dict[str, DeviceSlot], send: Callable[[FromRunner], None]) -> None:
        self._slots, self._send = slots, send
        self._held: dict[str, _Held] = {}

    def on_lend(self, header: Lend, _frame: Frame) -> None:
        lend_id = header["lendId"]
        if lend_id in self._held:
            return
        slot = self._slots.get(header["deviceId"])
        if slot is None:
            return self._answer(lend_id, infra_of("device_lost", f"this host has no device {header['deviceId']}"))
        if len(self._held) >= HELD_MAX:
            return self._answer(lend_id, infra_of("internal", f"{HELD_MAX} devices are lent or asked for already"))

        def refused(failure: InfraFailure) -> None:
            self._held.pop(lend_id, None)
            self._answer(lend_id, failure)

        held = self._held[lend_id] = _Held(slot, Reservation(lambda: self._answer(lend_id, None), refused))
        slot.reservations.add(held.reservation)

    def on_give_back(self, header: GiveBack, _frame: Frame) -> None:
        self._give_back(header["lendId"])

    def _give_back(self, lend_id: str) -> None:
        held = self._held.pop(lend_id, None)
        if held is not None and not held.slot.reservations.withdraw(held.reservation):
            held.slot.reservations.end()

    def end_all(self) -> None:
        """Nobody of this connection can any more. A command that still ends holds the device's lock: no timing begins before it is gone."""
        for lend_id in list(self._held):
            self._give_back(lend_id)

    def _answer(self, lend_id: str, failure: Optional[InfraFailure]) -> None:
        self._send({"type": "lent", "lendId": lend_id, "failure": failure})
