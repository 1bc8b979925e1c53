# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""API calls for security tags.

The API can also set all virtual machines of a tag in one request. That would take the tag from a machine that another
client has tagged in the meantime. So the tags of each machine that changes are written instead.
"""

from __future__ import annotations

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.security_tag import resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import equals

PATH = "securityTags"


def check_tenant(api: Api) -> None:
    """Raise InvalidInput for the provider: tags belong to an organization, and the API shows them only to its users."""
    settings = api.session.settings
    if settings.provider:
        raise InvalidInput("org", settings.org, "has no security tags: give the organization that has the machines")


def list_tags(api: Api) -> list[str]:
    """All tags of the organization."""
    return [str(row["tag"]) for row in api.pages(f"{PATH}/values", "security tags") if row.get("tag")]


def machines_with(api: Api, tag: str) -> list[Body]:
    """The virtual machines with a tag. If the tag is not safe in a filter, this takes a request per tagged machine."""
    query = equals("tag", tag)
    rows = api.pages(f"{PATH}/entities", f"virtual machines with the security tag {tag!r}", query=query)
    return rows if query else [row for row in rows if tag in (read_tags(api, str(row["id"])).get("tags") or [])]


def read_tags(api: Api, machine: str) -> Body:
    """The tags of a virtual machine."""
    return api.get(path_of(machine), what_of(machine))


def path_of(machine: str) -> str:
    """The path of a virtual machine's tags."""
    return f"{PATH}/vm/{machine}"


def what_of(machine: str) -> str:
    """A virtual machine's tags, for messages."""
    return f"the security tags of virtual machine {machine}"


def find_all(api: Api, name: str | None) -> list[Body]:
    """All tags as results, or the one with this name, with a request for each."""
    wanted = resource.usual_form(name) if name else ""
    found = [resource.to_result(tag, machines_with(api, tag)) for tag in list_tags(api) if not wanted or tag == wanted]
    return [one for one in found if one]
