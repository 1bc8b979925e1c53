# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Writes in parallel with the gateway's tasks: application port profiles belong to the VDC, not to the gateway."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Step

Key = tuple[str, str]


class BackgroundWriter:
    """Writes one step after the other, in the order of `begin`. ``write(step)`` raises CollectionError."""

    def __init__(self, write: Callable[[Step], None]) -> None:
        self._write = write
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._begun: dict[Key, Future[None]] = {}

    def begin(self, step: Step) -> None:
        """Start writing a step, once any earlier write of the same object has finished."""
        key = (step.kind, step.name)
        self.finish(key)
        self._begun[key] = self._pool.submit(self._write, step)

    def finish(self, key: Key) -> None:
        """Wait for the write of an object (kind and name). Raises the error of that write."""
        begun = self._begun.pop(key, None)
        if begun is not None:
            begun.result()

    def finish_all(self) -> None:
        """Wait for all writes. Raises the first error, with the ``object`` in its details."""
        failed: CollectionError | None = None
        for key in list(self._begun):
            try:
                self.finish(key)
            except CollectionError as error:
                error.details.setdefault("object", key[1])
                failed = failed or error
        if failed is not None:
            raise failed

    def give_up(self) -> None:
        """Wait for the running write, cancel the others and discard errors.

        The caller must then read the gateway again.
        """
        for begun in self._begun.values():
            begun.cancel()
        for begun in self._begun.values():
            if not begun.cancelled():
                begun.exception()
        self._begun.clear()

    def close(self) -> None:
        """No more writes."""
        self._pool.shutdown(wait=True, cancel_futures=True)
