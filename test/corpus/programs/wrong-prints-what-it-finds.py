# expect: crashed
# Looks for what is the host's and shows it.
import os


def custom_kernel(data):
    found = []
    for place in ("/etc/shadow", "/etc/sudoers", "/root", "/home", "/var/log", "/proc/1/environ", "/proc/1/cmdline"):
        try:
            found.append(os.listdir(place) if os.path.isdir(place) else open(place, "rb").read())
        except OSError:
            pass
    if any(found):
        raise RuntimeError(f"BREACH {found}"[:2000])
    raise ValueError("nothing is here")
