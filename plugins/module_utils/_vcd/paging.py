# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Finds the next page of a list from Cloud Director, and stops lists that do not end."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import VcdError
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.transport import Answer
from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import Deadline

try:
    from requests.utils import parse_header_links
except ImportError:  # reported through REQUESTS_ERROR
    parse_header_links = None  # type: ignore[assignment]

# 128,000 objects. NSX allows a few thousand on an edge gateway, so a list with more pages cannot be genuine.
MOST_PAGES = 1000


def next_cursor(answer: Answer) -> str | None:
    """The cursor of the Link header with relation nextPage. One ``rel`` may list several relations."""
    for link in parse_header_links(answer.headers.get("Link", "")):
        if "nextPage" in str(link.get("rel", "")).split():
            try:
                found = parse_qs(urlsplit(str(link.get("url", ""))).query).get("cursor")
            except ValueError:
                return None
            return found[0] if found else None
    return None


def check_end(what: str, pages: int, objects: int, deadline: Deadline) -> None:
    """Raise VcdError instead of reading another page of a list that does not end."""
    if deadline.expired() or pages >= MOST_PAGES:
        why = f"not complete after {deadline.seconds:g} s (option timeout)" if deadline.expired() else "without an end"
        raise VcdError(f"cannot list {what}: the list is {why}: {pages} pages with {objects} objects were read")
