"""Takes the inventory again: what was installed, removed or replaced since the runner started is seen without a restart.

Once at a time, in a thread and a child process. What asks for one while one is taken gets another one, which begins after the question.
"""
import asyncio
from typing import Callable, NamedTuple, Optional

from kiln_runner.host.equipment import Equipment, Probe

# Without work for this long, the host is looked at again.
IDLE_S = 300.0
# So young an inventory need not be taken again because a daemon attaches: the runner was just started for it.
FRESH_S = 10.0


class Taken(NamedTuple):
    """`equipment`, or why there is none. `asked`: ids of the requests that came before it was begun."""

    equipment: Optional[Equipment]
    failure: Optional[str]
    asked: list[str]


class InventoryRefresh:
    def __init__(
        self, loop: asyncio.AbstractEventLoop, on_taken: Callable[[Taken], None], new_probe: Callable[[], Probe],
    ) -> None:
        self._loop = loop
        self._on_taken = on_taken
        self._new_probe = new_probe
        self._probe: Optional[Probe] = None
        self._asked: list[str] = []
        self._is_wanted = self._is_stopped = False
        self._taken_at = self._worked_at = loop.time()

    def ask(self, refresh_id: str) -> None:
        self._asked.append(refresh_id)
        self._want()

    def on_attach(self, *, is_new: bool = False) -> None:
        """`is_new`: the daemon wants other things looked at than before."""
        if is_new or self._loop.time() - self._taken_at >= FRESH_S:
            self._want()

    def on_tick(self, *, busy: bool) -> None:
        now = self._loop.time()
        if busy:
            self._worked_at = now
        elif self._probe is None and now - max(self._worked_at, self._taken_at) >= IDLE_S:
            self._want()

    def stop(self) -> None:
        self._is_stopped = True
        if self._probe is not None:
            self._probe.kill()

    def _want(self) -> None:
        self._is_wanted = True
        if self._probe is None and not self._is_stopped:
            self._begin()

    def _begin(self) -> None:
        self._is_wanted = False
        asked, self._asked = self._asked, []
        self._probe = self._new_probe()
        taking = self._loop.run_in_executor(None, self._probe.take)
        taking.add_done_callback(lambda taken: self._on_done(taken, asked))

    def _on_done(self, taken: "asyncio.Future[Equipment]", asked: list[str]) -> None:
        self._probe = None
        self._taken_at = self._loop.time()
        error = taken.exception()
        if self._is_stopped:
            return
        self._on_taken(Taken(None, f"{error}", asked) if error else Taken(taken.result(), None, asked))
        if self._is_wanted and self._probe is None:
            self._begin()
