"""What unloading a candidate does not take away: then its judge serves nobody else. Pure.

The device heap and the printf buffer belong to the context. Neither is emptied with a module, and their sizes cannot be set again once code that
uses them was there. The memory behind local arrays grows with the first kernel that needs more than the context began with, and
kernels of a few microseconds take some percent longer afterwards, also where it was made small again.
"""
from collections.abc import Iterable
from typing import Optional

# Ends the context when it is called; leaves nothing where it is not.
HARMLESS = frozenset({"__assertfail"})


def leftover(called: Iterable[str], local_bytes: int, local_bytes_most: int) -> Optional[str]:
    """`called`: functions of the driver that its code calls. `local_bytes`: of a thread, the most that any kernel that was looked up takes."""
    lasting = sorted(set(called) - HARMLESS)
    if lasting:
        return f"its code calls {', '.join(lasting)}"
    if local_bytes > local_bytes_most:
        return f"a thread of it takes {local_bytes} bytes of local memory, more than {local_bytes_most}"
    return None
