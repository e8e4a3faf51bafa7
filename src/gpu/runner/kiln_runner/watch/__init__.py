"""Judging: one slot a device, with a resident judge process and a standby."""
