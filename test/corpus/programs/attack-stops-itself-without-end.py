# expect: contract
# As often as it is made to go on.
import os
import signal


def custom_kernel(data):
    while True:
        os.kill(os.getpid(), signal.SIGSTOP)
