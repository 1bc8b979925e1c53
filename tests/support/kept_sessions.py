# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many runs of modules in this process with one log-in for each user; the rest of each run is unchanged.

A module run takes 4 requests for the versions, the log-in and the log-out, and a TLS handshake. A test of thousands of
runs would spend most of its time there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from unittest import mock

from ansible_collections.vcd.kubernetes.plugins.module_utils._secrets import SECRETS
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd import api
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.session import Session
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.settings import Settings


class _Kept:
    """Replaces the Session of modules."""

    def __init__(self) -> None:
        self.open: dict[Settings, Session] = {}

    @contextlib.contextmanager
    def __call__(self, settings: Settings) -> Iterator[Session]:
        key = replace(settings, timeout=0.0)  # each run has its own session, with the same log-in
        session = self.open.get(key)
        if session is None:
            session = Session(settings).__enter__()
            self.open[key] = session
        session.settings = settings
        SECRETS.add_issued(session._token)  # a run begins without secrets, and the log-in would add this one
        yield session


@contextlib.contextmanager
def kept_sessions() -> Iterator[None]:
    """In this context, modules of Cloud Director find their session open; its end closes all sessions."""
    kept = _Kept()
    with mock.patch.object(api, "Session", kept), contextlib.ExitStack() as closing:
        try:
            yield
        finally:
            for session in kept.open.values():
                closing.push(session.__exit__)
