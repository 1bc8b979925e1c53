# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has set the number of replicas of a Deployment: the only field whose manager the double records."""

from __future__ import annotations

from dataclasses import dataclass

from kube_double import errors
from kube_double.errors import Json

LONGEST = 128


@dataclass(frozen=True)
class Manager:
    """The field manager of a request, the subresource that it writes through, and whether it is an apply."""

    name: str = ""
    subresource: str = ""
    applies: bool = False

    def check(self) -> None:
        """Raise 400 for an invalid name of a field manager."""
        if len(self.name) > LONGEST or not self.name.isprintable():
            raise errors.bad_request(f"fieldManager: Invalid value: {self.name!r}: at most {LONGEST} printable ones")


def managed_fields(old: Json, new: Json, manager: Manager, time: str) -> list[Json]:
    """The entries after a write: a manager that changes the number of replicas becomes its owner.

    An apply does so even if the number stays. An update through the scale subresource to 0 replicas is not recorded,
    because a Scale without replicas has no such field.
    """
    before = [dict(entry) for entry in old["metadata"].get("managedFields") or ()]
    changed = old["spec"].get("replicas") != new["spec"].get("replicas")
    if not manager.name or not (changed or manager.applies):
        return before
    if manager.subresource and not manager.applies and not new["spec"].get("replicas"):
        return []
    entry: Json = {
        "manager": manager.name,
        "operation": "Apply" if manager.applies else "Update",
        "apiVersion": "apps/v1",
        "time": time,
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:replicas": {}}},
    }
    return [entry | ({"subresource": manager.subresource} if manager.subresource else {})]
