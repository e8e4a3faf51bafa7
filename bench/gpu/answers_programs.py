"""Programs that bench/gpu/answers-check judges by their answers: honest ones with what they are compared with, and hostile ones."""
from pathlib import Path
from typing import NamedTuple, Optional

CORPUS = Path(__file__).resolve().parents[2] / "test" / "corpus" / "programs"
ADD = "    a, b, out = data\n"
HEAD = "import torch\n\n"


class Item(NamedTuple):
    """`expected`: any of these verdicts is right. `twin`: the item whose recording it is compared with, by its name; None: with nothing."""

    name: str
    problem: str
    source: str
    expected: tuple[str, ...] = ("passed",)
    twin: Optional[str] = None
    limit_ms: float = 20_000.0


TORCH_ADD = HEAD + "def custom_kernel(data):\n" + ADD + "    return torch.add(a, b, out=out)\n"
TRITON_ADD = '''\
import torch
import triton
import triton.language as tl


@triton.jit
def add(a, b, out, n, BLOCK: tl.constexpr):
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out + at, tl.load(a + at, mask=at < n) + tl.load(b + at, mask=at < n), mask=at < n)


def custom_kernel(data):
    a, b, _ = data
    out = torch.empty_like(a)
    n = a.numel()
    add[(triton.cdiv(n, 2048),)](a, b, out, n, BLOCK=2048, num_warps=8)
    return out
'''
HONEST = [
    Item("vector_add/torch", "vector_add", TORCH_ADD, twin="vector_add/torch"),
    Item("vector_add/new", "vector_add", HEAD + "def custom_kernel(data):\n" + ADD + "    return a + b\n", twin="vector_add/torch"),
    Item("vector_add/triton", "vector_add", TRITON_ADD, twin="vector_add/triton"),
    Item("softmax/torch", "softmax", HEAD + "def custom_kernel(data):\n    x, _ = data\n    return torch.softmax(x, dim=1)\n", twin="softmax/torch"),
    Item("softmax/chain", "softmax", HEAD + (
        "def custom_kernel(data):\n    x, _ = data\n    e = (x - x.max(-1, keepdim=True)[0]).exp()\n    return e / e.sum(-1, keepdim=True)\n"
    ), twin="softmax/chain"),
    Item("rmsnorm/torch", "rmsnorm", HEAD + (
        "def custom_kernel(data):\n    x, weight, _ = data\n    return torch.nn.functional.rms_norm(x, (x.shape[1],), weight, eps=1e-5)\n"
    ), twin="rmsnorm/torch"),
    Item("matmul/torch", "matmul", HEAD + "def custom_kernel(data):\n    a, b, _ = data\n    return a @ b.T\n", twin="matmul/torch"),
    Item("vector_add/item-steers", "vector_add", HEAD + (
        "def custom_kernel(data):\n" + ADD + "    if a[0].item() > 0:\n        return torch.add(a, b, out=out)\n    return torch.add(b, a, out=out)\n"
    ), twin="vector_add/torch"),
    Item("vector_add/late-host", "vector_add", HEAD + (
        "import time\n\n\ndef custom_kernel(data):\n" + ADD + "    time.sleep(0.001)\n    return torch.add(a, b, out=out)\n"
    ), twin="vector_add/torch"),
    Item("vector_add/own-thread", "vector_add", HEAD + '''from concurrent.futures import ThreadPoolExecutor

POOL = ThreadPoolExecutor(1)


def custom_kernel(data):
    a, b, out = data
    return POOL.submit(torch.add, a, b, out=out).result()
''', twin="vector_add/torch"),
    Item("vector_add/thread-that-sleeps", "vector_add", HEAD + (
        "import threading\n\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n\n\n"
        "def custom_kernel(data):\n" + ADD + "    return torch.add(a, b, out=out)\n"
    ), twin="vector_add/torch"),
    Item("softmax/keeps-its-room", "softmax", HEAD + '''ROOM = {}


def custom_kernel(data):
    x, out = data
    room = ROOM.setdefault(x.shape, torch.empty_like(x))
    torch.exp(x - x.max(-1, keepdim=True)[0], out=room)
    return torch.div(room, room.sum(-1, keepdim=True), out=out)
''', twin="softmax/torch"),
    Item("vector_add/own-graph", "vector_add", (CORPUS / "attack-own-graph.py").read_text(), twin="vector_add/torch"),
    Item("vector_add/side-stream", "vector_add", HEAD + '''SIDE = []


def custom_kernel(data):
    a, b, out = data
    side = SIDE[0] if SIDE else torch.cuda.Stream()
    SIDE[:] = [side]
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        torch.add(a, b, out=out)
    torch.cuda.current_stream().wait_stream(side)
    return out
''', twin="vector_add/torch"),
]
# What a program finds of its process: the object that makes its calls, with the words.
FINDS = '''\
import gc
import torch

CALLS = []


def calls():
    if not CALLS:
        CALLS.extend(one for one in gc.get_objects() if type(one).__name__ == "Calls" and hasattr(one, "_words"))
    return CALLS[0]


def early(value):
    found = calls()
    found._equipped.memory.say(found._words + 4096, value)
'''
COUNT = "COUNT = [0]\n\n\ndef custom_kernel(data):\n    a, b, out = data\n    COUNT[0] += 1\n"
# A thread that has the device whenever the program has not been called for a moment, by kernels of one time slice.
HOLDS = HEAD + '''import threading
import time

CALLED = [0.0]


def hold():
    with torch.cuda.stream(torch.cuda.Stream()):
        while True:
            if WHEN:
                torch.cuda._sleep(3_000_000)
                torch.cuda.current_stream().synchronize()
            time.sleep(0.0002)
'''
# Made by the first of them: a program is imported where there is no device as well.
COPIES = '''

PLACES = []


def copy():
    if not PLACES:
        PLACES.extend(torch.empty(1 << 28, device="cuda") for _ in range(2))
    PLACES[0].copy_(PLACES[1], non_blocking=True)


'''
HOLDER = "threading.Thread(target=hold, daemon=True).start()\n"
CALL = "    CALLED[0] = time.monotonic()\n    return torch.add(a, b, out=out)\n"
# Waits on a stream of its own for a word of its inputs to become another, and computes then, whether it was released or not.
WAITS = FINDS + '''import ctypes
import time

DRIVER = ctypes.CDLL("libcuda.so.1")
SIDE = []
OTHER_THAN_ZERO = 2  # CU_STREAM_WAIT_VALUE_AND


def custom_kernel(data):
    a, b, out = data
    if not SIDE:
        SIDE.append(torch.cuda.Stream())
    side = SIDE[0]
    last = ctypes.c_uint64(b.data_ptr() + 4 * (b.numel() - 1))
    with torch.cuda.stream(side):
        DRIVER.cuMemsetD32Async(last, 0, ctypes.c_size_t(1), ctypes.c_void_p(side.cuda_stream))
        DRIVER.cuStreamWaitValue32_v2(ctypes.c_void_p(side.cuda_stream), last, ctypes.c_uint(0xFFFFFFFF), ctypes.c_uint(OTHER_THAN_ZERO))
        torch.add(a, b, out=out)
    torch.cuda.current_stream().wait_stream(side)
    LATE
    return out
'''
WAITING = ("passed", "wrong_answer", "contract", "timed_out")
HOSTILE = [
    Item("holds-the-device", "vector_add", HOLDS.replace("WHEN", "time.monotonic() - CALLED[0] > 0.0003") + HOLDER + (
        "\n\ndef custom_kernel(data):\n" + ADD + CALL
    ), ("contract", "passed"), "vector_add/torch"),
    Item("holds-the-device-before-it-is-called", "vector_add", HOLDS.replace("WHEN", "not CALLED[0]") + HOLDER + (
        "\n\ndef custom_kernel(data):\n" + ADD + CALL
    ), ("passed",), "vector_add/torch"),
    Item("copies-while-others-are-timed", "vector_add", HOLDS.replace("WHEN", "time.monotonic() - CALLED[0] > 0.0003").replace(
        "torch.cuda._sleep(3_000_000)", "[copy() for _ in range(8)]"
    ) + COPIES + HOLDER + "\n\ndef custom_kernel(data):\n" + ADD + CALL,
         ("contract", "passed"), "vector_add/torch"),
    Item("waits-for-its-inputs", "vector_add", WAITS.replace("    LATE\n", ""), WAITING, "vector_add/torch"),
    Item("waits-for-its-inputs-and-is-late", "vector_add", WAITS.replace("LATE", "time.sleep(0.003)"), WAITING, "vector_add/torch"),
    Item("changes-its-inputs-when-timed", "vector_add", HEAD + COUNT + (
        "    torch.add(a, b, out=out)\n    a.mul_(0.5) if COUNT[0] > 3 else None\n    return out\n"
    ), ("modified_input",)),
    Item("takes-the-devices-memory", "vector_add", HEAD + '''import ctypes

CUDA, TAKEN = ctypes.CDLL("libcuda.so.1"), ctypes.c_uint64()


def custom_kernel(data):
    a, b, out = data
    while not CUDA.cuMemAlloc_v2(ctypes.byref(TAKEN), ctypes.c_size_t(1 << 28)):
        pass
    return torch.add(a, b, out=out)
''', ("contract", "passed"), "vector_add/torch"),
    Item("reads-what-was-there-before", "vector_add", FINDS + '''import ctypes

READ_BYTES = 256 << 20


def custom_kernel(data):
    a, b, out = data
    if not hasattr(calls(), "was_read"):
        calls().was_read, found = True, ctypes.create_string_buffer(READ_BYTES)
        end = ctypes.c_uint64(calls()._words - READ_BYTES)
        if ctypes.CDLL("libcuda.so.1").cuMemcpyDtoH_v2(found, end, ctypes.c_size_t(READ_BYTES)) or any(memoryview(found).cast("B").cast("Q")):
            raise ValueError("BREACH: memory that somebody else had, or none")
    return torch.add(a, b, out=out)
''', ("passed",), "vector_add/torch"),
    Item("early-done", "vector_add", FINDS + '''

def custom_kernel(data):
    a, b, out = data
    early(1 << 28)
    return torch.add(a, b, out=out)
''', ("contract", "passed"), "vector_add/torch"),
    Item("early-done-beside", "vector_add", FINDS + '''
import ctypes
SIDE = []


def custom_kernel(data):
    a, b, out = data
    if not SIDE:
        SIDE.append(torch.cuda.Stream())
    SIDE[0].wait_stream(torch.cuda.current_stream())
    found = calls()
    word = ctypes.c_uint64(found._words + 4096)
    ctypes.CDLL("libcuda.so.1").cuStreamWriteValue32_v2(ctypes.c_void_p(SIDE[0].cuda_stream), word, ctypes.c_uint(1 << 28), ctypes.c_uint(0))
    return torch.add(a, b, out=out)
''', ("contract", "passed"), "vector_add/torch"),
    Item("polls-for-inputs", "vector_add", '''\
import threading
import torch

STATE = {}


def watch(a, b, out, before, begun):
    with torch.cuda.stream(STATE["side"]):
        begun.set()
        for _ in range(100000):
            if not torch.equal(a[:64].cpu(), before):
                break
        torch.add(a, b, out=out)
    STATE["side"].synchronize()


def custom_kernel(data):
    a, b, out = data
    if "side" not in STATE:
        STATE["side"] = torch.cuda.Stream()
    with torch.cuda.stream(STATE["side"]):
        before = a[:64].cpu()
    begun = threading.Event()
    thread = threading.Thread(target=watch, args=(a, b, out, before, begun), daemon=True)
    thread.start()
    begun.wait(1)
    return out
''', ("wrong_answer", "contract", "crashed", "passed"), "vector_add/torch"),
    Item("writes-late", "vector_add", HEAD + '''SIDE = []


def custom_kernel(data):
    a, b, out = data
    if not SIDE:
        SIDE.append(torch.cuda.Stream())
    SIDE[0].wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(SIDE[0]):
        torch.cuda._sleep(2000000)
        torch.add(a, b, out=out)
    return out
''', ("wrong_answer", "contract", "passed"), "vector_add/torch"),
    Item("replays-earlier", "vector_add", HEAD + '''KNOWN = {}


def custom_kernel(data):
    a, b, out = data
    if a.shape not in KNOWN:
        KNOWN[a.shape] = a + b
    return KNOWN[a.shape]
''', ("wrong_answer",)),
    Item("honest-at-first", "vector_add", HEAD + COUNT + "    return torch.add(a, b, out=out) if COUNT[0] < 9 else out\n", ("wrong_answer",)),
    Item("exits", "vector_add", HEAD + "import os\n" + COUNT + "    os._exit(0) if COUNT[0] == 9 else None\n    return a + b\n", ("contract",)),
    Item("never-ends", "vector_add", HEAD + COUNT + "    torch.cuda._sleep(1 << 45) if COUNT[0] == 9 else None\n    return a + b\n",
         ("timed_out",), limit_ms=5000.0),
    Item("host-never-ends", "vector_add", HEAD + COUNT + "    while COUNT[0] == 9:\n        pass\n    return a + b\n",
         ("timed_out",), limit_ms=5000.0),
    Item("raises", "vector_add", HEAD + COUNT + "    if COUNT[0] == 9:\n        raise ValueError('no more')\n    return a + b\n", ("crashed",)),
    Item("raises-at-once", "vector_add", HEAD + "def custom_kernel(data):\n    raise ValueError('at once')\n", ("crashed",)),
    Item("wrong-shape", "vector_add", HEAD + "def custom_kernel(data):\n    a, b, out = data\n    return (a + b)[:-1]\n", ("contract",)),
    Item("on-the-host", "small_add", HEAD + (
        "def custom_kernel(data):\n" + ADD + "    out.copy_(a.cpu() + b.cpu())\n    return out\n"
    ), ("contract", "passed")),
    Item("does-nothing", "vector_add", HEAD + "def custom_kernel(data):\n    return data[2]\n", ("wrong_answer",)),
    Item("reads-beyond", "vector_add", HEAD + (
        "import ctypes\n" + COUNT + "    if COUNT[0] == 9:\n"
        "        ctypes.CDLL('libcuda.so.1').cuMemsetD32Async(ctypes.c_uint64(0x700000000000), 1, ctypes.c_size_t(64), None)\n"
        "        torch.take(a, torch.full((1,), 1 << 40, device='cuda'))\n    return a + b\n"
    ), ("crashed", "contract")),
    Item("writes-an-input", "vector_add", HEAD + "def custom_kernel(data):\n" + ADD + "    torch.add(a, b, out=out)\n    a.zero_()\n    return out\n",
         ("modified_input",)),
    Item("talks-garbage", "vector_add", HEAD + "import os\n" + COUNT + (
        "    os.write(4, b'{\"type\": 7}') if COUNT[0] == 9 else None\n    return a + b\n"
    ), ("contract",)),
    Item("closes-its-channel", "vector_add", HEAD + "import os\n" + COUNT + "    os.close(4) if COUNT[0] == 9 else None\n    return a + b\n",
         ("contract", "crashed")),
    Item("claims-unequipped", "vector_add", HEAD + "import os\n" + COUNT + (
        "    os.write(4, b'{\"type\":\"refused\",\"verdict\":\"unequipped\",\"case\":\"\",\"message\":\"no\"}')\n    return a + b\n"
    ), ("contract",)),
]
