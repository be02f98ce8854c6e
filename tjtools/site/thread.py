"""The browser's own thread, with its own event loop.

Playwright's synchronous interface refuses to work where an event loop already runs, as it does in every notebook cell,
and the kernel's loop on Windows can't start a process. So the browser lives in a thread of its own, and everybody else
calls plain functions.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from tjtools.model.errors import Cancelled

Result = TypeVar("Result")
_LOOK = 0.1  # seconds between two looks at whether the person has stopped the work


def _new_loop() -> asyncio.AbstractEventLoop:
    """A loop that can start processes."""
    if sys.platform == "win32":
        return asyncio.ProactorEventLoop()
    return asyncio.new_event_loop()


class BrowserThread:
    """A daemon thread that runs coroutines for other threads."""

    def __init__(self) -> None:
        self._loop = _new_loop()
        self._thread = threading.Thread(target=self._serve, name="tjtools-browser", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Result], cancelled: Callable[[], bool] | None = None) -> Result:
        """Run a coroutine there and wait for what it returns or raises.

        Raises `Cancelled`, and stops the coroutine, once `cancelled` says so; an interrupt stops it too.
        """
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            while True:
                try:
                    return future.result(_LOOK)
                except TimeoutError:
                    if future.done():  # with its own timeout, or just after ours
                        return future.result()
                if cancelled and cancelled():
                    raise Cancelled("Stopped on request.")
        finally:
            future.cancel()

    def stop(self) -> None:
        """End the thread; what still runs in it is cancelled."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            pending = asyncio.all_tasks(self._loop)
            for task in pending:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        finally:
            self._loop.close()
