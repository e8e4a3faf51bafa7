# expect: compile_error or crashed
# A package that is not there.
import kernels_of_nobody


def custom_kernel(data):
    return kernels_of_nobody.add(*data)
