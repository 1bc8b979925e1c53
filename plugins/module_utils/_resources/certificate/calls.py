# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""API calls for the certificate library."""

from __future__ import annotations

from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.certificate import resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api

PATH = "ssl/certificateLibrary"


def certificates(api: Api) -> list[dict[str, Any]]:
    """All certificates that the user may see, with their expiry."""
    return [resource.to_result(row) for row in api.pages(PATH, "certificates")]
