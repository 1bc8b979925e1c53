# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The secrets that this process knows, in the forms in which another program may echo them.

Each module runs in its own process, so there is one register per process. All output of the process is masked at its
end. A text that is shortened before that is masked first, because half a token is no longer recognised.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "*" * 8
# A shorter token from a server is no secret, and masking it would make every text unreadable.
SHORTEST_ISSUED = 8
# What follows these words in a request is a credential, whoever it belongs to, even if the server cut off its end.
AUTHORIZATION = re.compile(r"(?<![a-z])(Bearer|Basic)(?:\s+|%20|\+)[\w.~+/%-]{20,}=*", re.IGNORECASE)
OAUTH = re.compile(
    r"(?<![a-z])(refresh_token|access_token)((?:%22|[\"'\\])*(?:[:=]|%3[AD])(?:%22|[\"'\\\s])*)[\w.~+/%-]{8,}=*",
    re.IGNORECASE,
)
_HEX = re.compile(r"%[0-9A-F]{2}")


class Secrets:
    """Values that must never appear in any output."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._longest_first: list[str] = []

    def clear(self) -> None:
        """Forget all values: a new run begins."""
        self._forms, self._longest_first = set(), []

    def add(self, *values: object) -> None:
        """Register values from now on. None and the empty string are ignored."""
        for value in values:
            if isinstance(value, str) and value.strip() and value not in self._forms:
                self._forms |= forms(value) - {""}
                self._longest_first = sorted(self._forms, key=len, reverse=True)

    def add_issued(self, *values: object) -> None:
        """Register values that a server has issued."""
        self.add(*(value for value in values if isinstance(value, str) and len(value) >= SHORTEST_ISSUED))

    @property
    def forms(self) -> frozenset[str]:
        """Everything that is masked, for the no_log values of AnsibleModule."""
        return frozenset(self._forms)

    def mask(self, text: str) -> str:
        """The text without any secret in it."""
        for secret in self._longest_first:
            text = text.replace(secret, MASK)
        return text

    def one_line(self, text: str, longest: int = 1000) -> str:
        """Another program's text for a message: one line of at most ``longest`` characters.

        All output is masked later. Here only what could not be recognised then is masked: a secret that is cut off,
        here or by the server. The rest stays, because Cloud Director's rules are recognised by its words.
        """
        text = OAUTH.sub(rf"\1\2{MASK}", AUTHORIZATION.sub(rf"\1 {MASK}", text))
        line = " ".join(text.split())
        return line if len(line) <= longest else self.mask(line)[:longest]

    def mask_data(self, value: Any) -> Any:
        """The same data with every text in it masked, including keys."""
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, Mapping):
            return {self.mask_data(key): self.mask_data(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.mask_data(item) for item in value]
        return value


def forms(secret: str) -> set[str]:
    """The secret as it is, and in URLs, forms, JSON, HTML and base64; each also as Python and messages write it."""
    found: set[str] = set()
    for one in dict.fromkeys((secret, secret.strip())):
        data = one.encode("utf-8", "surrogatepass")
        encoded = {quote(data, safe=""), quote(data), quote_plus(data)}
        found |= {one, *encoded, *(_HEX.sub(lambda digits: digits.group().lower(), text) for text in encoded)}
        found |= {json.dumps(one)[1:-1], json.dumps(one, ensure_ascii=False)[1:-1]}
        found |= {html.escape(one), html.escape(one, quote=False)}
        found |= {base64.b64encode(data).decode("ascii"), data.decode("latin-1")}  # UTF-8 read as Latin-1
    # Python escapes an apostrophe only if the text has both kinds of quotation marks
    found |= {written for text in found for written in (repr(text)[1:-1], repr("'\"" + text)[4:-1])}
    return found | {" ".join(text.split()) for text in found}


SECRETS = Secrets()
