# expect: compile_error
# The compiler's words are its author's.
from torch.utils.cpp_extension import load_inline

module = load_inline(name="broken", cpp_sources="int seven() { return seven }", functions=["seven"])


def custom_kernel(data):
    return data[0] + data[1]
