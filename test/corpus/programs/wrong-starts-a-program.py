# expect: crashed
# Nothing can be started: the call raises.
import subprocess


def custom_kernel(data):
    print(subprocess.run(["/bin/sh", "-c", "echo BR''EACH"], capture_output=True, text=True).stdout)
    a, b, _ = data
    return a + b
