# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network context profiles: what firewall rules match besides addresses. Only the system's profiles, and read-only."""

from __future__ import annotations

from typing import Any

from vcdsim.calls import Call, Operation, Reply
from vcdsim.resources.common import listing, page_reply, stored
from vcdsim.rights import GATEWAY_VIEW
from vcdsim.store import Record

PROFILES = "/cloudapi/1.0.0/networkContextProfiles"
KIND = "networkContextProfile"
LIST = listing({"scope": stored("scope")}, {"scope": stored("scope")})


def _show(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "name": record.name,
        "description": record.data["description"],
        "scope": record.data["scope"],
        "attributes": [{"type": "APP_ID", "values": [record.name], "subAttributes": None}],
        "orgRef": None,
        "contextEntityId": None,
        "networkProviderScope": None,
    }


def list_profiles(call: Call) -> Reply:
    """The context of any VDC, VDC group or NSX-T manager that the caller sees shows the system's profiles."""
    places = [one.id for kind in ("vdc", "vdcGroup") for one in call.visible(kind)]
    places += [one.id for one in call.store.all("nsxtmanager")] if call.session.is_provider else []
    how = LIST.also(_context=lambda _record: places)
    return page_reply(call, how, call.visible(KIND), _show)


def get_profile(call: Call) -> Reply:
    return Reply(200, _show(call.require(KIND, call.params["profileId"])))


OPERATIONS = (
    Operation("GET", PROFILES, "35.0", GATEWAY_VIEW, list_profiles, "NETWORK_CONTEXT_PROFILE_VIEW"),
    Operation("GET", PROFILES + "/{profileId}", "35.0", GATEWAY_VIEW, get_profile, "NETWORK_CONTEXT_PROFILE_VIEW"),
)
