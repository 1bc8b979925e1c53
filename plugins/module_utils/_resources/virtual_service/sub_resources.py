# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What a virtual service has besides its body: HTTP policies and WAF. They are deleted with it.

Before a virtual service is deleted and created again, they are read, to be written back afterwards. What cannot be read
or written back is an error before the deletion, unless the operator accepts the loss.

The paths of the HTTP policies are those of go-vcloud-director (``types/v56/constants.go``). No public source has the
paths of WAF, so they are assumed, and where Cloud Director does not answer there, WAF counts as not readable.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import load_balancer_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.calls import PATH, describe
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import HTTP_PROFILES
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Refused
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.versions import Version, render

REMEDY = "set accept_loss: true (role: shared_ip_accept_loss) to lose that, or use a user and an API version that can"


@dataclass(frozen=True)
class SubResource:
    """One kind: its ``key`` in a restore point, its path below the virtual service, and its first API version."""

    key: str
    path: str
    since: Version
    words: str
    premium: bool = False

    def of(self, urn: str) -> str:
        """Its path for one virtual service."""
        return f"{PATH}/{urn}/{self.path}"


SUB_RESOURCES = (
    SubResource("http_request_rules", "httpPolicy/requestRules", (38, 0), "HTTP request rules"),
    SubResource("http_response_rules", "httpPolicy/responseRules", (38, 0), "HTTP response rules"),
    SubResource("http_security_rules", "httpPolicy/securityRules", (38, 0), "HTTP security rules"),
    SubResource("waf_config", "waf/config", (38, 1), "WAF configuration", premium=True),
    SubResource("waf_allowlist", "waf/allowlist", (38, 1), "WAF allowlist", premium=True),
)
_PAGING = frozenset({"resultTotal", "pageCount", "page", "pageSize", "associations"})
_LARGEST_PAGE = 128


class SubResources:
    """Reads and writes sub-resources of virtual services. ``accept_loss``: skip what cannot be kept."""

    def __init__(self, api: Api, gateway: Body, accept_loss: bool) -> None:
        self._api = api
        self._gateway = gateway
        self._accept_loss = accept_loss
        self._premium: bool | None = None

    def read(self, urn: str, name: str, profile: str | None, without: Collection[str] = ()) -> dict[str, Body]:
        """The non-empty sub-resources of a virtual service, by key. Raises CollectionError if one cannot be read.

        ``without`` are the keys of those that are not to be read.
        """
        found: dict[str, Body] = {}
        if profile not in HTTP_PROFILES:
            return found
        for one in SUB_RESOURCES:
            if self._api.session.listed[-1] < one.since or one.key in without:
                continue
            try:
                body = read_part(self._api, one, urn, describe(self._gateway, name))
            except CollectionError as error:
                if self._accept_loss or (one.premium and not self._is_premium()):
                    continue
                what = describe(self._gateway, name)
                error.message = f"{what} cannot be created again completely: {error.message}; {REMEDY}"
                raise
            if body.get("values") or body.get("active"):
                found[one.key] = body
        return found

    def write(self, urn: str, name: str, bodies: Mapping[str, Body]) -> None:
        """Write sub-resources to a virtual service. Raises CollectionError."""
        for one, body in _in_order(bodies):
            what = f"{one.words} of {describe(self._gateway, name)}"
            self._api.update(one.of(urn), what, {}, _with(body))

    def check_writable(self, urn: str, name: str, bodies: Mapping[str, Body]) -> dict[str, Body]:
        """The sub-resources that can be written back: as a test, each is written unchanged.

        Raises CollectionError for one that cannot be written, unless its loss is accepted.
        """
        found: dict[str, Body] = {}
        for one, body in _in_order(bodies):
            try:
                self.write(urn, name, {one.key: body})
            except CollectionError as error:
                if self._accept_loss:
                    continue
                error.message = (
                    f"{describe(self._gateway, name)} is not deleted, because it could not be created again "
                    f"completely: {error.message}; {REMEDY}"
                )
                raise
            found[one.key] = body
        return found

    def _is_premium(self) -> bool:
        """Whether the edge gateway can have WAF at all."""
        if self._premium is None:
            try:
                settings: Mapping[str, Any] = load_balancer_of(self._api, self._gateway) or {}
            except Refused:
                settings = {}
            self._premium = settings.get("supportedFeatureSet") != "STANDARD"
        return self._premium


def read_part(api: Api, one: SubResource, urn: str, service: str) -> Body:
    """One sub-resource of the virtual service with this URN, named ``service`` in messages. Raises CollectionError."""
    what = f"{one.words} of {service}"
    version = api.session.version
    if version < one.since:
        raise CollectionError(f"cannot read {what} in API version {render(version)} (option api_version)")
    paging = "" if one.key == "waf_config" else f"?pageSize={_LARGEST_PAGE}"
    body = api.get(one.of(urn) + paging, what)
    if (body.get("resultTotal") or 0) > len(body.get("values") or []):
        raise CollectionError(f"cannot read all {body['resultTotal']} {what}")
    return {key: value for key, value in body.items() if key not in _PAGING}


def _in_order(bodies: Mapping[str, Body]) -> Iterator[tuple[SubResource, Body]]:
    for one in SUB_RESOURCES:
        if one.key in bodies:
            yield one, bodies[one.key]


def _with(wanted: Body) -> Callable[[Body], Body]:
    return lambda current: {**current, **wanted}
