# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The two connections of a run, each opened when it is first used and closed at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes import client
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.client import KubernetesApi
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd import api as vcd
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api


class Connections:
    """One session with Cloud Director and one Kubernetes client for a whole run."""

    def __init__(self, params: Mapping[str, Any], stack: ExitStack) -> None:
        self._params = params
        self._stack = stack
        self._look: ExitStack | None = None

    @property
    def vcd(self) -> Api:
        """Cloud Director. Raises CollectionError when it cannot be reached, or refuses the login."""
        api = self._vcd
        if self._look is not None and not api.looking:
            self._look.enter_context(api.one_look())
        return api

    @cached_property
    def _vcd(self) -> Api:
        return self._stack.enter_context(vcd.connect(self._params["vcd"]))

    @cached_property
    def kubernetes(self) -> KubernetesApi:
        """The cluster. Raises CollectionError when it cannot be reached."""
        return self._stack.enter_context(client.connect(self._params["kubernetes"]))

    @contextmanager
    def one_look(self) -> Iterator[None]:
        """In its body, nothing is read twice from either side. The body must not write."""
        with self.kubernetes.one_look(), ExitStack() as self._look:
            try:
                yield
            finally:
                self._look = None


@contextmanager
def connections(params: Mapping[str, Any]) -> Iterator[Connections]:
    """The connections that the options ``vcd`` and ``kubernetes`` describe."""
    with ExitStack() as stack:
        yield Connections(params, stack)
