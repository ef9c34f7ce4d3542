"""An asyncio loop in a thread of its own, so that requests go on while their replies are worked on. Made by gentool.engines.openai."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future
from typing import Any


class BackgroundLoop:
    """The loop and its thread. It ends with `close`, or when nothing refers to it any more."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        thread.start()
        self._stop = weakref.finalize(self, _stop, self._loop, thread)

    def start(self, work: Coroutine[Any, Any, None]) -> Future[None]:
        """Let the loop do something."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def tell(self, callback: Callable[[], object]) -> None:
        """Call something in the loop, unless it has ended."""
        if self._stop.alive:
            self._loop.call_soon_threadsafe(callback)

    def close(self, last: Coroutine[Any, Any, None]) -> None:
        """Cancel what still runs, do one last thing and end the thread."""
        if self._stop.alive:
            self.start(_end(last)).result()
            self._stop()


async def cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel the tasks and wait until they have ended."""
    cancelled = list(tasks)
    for task in cancelled:
        task.cancel()
    await asyncio.gather(*cancelled, return_exceptions=True)


async def _end(last: Coroutine[Any, Any, None]) -> None:
    await cancel(asyncio.all_tasks() - {asyncio.current_task()})
    await last


def _stop(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
