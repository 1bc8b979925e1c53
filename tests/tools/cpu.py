# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many CPU seconds a gate takes: on a busy machine they say more than elapsed seconds.

A gate is a thread with programs of its own. `Account` counts the work of the thread, and that of the programs that it
waits for with `ended`. A program is started by `command`, so that the processes that it leaves behind count too.
Standard library only.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

_REAPER = Path(__file__).with_name("reaper.py")
_accounts = threading.local()


class Account:
    """``with Account() as account:`` and then ``account.seconds``: the CPU seconds of this thread in the block."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._began = 0.0

    def __enter__(self) -> Account:
        _accounts.current = self
        self._began = time.thread_time()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds += time.thread_time() - self._began
        _accounts.current = None


def command(words: Sequence[str | Path]) -> list[str]:
    """The command that starts a program so that the processes that it leaves behind end before it, and count."""
    return [sys.executable, "-I", "-S", str(_REAPER), *map(str, words)]


def ended(program: subprocess.Popen[bytes] | subprocess.Popen[str], seconds: float) -> int | None:
    """Wait for a program's end, and count its CPU seconds and those of all processes that it has waited for.

    Its exit code (minus the number of a signal), or None if it had not ended after ``seconds`` and was killed.
    """
    overdue = threading.Event()

    def kill() -> None:
        overdue.set()
        os.kill(program.pid, 15)

    timer = threading.Timer(seconds, kill)
    timer.start()
    try:
        _pid, status, usage = os.wait4(program.pid, 0)
    finally:
        timer.cancel()
    program.returncode = os.waitstatus_to_exitcode(status)
    account: Account | None = getattr(_accounts, "current", None)
    if account is not None:
        account.seconds += usage.ru_utime + usage.ru_stime
    return None if overdue.is_set() else program.returncode
