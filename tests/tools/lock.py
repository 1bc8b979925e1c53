# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pins what make installs: each tests/requirements/NAME.in with all that it needs, by version and hash, in NAME.txt.

One file for all supported Pythons: uv writes markers where they differ. Standard library only.
"""

from __future__ import annotations

import sys
from pathlib import Path

from places import ANSIBLE_OF_CORE, CACHE, LOGS, REQUIREMENTS, Venv, run, say

UV = "uv==0.13.9"
OLDEST_PYTHON, NEWEST_PYTHON = "3.11", "3.13"


def lock() -> int:
    """Write all lock files again. Nothing changes unless an input or a range in it allows a newer version."""
    log = LOGS / "lock.log"
    log.unlink(missing_ok=True)
    venv = Venv("lock", Path(sys.executable)).ensure(UV, about="uv, a few seconds, once")
    settings = ["--universal", "--generate-hashes", "--custom-compile-command", "make lock"]
    compile_ = [venv.bin / "uv", "pip", "compile", "--quiet", *settings, "--python-version"]
    for source in sorted(REQUIREMENTS.glob("*.in")):
        run([*compile_, OLDEST_PYTHON, source.name, "-o", source.with_suffix(".txt").name], log, cwd=REQUIREMENTS)
    # without its dependencies: only its collection kubernetes.core is used
    for version in ANSIBLE_OF_CORE.values():
        given = CACHE / f"ansible-{version}.in"
        given.write_text(f"ansible=={version}\n")
        target = REQUIREMENTS / f"ansible-{version}.txt"
        run([*compile_, NEWEST_PYTHON, "--no-deps", "--no-annotate", given, "-o", target], log)
    say(f"wrote {len(list(REQUIREMENTS.glob('*.txt')))} files in {REQUIREMENTS}")
    return 0
