# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python reaper.py PROGRAM ARGUMENT ...``: run a program, and wait for every process that it leaves behind.

A process whose parent has ended becomes a child of this one (Linux; prctl(2), PR_SET_CHILD_SUBREAPER), so that the
CPU seconds of all of them are known to the process that waits for this one. The exit code is the program's. If this
process is ended with SIGTERM or dies, the program is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h
# A process that ends with the program, such as one that forks others, needs a moment. A daemon is left alone.
LEFT_SECONDS = 60.0
LOOK_SECONDS = 0.01


def main(words: list[str]) -> int:
    """Run it. Returns its exit code, or 128 plus the number of the signal that ended it."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl:
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    parent = os.getpid()
    program = os.fork()
    if program == 0:
        if prctl:
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it ended before the call of prctl
            os._exit(1)
        try:
            os.execvp(words[0], words)  # noqa: S606 - its words are given one by one
        except OSError as error:
            print(f"{words[0]}: {error}", file=sys.stderr, flush=True)
            os._exit(127)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the program gets the signal too, and ends in its own way
    while (found := os.wait())[0] != program:
        pass
    code = os.waitstatus_to_exitcode(found[1])
    until = time.monotonic() + LEFT_SECONDS
    with contextlib.suppress(ChildProcessError):
        while time.monotonic() < until:
            if not os.waitpid(-1, os.WNOHANG)[0]:
                time.sleep(LOOK_SECONDS)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
