# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module of this name, and shows how far it is meanwhile when it runs on this machine."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from ansible import constants
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._progress import Tail, Teller

LOOK_SECONDS = 0.5
END_SECONDS = 5.0  # a display that hangs must not hold up the result


class ActionModule(ActionBase):  # type: ignore[misc]
    """The module's options are passed on as they are; only progress_file is filled in."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module; the result is the module's."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = self._arguments()
        path = self._new_file() if self._watched(arguments) else None
        if path is None:
            result.update(self._module(arguments, task_vars))
            return result
        try:
            with shown(path, self._place(task_vars)):
                result.update(self._module({**arguments, "progress_file": path}, task_vars))
        finally:
            with suppress(OSError):
                os.unlink(path)
        return result

    def _arguments(self) -> dict[str, Any]:
        return dict(self._task.args)

    def _place(self, task_vars: Mapping[str, Any] | None) -> str:
        """What each line begins with: nothing here."""
        return ""

    def _module(self, arguments: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        asynchronous = self._task.async_val
        found: dict[str, Any] = self._execute_module(
            module_args=arguments, task_vars=task_vars, wrap_async=asynchronous
        )
        return found

    def _watched(self, arguments: dict[str, Any]) -> bool:
        """Whether the module writes where this process can read, and somebody is there who waits for it."""
        task = self._task
        if arguments.get("progress_file") or task.check_mode or task.async_val or task.no_log:
            return False
        # another user could not write to a file that only this one may read
        return self._connection.transport == "local" and not self._connection.become

    def _new_file(self) -> str | None:
        """A file for this user alone; None when there is no place for it."""
        try:
            handle, path = tempfile.mkstemp(prefix="vcd_shared_ip.", dir=constants.DEFAULT_LOCAL_TMP)
        except OSError:
            return None
        os.close(handle)
        return path


@contextmanager
def shown(path: str, place: str = "") -> Iterator[None]:
    """Show the events of a file while the body runs, and what came last when it is done."""
    over = threading.Event()
    thread = threading.Thread(target=show, args=(path, over, place), name="vcd_shared_ip progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(END_SECONDS)


def show(path: str, over: threading.Event, place: str = "") -> None:
    """Show events until it is over. Nothing that goes wrong here may touch the module's run: it ends the showing."""
    display, tail, teller = Display(), Tail(path), Teller(time.monotonic(), place)
    with suppress(Exception):
        last = False
        while not last:
            last = over.wait(LOOK_SECONDS)
            now = time.monotonic()
            lines = [line for event in tail.events() for line in teller.take(event, now)]
            for line in lines or ([] if last else teller.tick(now)):
                display.display(line)
