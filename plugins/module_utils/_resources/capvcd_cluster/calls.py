# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""API calls for the defined entities of CAPVCD clusters."""

from __future__ import annotations

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.capvcd_cluster.resource import NSS
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Refused

PATH = f"entities/types/vmware/{NSS}"
# An entity holds the manifests of its cluster, tens of kilobytes: a page of the largest size might be too large.
PAGE_SIZE = 25
NOT_REGISTERED = 404


def list_entities(api: Api) -> list[Body]:
    """The entities of all versions of the type that the user may see; none where the type is not registered.

    Raises Refused with status 403 where the user lacks the right.
    """
    # The call without a version was added with API 37.0. Before that, a major version stands for all of its versions.
    path = PATH if api.session.version >= (37, 0) else f"{PATH}/1"
    try:
        return api.pages(path, "defined entities of CAPVCD clusters", page_size=PAGE_SIZE)
    except Refused as error:
        if error.status != NOT_REGISTERED:
            raise
        return []
