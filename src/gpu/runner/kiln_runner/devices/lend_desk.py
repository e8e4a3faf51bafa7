"""Devices that people hold: while one is lent, its slot begins nothing.

Asked -> lent (once what is judged there has ended, and told by a `lent` frame) -> given back; or forgotten before. All are the connection's: with
its end they are given back.
"""
from typing import Callable, NamedTuple, Optional

from kiln_runner.devices.lending import Borrower
from kiln_runner.devices.slot import DeviceSlot
from kiln_runner.devices.task import infra_of
from kiln_runner.frames import Frame
from kiln_runner.protocol import InfraFailure
from kiln_runner.protocol_frames import FromRunner, GiveBack, Lend

LENDS_MAX = 1024


class _Lend(NamedTuple):
    slot: DeviceSlot
    borrower: Borrower


class LendDesk:
    def __init__(self, slots: dict[str, DeviceSlot], send: Callable[[FromRunner], None]) -> None:
        self._slots, self._send = slots, send
        self._lends: dict[str, _Lend] = {}

    def on_lend(self, header: Lend, _frame: Frame) -> None:
        lend_id = header["lendId"]
        if lend_id in self._lends:
            return
        slot = self._slots.get(header["deviceId"])
        if slot is None:
            return self._tell(lend_id, infra_of("device_lost", f"this host has no device {header['deviceId']}"))
        if len(self._lends) >= LENDS_MAX:
            return self._tell(lend_id, infra_of("internal", f"{LENDS_MAX} devices are lent or asked for already"))

        def refused(failure: InfraFailure) -> None:
            self._lends.pop(lend_id, None)
            self._tell(lend_id, failure)

        lend = self._lends[lend_id] = _Lend(slot, Borrower(lambda: self._tell(lend_id, None), refused))
        if slot.device["unavailable"] is not None:
            refused(infra_of("device_lost", f"{header['deviceId']} is unavailable: {slot.device['unavailable']}"))
        else:
            slot.lend(lend.borrower)

    def on_give_back(self, header: GiveBack, _frame: Frame) -> None:
        lend = self._lends.pop(header["lendId"], None)
        if lend is not None and not lend.slot.withdraw(lend.borrower):
            lend.slot.take_back()

    def give_all_back(self) -> None:
        """Nobody of this connection can any more. A command that still ends holds the device's lock: no timing begins before it is gone."""
        for lend_id in list(self._lends):
            self.on_give_back({"type": "give_back", "lendId": lend_id}, Frame({}, b"", b""))

    def _tell(self, lend_id: str, failure: Optional[InfraFailure]) -> None:
        self._send({"type": "lent", "lendId": lend_id, "failure": failure})
