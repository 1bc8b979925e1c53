# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For all tests: figures that they record (``record_property("figures", line)``) appear at the end of the output, no
variable of the caller's environment reaches a module, every message is readable, and no example of hypothesis
fails for being slow."""

from __future__ import annotations

import gc

import hypothesis
import plain_messages
import pytest

hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")


def pytest_collection_finish() -> None:
    """Freeze what is imported by now, so that the garbage collector does not scan it repeatedly."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write the figures, whichever process the tests ran in."""
    reports = [one for key in ("passed", "failed") for one in terminalreporter.stats.get(key, [])]
    lines = [str(value) for one in reports for name, value in one.user_properties if name == "figures"]
    if lines:
        terminalreporter.section("figures")
        for line in lines:
            terminalreporter.line(line)


@pytest.fixture(autouse=True)
def without_vcd_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the tests decide what is in the environment."""
    for name in ("URL", "ORG", "USER", "PASSWORD", "API_TOKEN", "TOKEN", "ALLOW_UNVERIFIED_SSL", "CA_PATH"):
        monkeypatch.delenv(f"VCD_{name}", raising=False)


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that sees an error or a finding with a value in Python's notation."""
    plain_messages.check_all(monkeypatch)
