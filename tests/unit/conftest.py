# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unit tests are pure: one that starts a process or opens a connection fails."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from typing import NoReturn

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._secrets import SECRETS


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No process, no connection, and no secret of this test in messages of the next one."""

    def refuse(*_arguments: object, **_options: object) -> NoReturn:
        raise AssertionError("a unit test may start no process and open no connection: it belongs in tests/functional")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    yield
    SECRETS.clear()
