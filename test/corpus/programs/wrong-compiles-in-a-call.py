# expect: crashed
# No compiler runs where it is called; the words say to build at import.
from torch.utils.cpp_extension import load_inline


def custom_kernel(data):
    module = load_inline(name="late", cpp_sources="int seven() { return 7; }", functions=["seven"])
    a, b, _ = data
    return a + b * module.seven()
