# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Where Cloud Director is and who asks: the connection options, checked before the first request."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput

# A secret option and its environment variable, in the order in which they count when several come from there.
SECRETS = (("token", "VCD_TOKEN"), ("api_token", "VCD_API_TOKEN"), ("password", "VCD_PASSWORD"))


@dataclass(frozen=True)
class Settings:
    """Checked connection options. Exactly one of ``password``, ``api_token`` and ``token`` is not empty."""

    url: str
    org: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    api_token: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    verify: bool | str = True
    timeout: float = 300.0
    api_version: str = ""

    @property
    def provider(self) -> bool:
        """Whether the login is one of the provider's organization, System."""
        return self.org.lower() == "system"

    @property
    def who(self) -> str:
        """Who asks, for messages."""
        if self.password:
            return f"user {self.user!r} of organization {self.org!r}"
        return f"the API token of organization {self.org!r}" if self.api_token else "the given token"


def settings_from(params: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> Settings:
    """Check the connection options of a module. Raises InvalidInput or CollectionError; nothing was sent."""
    given = {name: params.get(name) for name in ("url", "org", "user", "api_version")}
    kind, value = _credential(params, os.environ if environ is None else environ)
    if kind != "token" and not given["org"]:
        raise CollectionError(f"org: is needed with {kind}: the organization to log in to (System for a provider)")
    if kind == "password":
        _check_user(given["user"])
    timeout = 300 if params.get("timeout") is None else params["timeout"]
    if timeout < 1:
        raise InvalidInput("timeout", timeout, "give the seconds that one operation may take, 1 or more")
    return Settings(
        url=base_url(given["url"]),
        org=given["org"] or "",
        user=given["user"] or "",
        verify=_verify(params),
        timeout=float(timeout),
        api_version=given["api_version"] or "",
        **{kind: value},
    )


def base_url(url: str | None) -> str:
    """``https://host[:port]`` of what the operator gave; a trailing ``/api``, as the Terraform provider wants, goes."""
    if not url:
        raise CollectionError("url: is missing: give https://HOST of Cloud Director, or set VCD_URL")
    if "@" in url.split("?")[0]:
        raise CollectionError("url: holds a user or a password: give these as user and password")
    remedy = "give https://HOST or https://HOST:PORT of Cloud Director"
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise InvalidInput("url", url, f"is not a URL: {remedy}") from None
    if parts.scheme.lower() != "https":
        why = "would send the password in clear" if parts.scheme.lower() == "http" else "does not begin with https://"
        raise InvalidInput("url", url, f"{why}: {remedy}")
    if not parts.hostname or re.search(r"[\s\\]", parts.netloc):
        raise InvalidInput("url", url, f"names no host: {remedy}")
    if parts.path.rstrip("/") not in ("", "/api", "/cloudapi") or parts.query or parts.fragment:
        raise InvalidInput("url", url, f"has more than a host (only a trailing /api is understood): {remedy}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"https://{host}" + (f":{port}" if port else "")


def _credential(params: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[str, str]:
    """Which secret to use. One that the task gives wins over those that only the environment gives."""
    given = {name: params[name] for name, _variable in SECRETS if params.get(name)}
    own = [name for name, variable in SECRETS if name in given and given[name] != environ.get(variable)]
    if len(own) > 1:
        raise CollectionError(f"{' and '.join(own)}: give only one of password, api_token and token")
    name = (own or [name for name, _variable in SECRETS if name in given] or [""])[0]
    if not name:
        raise CollectionError("password: is missing: give user and password, api_token or token")
    value = str(given[name])
    if name != "password":
        value = value.strip()  # a token read from a file often ends in a line feed
        if not re.fullmatch(r"[\x21-\x7e]+", value):
            raise CollectionError(f"{name}: holds blanks or characters that no token has: give it as it was issued")
    return name, value


def _check_user(user: str | None) -> None:
    if not user:
        raise CollectionError("user: is needed with password: the name of the user to log in")
    if ":" in user:
        raise InvalidInput("user", user, "holds ':', which no login can carry: give the name of the user alone")


def _verify(params: Mapping[str, Any]) -> bool | str:
    if not params.get("validate_certs", True):
        return False
    ca_path = params.get("ca_path")
    if not ca_path:
        return True
    if not os.path.exists(ca_path):
        raise InvalidInput("ca_path", ca_path, "there is no such file: give the PEM file of the CA that signed VCD")
    if not os.access(ca_path, os.R_OK):
        raise InvalidInput("ca_path", ca_path, "may not be read: give a PEM file that this user may read")
    return str(ca_path)
