# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""A session with a NAKIVO Director: log-in, calls, and a new log-in after ten idle minutes.

The API has a single address, to which each call is posted as action, method and data. The facts are from the vendor's
API reference (help center, "API Reference") and, where that is silent, from public clients. This was written without
access to a Director, so the code copes with either behaviour where none is documented.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._json import parse_json
from ansible_collections.vcd.kubernetes.plugins.module_utils._nakivo.options import settings_from
from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import decimal
from ansible_collections.vcd.kubernetes.plugins.module_utils._secrets import SECRETS
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.settings import Settings
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.transport import Answer, Transport

LOGIN = "AuthenticationManagement"
BLOCKED = "FAIL_BLOCKED_WAIT"
LOGOUT_SECONDS = 10.0
_COOKIE = re.compile(r"JSESSIONID[^=;,\s]*=([^;,\s]+)")


class DirectorError(CollectionError):
    """The Director refuses a call, or its answer is not as documented."""


class Director:
    """A log-in to one Director, or to one tenant of it. On exit it logs out.

    The session ends by itself after ten idle minutes. A call that fails because of that is sent again after one new
    log-in. A failed log-in is never repeated, because the Director locks out a user after too many failures.
    """

    def __init__(self, settings: Settings, tenant: str = "", transport: Transport | None = None) -> None:
        self._settings = settings
        self._path = f"/t/{tenant}/c/router" if tenant else "/c/router"
        self._transport = transport or Transport(settings)
        self._number = 0

    def __enter__(self) -> Director:
        try:
            self._log_in()
        except BaseException:
            self._transport.close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        try:
            # best effort: an open session ends by itself, and a failure here must not hide an earlier error
            with suppress(CollectionError):
                self._send(LOGIN, "logoutCurrentUser", None, "log out", LOGOUT_SECONDS)
        finally:
            self._transport.close()

    def call(self, action: str, method: str, data: Any, what: str) -> Any:
        """The data of a call. ``what`` completes "cannot ...". Raises CollectionError."""
        answer = self._send(action, method, data, what)
        if _failed(answer) and not self._logged_in():
            self._log_in()
            answer = self._send(action, method, data, what)
        if _failed(answer):
            raise DirectorError(f"cannot {what}: NAKIVO says {_reason(answer)}", method=f"{action}.{method}")
        return answer.get("data")

    def _logged_in(self) -> bool:
        """Whether the session is alive. The form of the answer is not documented, so only a plain yes counts."""
        answer = self._send(LOGIN, "isLogged", None, "ask whether the session is alive")
        found = answer.get("data")
        return not _failed(answer) and (found is True or (isinstance(found, Mapping) and True in found.values()))

    def _log_in(self) -> None:
        user = self._settings.user
        answer = self._send(LOGIN, "login", [user, self._settings.password, False], f"log in user {user!r}")
        found = answer.get("data")
        result = found.get("result") if isinstance(found, Mapping) else None
        if result == "OK" and not _failed(answer):
            return
        if result == BLOCKED:
            raise DirectorError(
                f"user: NAKIVO has locked user {user!r} out after failed log-ins{_wait(found)}: no log-in was tried "
                "again, because each one may prolong that; wait, correct the password, and run again",
                result=BLOCKED,
            )
        said = _reason(answer) if _failed(answer) else SECRETS.one_line(str(result or "nothing"), 100)
        raise DirectorError(
            f"password: NAKIVO rejects the log-in of user {user!r} ({said}): check user, password and tenant; it was "
            "not tried again, because NAKIVO locks out a user who fails too often",
            result=str(result),
        )

    def _send(self, action: str, method: str, data: Any, what: str, seconds: float | None = None) -> dict[str, Any]:
        self._number += 1
        answer = self._transport.send(
            "POST",
            self._path,
            headers={"Accept": "application/json", "User-Agent": "vcd.kubernetes"},
            json={"action": action, "method": method, "type": "rpc", "tid": self._number, "data": data},
            seconds=seconds or self._settings.timeout,
        )
        SECRETS.add_issued(*_COOKIE.findall(answer.headers.get("Set-Cookie", "")))
        if answer.status >= 400:
            raise DirectorError(f"cannot {what}: {self._settings.url} answers {answer.status}", status=answer.status)
        found = _envelope(answer)
        if found is None or str(found.get("tid")) != str(self._number):
            raise DirectorError(
                f"url: {self._settings.url}: the answer to {action}.{method} is not from a NAKIVO Director: "
                "give https://HOST:PORT of the Director (its port is 4443 by default)",
                method=f"{action}.{method}",
            )
        return found


def _envelope(answer: Answer) -> dict[str, Any] | None:
    try:
        found = parse_json(answer.text)
    except ValueError:
        return None
    if isinstance(found, list) and len(found) == 1:  # calls may be sent as a list, and the answer is a list then
        (found,) = found
    return found if isinstance(found, dict) and "data" in found else None


def _failed(answer: Mapping[str, Any]) -> bool:
    """Recognises both forms of failure: the documented one (message or cause), and the one in public clients (type)."""
    return answer.get("type") == "exception" or any(answer.get(key) is not None for key in ("message", "cause"))


def _reason(answer: Mapping[str, Any]) -> str:
    parts = [SECRETS.one_line(str(answer[key]), 300) for key in ("message", "cause") if answer.get(key)]
    return ": ".join(parts) or "no reason"


def _wait(login: Any) -> str:
    can_try = login.get("canTry") if isinstance(login, Mapping) else None
    left = can_try.get("waitTimeLeft") if isinstance(can_try, Mapping) else None
    number = left if isinstance(left, int) and not isinstance(left, bool) else decimal(left)
    return f" (it says that {number} are left to wait)" if number else ""


@contextmanager
def connect(params: Mapping[str, Any]) -> Iterator[Director]:
    """Log in with the options of a module; log out at the end, also after an error."""
    with Director(settings_from(params), params["tenant"] or "") as director:
        yield director
