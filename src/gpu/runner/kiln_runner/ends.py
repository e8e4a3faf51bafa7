"""How a process ended: by what it did itself, or by somebody."""
import signal

# What the kernel sends a process for its own doing. SIGBUS is not among them: a full disk under a file that is mapped raises it too.
# All others come from somebody: whoever saves memory on the host, an operator, a host that is shut down.
OWN_SIGNALS = (
    signal.SIGSEGV, signal.SIGABRT, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP, signal.SIGSYS, signal.SIGXCPU, signal.SIGXFSZ,
)


def by_somebody(code: int) -> bool:
    """`code` as subprocess tells it: a signal where it is below 0."""
    return code < 0 and -code not in OWN_SIGNALS
