# expect: contract or crashed
# Memory that it got before anybody recorded, from the driver itself.
import ctypes

import torch

cuda = ctypes.CDLL("libcuda.so.1")
rooms = {}


def custom_kernel(data):
    a, b, out = data
    size = a.numel() * 4
    if size not in rooms:
        place = ctypes.c_uint64()
        assert cuda.cuMemAlloc_v2(ctypes.byref(place), ctypes.c_size_t(size)) == 0
        rooms[size] = place
    result = a + b
    stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
    assert cuda.cuMemcpyDtoDAsync_v2(rooms[size], ctypes.c_uint64(result.data_ptr()), ctypes.c_size_t(size), stream) == 0
    assert cuda.cuMemcpyDtoDAsync_v2(ctypes.c_uint64(out.data_ptr()), rooms[size], ctypes.c_size_t(size), stream) == 0
    return out
