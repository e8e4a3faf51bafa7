"""Headers that belong to a tool chain: where one of them is not found, the host lacks it."""
import os
import re

from kiln_runner.compile.blame import Headers

FIX_CUDA = (
    "have the packages nvidia-cuda-runtime, nvidia-cuda-crt and nvidia-cuda-cccl of the compiler's release beside it (of CUDA 12 and before they "
    "end in -cu12), or install the whole CUDA toolkit"
)
CUDA = Headers(
    re.compile(
        r"nv/target|cuda/std/\w+|cuda/(?:access_property|annotated_ptr|atomic|barrier|bit|cmath|discard_memory|functional|iterator|latch|mdspan"
        r"|memory|memory_resource|numeric|pipeline|ptx|semaphore|stream_ref|type_traits|utility|warp)|cub/cub\.cuh|crt/\w+\.hp?p?"
        r"|cooperative_groups(?:/(?:memcpy_async|reduce|scan))?\.h|cuda(?:_fp(?:4|6|8|16)|_bf16|_pipeline|_pipeline_primitives|_awbarrier"
        r"|_awbarrier_primitives|_runtime|_runtime_api|_device_runtime_api)?\.h|(?:mma|vector_types|vector_functions|device_functions"
        r"|math_constants|sm_\d+_\w+|driver_types|host_defines)\.h"
    ),
    FIX_CUDA,
)
C = Headers(
    re.compile(r"(?:assert|complex|ctype|errno|fenv|float|inttypes|limits|math|setjmp|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib"
               r"|stdnoreturn|string|tgmath|time|wchar|immintrin|arm_neon|sys/types|unistd)\.h"),
    "apt-get install libc6-dev",
)
# Of each package that a compiler of wheels needs, the headers that kernels use most.
PROBED = ("cuda_fp16.h", "cuda_bf16.h", "cooperative_groups.h", "mma.h", "nv/target", "cuda/std/type_traits", "cuda/barrier")


def lacking(includes: list[str]) -> list[str]:
    """Of PROBED, those that are in none of these folders."""
    return [name for name in PROBED if not any(os.path.isfile(os.path.join(folder, name)) for folder in includes)]
