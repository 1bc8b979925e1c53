# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What the managers of all types of firewall groups have in common."""

from __future__ import annotations

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.firewall_group import calls
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Refused, TaskFailed, VcdError
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.manager import Manager
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.rights import require_rights
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import MEMBER_GROUPS, Operation
from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import Pace, wait_until

# Cloud Director treats a group as used for a while after its last user is gone. A public guide retries for 100 s.
LINGERS_SECONDS = 120
PACE = Pace(first=0.5, factor=1.5, longest=10.0)


class GroupManager(Manager):
    """Manages one firewall group of one type."""

    groups: calls.Groups

    def collection(self) -> str:
        """The path of all firewall groups."""
        return calls.PATH

    def read(self) -> Body | None:
        """By id, or else by name."""
        return self.groups.read(self.api, self.gateway, self.params["name"], self.params["id"])

    def find(self) -> str | None:
        """By name."""
        return self.groups.find_id(self.api, self.gateway, self.params["name"])

    def missing_for_create(self) -> list[str]:
        """A group needs only a name."""
        return [] if self.wanted.get("name") else ["name"]

    def require_right(self, act: str) -> None:
        """The right is the same for all firewall groups."""
        self.warnings += require_rights(self.api, [Operation(act, MEMBER_GROUPS)])

    def delete(self, object_id: str) -> None:
        """Delete it, waiting for a group without users to be released. Raises CollectionError that names its users."""
        if self.check_mode:
            self._refuse_if_used(object_id)
            return
        seconds = min(self.params["wait_timeout"], LINGERS_SECONDS)
        if not self.params["wait"]:
            error = self._try_to_delete(object_id)
            if error:
                raise error
            return
        wait_until(
            lambda: self._try_to_delete(object_id),
            lambda error: error is None,
            what=f"Cloud Director to release {self.what} (option wait_timeout)",
            deadline=self.api.session.deadline(seconds),
            pace=PACE,
            describe=lambda error: error.message if error else "",
        )

    def _try_to_delete(self, object_id: str) -> VcdError | None:
        """Delete it; return the refusal if the group is in use but no user of it can be seen."""
        try:
            self.api.delete(self.path(object_id), self.what)
        except (Refused, TaskFailed) as error:
            if not error.in_use:
                raise
            self._refuse_if_used(object_id)
            return error
        return None

    def _refuse_if_used(self, object_id: str) -> None:
        users = calls.users_of(self.api, self.gateway, object_id)
        if users:
            raise CollectionError(f"cannot delete {self.what}: it is used by {', '.join(users)}: remove it there first")
