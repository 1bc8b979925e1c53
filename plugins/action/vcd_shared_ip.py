# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module of the same name, and shows its progress when it runs on this machine."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from ansible import constants
from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, defect
from ansible_collections.vcd.kubernetes.plugins.module_utils._hold import job_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._printable import printable
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._progress import EventReader, ProgressLines

POLL_SECONDS = 0.5
# What Ansible shows of a module that ended without a result.
SHOWN = ("msg", "module_stderr", "module_stdout")
END_SECONDS = 5.0  # a display that hangs must not hold up the result


class ActionModule(ActionBase):  # type: ignore[misc]
    """Passes the module's options on unchanged, and adds progress_file."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module; the result is the module's, with a message that is fit for a terminal."""
        try:
            result = self._run(tmp, task_vars)
        except AnsibleError:
            raise
        except Exception as error:  # noqa: BLE001  # the last handler: an unknown error's text must not be shown
            problem = error if isinstance(error, CollectionError) else defect(error)
            result = {"failed": True, "msg": problem.message, "failure": problem.details}
        texts = {key: result[key] for key in SHOWN if isinstance(result.get(key), str)}
        return {**result, **{key: printable(text, keep="\n\t") for key, text in texts.items()}}

    def _run(self, tmp: str | None, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = {**self._arguments(), **self._controller(), **run_by(task_vars or {}, os.environ)}
        path = self._new_file() if self._watched(arguments) else None
        if path is None:
            result.update(self._module(arguments, task_vars))
            return result
        try:
            with progress_shown(path, self._place(task_vars)):
                result.update(self._module({**arguments, "progress_file": path}, task_vars))
        finally:
            with suppress(OSError):
                os.unlink(path)
        return result

    def _arguments(self) -> dict[str, Any]:
        return dict(self._task.args)

    def _place(self, task_vars: Mapping[str, Any] | None) -> str:
        """The text before each line: empty here."""
        return ""

    def _module(self, arguments: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        asynchronous = self._task.async_val
        found: dict[str, Any] = self._execute_module(
            module_args=arguments, task_vars=task_vars, wrap_async=asynchronous
        )
        return found

    def _controller(self) -> dict[str, int]:
        """The process whose end the module watches for, if both run on this machine: ansible-playbook.

        This process is one of its workers. If ansible-playbook is killed, a worker goes on, and so does the module.
        """
        task = self._task
        if task.check_mode or task.async_val or self._connection.transport != "local":
            return {}
        return {"controller_pid": os.getppid()}

    def _watched(self, arguments: dict[str, Any]) -> bool:
        """Whether this process can read the module's progress file, and a user waits for the task."""
        task = self._task
        if arguments.get("progress_file") or task.check_mode or task.async_val or task.no_log:
            return False
        # with become, another user would have to write to a file that only this user may open
        return self._connection.transport == "local" and not self._connection.become

    def _new_file(self) -> str | None:
        """A file that only this user may read; None if it cannot be created."""
        try:
            handle, path = tempfile.mkstemp(prefix="vcd_shared_ip.", dir=constants.DEFAULT_LOCAL_TMP)
        except OSError:
            return None
        os.close(handle)
        return path


def run_by(variables: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The option run_by: the job and its user, from the variables that AWX and its predecessors set for each job.

    The variables reach a module on any machine, the environment reaches only one on this machine.
    """
    job = _first(variables, "awx_job_id", "tower_job_id") or job_of(environment)
    user = _first(variables, "awx_user_name", "tower_user_name")
    found = {name: value for name, value in (("job", job), ("user", user)) if value}
    return {"run_by": found} if found else {}


def _first(variables: Mapping[str, Any], *names: str) -> str:
    given = (variables.get(name) for name in names)
    return next((str(value) for value in given if isinstance(value, (str, int)) and value), "")


@contextmanager
def progress_shown(path: str, place: str = "") -> Iterator[None]:
    """Show the events of a file while the body runs, and the last of them when it ends."""
    finished = threading.Event()
    thread = threading.Thread(
        target=show_events, args=(path, finished, place), name="vcd_shared_ip progress", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join(END_SECONDS)


def show_events(path: str, finished: threading.Event, place: str = "") -> None:
    """Show events until ``finished`` is set. An error here ends the display; it must not affect the module's run."""
    display, reader, progress = Display(), EventReader(path), ProgressLines(time.monotonic(), place)
    with suppress(Exception):
        last = False
        while not last:
            last = finished.wait(POLL_SECONDS)
            now = time.monotonic()
            lines = [line for event in reader.events() for line in progress.take(event, now)]
            for line in lines or ([] if last else progress.tick(now)):
                # not on standard output, which belongs to the callback: ansible.posix.json writes a single document
                display.display(line, stderr=True)
