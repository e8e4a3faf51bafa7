# expect: contract or crashed
# A fault of the process.
import ctypes


def custom_kernel(data):
    ctypes.string_at(0)
