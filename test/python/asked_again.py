"""For tests of what a limit finds: where this machine gave a process no time, nothing was found, and it is asked again."""
from typing import Callable, TypeVar

Answer = TypeVar("Answer")
# What is said in the place of a verdict then (time_limit.py, compile/pool.py).
NO_TIME = ("this host is overloaded", "the compiler did not get its time")
ASKED_MAX = 20


def until_given_time(ask: Callable[[], Answer]) -> Answer:
    """The first answer that tells of nothing like that, or the last one."""
    for _ in range(ASKED_MAX - 1):
        answer = ask()
        if not any(words in str(answer) for words in NO_TIME):
            return answer
    return ask()


def until_so(measure: Callable[[], Answer], is_so: Callable[[Answer], bool]) -> Answer:
    """The first of what is measured that is so, or the last. For times, which whatever else this machine does may spoil: a fault spoils them all."""
    for _ in range(ASKED_MAX - 1):
        measured = measure()
        if is_so(measured):
            return measured
    return measure()
