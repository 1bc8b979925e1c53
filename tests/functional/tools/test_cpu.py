# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CPU seconds of a gate: those of all its processes, even of one that outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import cpu
import places
import pytest
from waiting import until

BURNT = 0.5
BURN = f"import time\nwhile time.process_time() < {BURNT}: pass"
ORPHAN = f"import os, sys\nif os.fork(): os._exit(3)\nos.setsid()\n{BURN}"
HANGS = 600.0


def start(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(cpu.command([sys.executable, "-c", code]))


def test_the_thread_and_its_programs_count() -> None:
    with cpu.Account() as account:
        end = time.thread_time() + BURNT
        while time.thread_time() < end:
            pass
        assert cpu.ended(start(BURN), HANGS) == 0
    assert account.seconds >= 2 * BURNT


def test_a_process_that_outlives_its_parent_counts() -> None:
    with cpu.Account() as account:
        assert cpu.ended(start(ORPHAN), HANGS) == 3
    assert account.seconds >= BURNT


def test_another_threads_programs_do_not_count() -> None:
    with cpu.Account() as account:
        other = threading.Thread(target=lambda: cpu.ended(start(BURN), HANGS))
        other.start()
        other.join()
    assert account.seconds < BURNT


def test_a_hanging_process_is_killed_with_its_program(tmp_path: Path) -> None:
    number = tmp_path / "pid"
    code = f"import os, time; open({str(number)!r}, 'w').write(str(os.getpid())); time.sleep(3600)"
    program = start(code)
    until(lambda: number.exists() and number.read_text(), "the program's start")
    assert cpu.ended(program, 0) is None

    def gone() -> bool:
        try:
            os.kill(int(number.read_text()), 0)
        except ProcessLookupError:
            return True
        return False

    until(gone, "the program's end")


def test_a_signal_and_a_missing_program_are_failures(tmp_path: Path) -> None:
    assert cpu.ended(start(f"import os; os.kill(os.getpid(), {int(signal.SIGTERM)})"), HANGS) == 128 + signal.SIGTERM
    with pytest.raises(places.Failed, match="exit code 127") as failed:
        places.run([tmp_path / "missing"], tmp_path / "log")
    assert "No such file or directory" in str(failed.value)
