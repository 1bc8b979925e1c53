# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The connection options (address and credentials), checked before the first request."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._secrets import SECRETS
from ansible_collections.vcd.kubernetes.plugins.module_utils._urls import hides, printable_url

# A secret option and its environment variable. When several variables are set, the first one here is used.
CREDENTIALS = (("token", "VCD_TOKEN"), ("api_token", "VCD_API_TOKEN"), ("password", "VCD_PASSWORD"))


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
    server: str = "Cloud Director"  # what messages call it

    @property
    def provider(self) -> bool:
        """Whether this is a login to System, the provider's organization."""
        return self.org.lower() == "system"

    @property
    def who(self) -> str:
        """Who logs in, for messages."""
        if self.password:
            return f"user {self.user!r} of organization {self.org!r}"
        return f"the API token of organization {self.org!r}" if self.api_token else "the given token"


def settings_from(params: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> Settings:
    """Check the connection options of a module without sending anything. Raises InvalidInput or CollectionError."""
    given = {name: params.get(name) for name in ("url", "org", "user", "api_version")}
    _check_complete(params)
    kind, value = _credential(params, os.environ if environ is None else environ)
    if kind == "password":
        _check_user(str(given["user"]))
    timeout = 300 if params.get("timeout") is None else params["timeout"]
    if timeout < 1:
        raise InvalidInput("timeout", timeout, "give the number of seconds that one operation may take, 1 or more")
    return Settings(
        url=base_url(given["url"]),
        org=given["org"] or "",
        user=given["user"] or "",
        verify=verification(params),
        timeout=float(timeout),
        api_version=given["api_version"] or "",
        **{kind: value},
    )


def base_url(
    url: str | None,
    server: str = "Cloud Director",
    variable: str = "VCD_URL",
    dropped: tuple[str, ...] = ("/api", "/cloudapi"),
) -> str:
    """Reduce a URL to ``https://host[:port]``. A trailing ``/api``, which the Terraform provider needs, is dropped."""
    if not url:
        raise InvalidInput("url", url, f"give https://HOST of {server}, or set {variable}")
    shown = printable_url(url)
    if "@" in url:
        raise InvalidInput("url", shown, "contains a user or a password: use the options user and password instead")
    remedy = f"give https://HOST or https://HOST:PORT of {server}"
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise InvalidInput("url", shown, f"is not a URL: {remedy}") from None
    if parts.scheme.lower() != "https":
        unencrypted = parts.scheme.lower() == "http"
        why = "would send the password unencrypted" if unencrypted else "does not start with https://"
        raise InvalidInput("url", shown, f"{why}: {remedy}")
    if not parts.hostname or hides(f"https://{parts.netloc}"):
        raise InvalidInput("url", shown, f"has no host name: {remedy}")
    if parts.path.rstrip("/") not in ("", *dropped) or parts.query or parts.fragment:
        accepted = f" (only a trailing {dropped[0]} is accepted)" if dropped else ""
        raise InvalidInput("url", shown, f"has a path, query or fragment{accepted}: {remedy}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"https://{host}" + (f":{port}" if port else "")


def is_token(value: object) -> bool:
    """Whether a value can be a token: what an HTTP header can carry, without blanks."""
    return isinstance(value, str) and bool(re.fullmatch(r"[\x21-\x7e]{1,65536}", value))


def _credential(params: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[str, str]:
    """Choose the secret, of which there is at least one. The task takes precedence over the environment."""
    given = {name: params[name] for name, _variable in CREDENTIALS if params.get(name)}
    own = [name for name, variable in CREDENTIALS if name in given and given[name] != environ.get(variable)]
    if len(own) > 1:
        raise CollectionError(f"{' and '.join(own)}: give only one of password, api_token and token")
    name = (own or [name for name, _variable in CREDENTIALS if name in given])[0]
    value = str(given[name])
    if name != "password":
        value = value.strip()  # a token read from a file often ends in a newline
        if not is_token(value):
            raise CollectionError(f"{name}: contains spaces or other invalid characters: give it exactly as issued")
    SECRETS.add(value)
    return name, value


def _check_complete(params: Mapping[str, Any]) -> None:
    """Raise CollectionError that names every missing option and its environment variable."""
    secrets = [name for name, _variable in CREDENTIALS if params.get(name)]
    needed = [] if params.get("token") else ["org"]
    if "password" in secrets and len(secrets) == 1:
        needed.append("user")
    missing = [name for name in ("url", *needed) if not params.get(name)]
    instead = ""
    if not secrets:
        missing += [*([] if params.get("user") else ["user"]), "password"]
        instead = f"; in place of user and password, {' or '.join(map(_with_variable, ('api_token', 'token')))} will do"
    if missing:
        listed = ", ".join(map(_with_variable, missing))
        message = f"the connection to Cloud Director is incomplete: give {listed}, as option or in the environment"
        raise CollectionError(f"{message}{instead}", missing=missing)


def _with_variable(name: str) -> str:
    """An option with its environment variable."""
    return f"{name} (VCD_{name.upper()})"


def _check_user(user: str) -> None:
    if ":" in user:
        raise InvalidInput("user", user, "contains ':', which basic authentication forbids: give only the user name")


def verification(params: Mapping[str, Any]) -> bool | str:
    """How the server's certificate is verified: not at all, with the libraries' CAs, or with a file (its path).

    Raises InvalidInput.
    """
    if not params.get("validate_certs", True):
        return False
    ca_path = params.get("ca_path")
    if not ca_path:
        return True
    if not os.path.exists(ca_path):
        raise InvalidInput("ca_path", ca_path, "no such file: give the PEM file of the CA that issued the certificate")
    if not os.access(ca_path, os.R_OK):
        raise InvalidInput("ca_path", ca_path, "not readable: give a PEM file that this user can read")
    return str(ca_path)
