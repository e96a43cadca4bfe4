"""The names that questions may use, read now and then: reading them anew each time takes longer
than understanding a question.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

from graph.names import Names, names
from graph.scope import TenantScope
from graph.store.door import GraphStore

FRESH_S: Final = 15.0
"""A name that was told of just now is known after so long at the latest."""
KEPT: Final = 64
"""How many readings are kept, the newest."""
_STEP: Final = timedelta(minutes=1)
_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_Key = tuple[TenantScope, int]


class KnownNames:
    """The names by who asks and the minute that is asked about. Safe to share between tasks.

    `clock` tells seconds that only grow.
    """

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._read: OrderedDict[_Key, tuple[float, asyncio.Task[Names]]] = OrderedDict()

    async def of(self, store: GraphStore, *, now: datetime, scope: TenantScope) -> Names:
        """All names in `scope`, and what had happened by `now`. Raises GraphUnavailable."""
        # Up to the end of the minute, so that all of it can share the reading.
        minute = -((_EPOCH - now) // _STEP)
        key = (scope, minute)
        read = self._read.get(key)
        if read is None or not self._serves(read):
            until = _EPOCH + minute * _STEP
            task = asyncio.create_task(names(store, now=until, scope=scope), name="names")
            # Where all who wait have left, nobody is told of its error.
            task.add_done_callback(_seen)
            read = self._read[key] = (self._clock(), task)
            self._read.move_to_end(key)
            while len(self._read) > KEPT:
                self._read.popitem(last=False)
        # Who leaves does not take it from the others who wait for the same.
        return (await asyncio.shield(read[1])).until(now)

    def _serves(self, read: tuple[float, asyncio.Task[Names]]) -> bool:
        """Whether a reading is under way, or was made lately."""
        began_s, task = read
        if not task.done():
            return True
        failed = task.cancelled() or task.exception() is not None
        return not failed and self._clock() - began_s < FRESH_S


def _seen(task: asyncio.Task[Names]) -> None:
    if not task.cancelled():
        task.exception()
