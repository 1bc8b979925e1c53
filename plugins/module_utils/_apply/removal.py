# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Removes single objects of an edge gateway, each named by kind, name and id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.executor import Done
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import Request
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.progress import Progress
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.rights import operations_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.service_executor import ServiceExecutor
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import KINDS
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.description import as_diff
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Act, Step
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body

LABEL = "orphans"  # names all objects together in a diff


class Removal:
    """One run on one edge gateway. ``objects`` have ``kind``, ``name`` and ``id``.

    An object that no longer exists, or whose name another object has by now, is left out.
    """

    def __init__(
        self,
        api: Api,
        gateway: Body,
        request: Request,
        params: Mapping[str, Any],
        objects: Sequence[Mapping[str, str]],
        check_mode: bool,
    ) -> None:
        self._check_mode = check_mode
        progress = Progress(None if check_mode else params["progress_file"])
        self._executor = ServiceExecutor(api, gateway, request, params, progress)
        self._objects = objects

    def run(self) -> Done:
        """Remove the objects or, in check mode, only say which. Raises CollectionError at the first failure."""
        steps = list(self._steps())
        if not self._check_mode:
            self._executor.progress.plan(0, len(steps))
            try:
                for step in steps:
                    self._executor.remove(step)
            finally:
                self._executor.background.close()
        result = {"steps": [step.text for step in steps], "names": [step.name for step in steps], "writes": len(steps)}
        before = {LABEL: as_diff(step.item for step in steps)} if steps else {}
        return Done(bool(steps), result, before, {LABEL: {}} if steps else {}, tuple(operations_of(steps)))

    def _steps(self) -> Iterator[Step]:
        """In the order that Cloud Director accepts (see `objects.KINDS`)."""
        for one in sorted(self._objects, key=lambda one: (KINDS.index(one["kind"]), one["name"])):
            item = self._executor.observed.inventory.get(one["kind"], one["name"])
            if item is not None and item.id == one["id"]:
                yield Step(Act.DELETE, item, None)
