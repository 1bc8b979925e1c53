# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""URLs for messages: parts that may contain a password or a token are left out. Pure."""

from __future__ import annotations

import re
from typing import Any

HIDDEN = "(hidden)"
LONGEST_PATH = 200
_URL = re.compile(r"((?:[A-Za-z][A-Za-z0-9+.-]*:)?//)?([^/\\?#;]*)([^?#;]*)(.*)", re.DOTALL)
# A host name in any script, or an IPv6 address, with a port. Anything else may be half a password.
_HOST = re.compile(r"(?:[\w-]+(?:\.[\w-]+)*\.?|\[[0-9A-Fa-f:.]+(?:%[\w.-]+)?\])(?::[0-9]{0,5})?")
_IN_A_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>]+")


def printable_url(url: str) -> str:
    """The URL without user info, parameters, query and fragment.

    A password may contain any character, even one that ends the host (``https://user:a?b@host``). If it is not certain
    which part is the host, only the scheme is shown.
    """
    found = _URL.fullmatch(url.strip())
    scheme, authority, path, more = found.groups("") if found else ("", "", "", url)
    _user, at, host = authority.rpartition("@")
    after = (path + more).lower()
    if "@" in after or "%40" in after or "\\" in path or (host and not _HOST.fullmatch(host)):
        return f"{scheme.lower()}{HIDDEN}"
    shown = path if len(path) <= LONGEST_PATH else f"{path[:LONGEST_PATH]}..."
    return f"{scheme.lower()}{f'{HIDDEN}@' if at else ''}{host}{shown}{f'?{HIDDEN}' if more else ''}"


def hides(url: str) -> bool:
    """Whether the printable form leaves out a part of the URL."""
    return HIDDEN in printable_url(url)


def with_printable_urls(text: str) -> str:
    """A text with each URL in it printable."""
    return _IN_A_TEXT.sub(lambda found: printable_url(found.group()), text)


class PrintableUrl(str):
    """The documented type, which is also the function that Ansible calls to convert an option.

    Ansible shows all options of a module with ``-vvv`` and writes them to the system's log before anything can refuse
    one. So a URL with user info or a query is replaced by its printable form at once, which ``hides`` recognises, too.
    """

    def __call__(self, value: Any) -> str:
        """The URL, or its printable form if that leaves something out."""
        text = str(value)
        return printable_url(text) if hides(text) else text
