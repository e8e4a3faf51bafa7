# expect: contract or timed_out
# A timer of the kernel sends the signal.
import ctypes
import os
import signal
import struct

libc = ctypes.CDLL(None, use_errno=True)
BY_SIGNAL, OFTEN_NS = 0, 1_000_000


def custom_kernel(data):
    timer, event = ctypes.c_void_p(), ctypes.create_string_buffer(64)
    struct.pack_into("<QiI", event, 0, 0, signal.SIGSTOP, BY_SIGNAL)
    if libc.timer_create(1, event, ctypes.byref(timer)) == 0:
        libc.timer_settime(timer, 0, struct.pack("<qqqq", 0, OFTEN_NS, 0, OFTEN_NS), None)
    while True:
        pass
