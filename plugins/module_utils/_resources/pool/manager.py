# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Manage load balancer pools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool import calls, comparison, resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.manager import GatewayManager, Result


class Pools(GatewayManager):
    """Manages one pool."""

    kind = "pool"
    objects = calls.OBJECTS
    progress_fields = ("status", "healthStatus", "healthMessage")

    from_options = staticmethod(resource.from_options)
    to_result = staticmethod(resource.to_result)
    differences = staticmethod(comparison.differences)
    apply = staticmethod(resource.apply)

    def missing_for_create(self) -> list[str]:
        """A pool needs only a name."""
        return [] if self.wanted.get("name") else ["name"]

    def resolve(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """The member group and the certificates."""
        found: dict[str, Any] = {}
        if changes.get("member_group"):
            found["member_group"] = calls.find_member_group(self.api, self.gateway, changes["member_group"])
        if changes.get("ca_certificates"):
            found["ca_certificates"] = calls.find_certificates(self.api, "ca_certificates", changes["ca_certificates"])
        return found

    def check(self, before: Result | None, changes: Mapping[str, Any], planned: Result) -> None:
        """API versions, and options that depend on each other."""
        if changes.get("member_group"):
            self.api.require((37, 1), "member_group")
        if changes.get("ssl_enabled"):
            self.api.require((37, 0), "ssl_enabled")
        if set(changes) & {"common_name_check_enabled", "ca_certificates", "domain_names"}:
            comparison.check(planned)
