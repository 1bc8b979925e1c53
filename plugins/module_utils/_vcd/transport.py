# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""One HTTP request over `requests`: certificates, proxies, no redirects, and readable error messages."""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._bounds import (
    LARGEST,
    OF_AN_ERROR,
    OverLimit,
    bounded_pools,
    bounds,
    read_body,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._json import parse_json
from ansible_collections.vcd.kubernetes.plugins.module_utils._secrets import SECRETS
from ansible_collections.vcd.kubernetes.plugins.module_utils._urls import printable_url
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Unreachable, VcdError
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.settings import Settings

try:
    import requests
    import urllib3

    REQUESTS_ERROR: ImportError | None = None
except ImportError as error:
    REQUESTS_ERROR = error

CONNECT_SECONDS = 15.0
# For requests when no time is left. Many operations look once more then, for example whether a write whose answer was
# lost has taken effect. Without waiting for this answer, the reason for the delay would stay hidden.
LAST_SECONDS = 5.0
# The only encoding that is decompressed: see `read_body`
ENCODING = "gzip"
Authorize = Callable[[Any], Any]


@dataclass(frozen=True)
class Answer:
    """What the server sent back. Header names are case-insensitive."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    text: str

    def json(self) -> Any:
        """The body as JSON. Raises VcdError when it is something else, such as the HTML page of a proxy."""
        try:
            return parse_json(self.text)
        except ValueError as error:
            raise not_cloud_director(self, str(error)) from None


def not_cloud_director(answer: Answer, why: str = "") -> VcdError:
    """The error for an answer that Cloud Director would not send. ``why`` must not contain any part of the answer."""
    kind = SECRETS.one_line(answer.headers.get("Content-Type", "").split(";")[0], 100) or "no content type"
    more = f": {why}" if why else ""
    return VcdError(
        f"url: the answer to {answer.method} {answer.path} ({answer.status}, {kind}) is not from Cloud Director{more}: "
        "check that url is the address of Cloud Director itself, not of a portal or proxy in front of it",
        method=answer.method,
        path=answer.path,
        status=answer.status,
    )


def no_authorization(request: Any) -> Any:
    """An auth object that adds nothing. Without one, `requests` would add the host's credentials from ~/.netrc."""
    return request


def basic(user: str, password: str) -> Authorize:
    """Basic authorization in UTF-8."""
    value = base64.b64encode(f"{user}:{password}".encode()).decode()
    SECRETS.add(value)
    return _header(f"Basic {value}")


def bearer(token: str) -> Authorize:
    """Bearer authorization."""
    return _header(f"Bearer {token}")


def _header(value: str) -> Authorize:
    def authorize(request: Any) -> Any:
        request.headers["Authorization"] = value
        return request

    return authorize


def _open_session() -> Any:
    """A session of `requests` with limited answers, which inspects no answer by itself."""

    class Adapter(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
            super().init_poolmanager(*arguments, **more)
            self.poolmanager.pool_classes_by_scheme = bounded_pools()

        def proxy_manager_for(self, *arguments: Any, **more: Any) -> Any:
            manager = super().proxy_manager_for(*arguments, **more)
            manager.pool_classes_by_scheme = bounded_pools()
            return manager

    class NoRedirects(requests.Session):
        def get_redirect_target(self, resp: Any) -> str | None:
            """Always None: for a redirect, even one that is not followed, the library would read the whole body."""
            return None

    session = NoRedirects()
    session.mount("https://", Adapter())
    return session


class Transport:
    """Sends single requests to one server, and keeps its cookies.

    It does not retry, and rejects no answer except redirects.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._session = _open_session()
        # Determine the proxy, and the CAs if no option gives them, only once instead of in each request.
        found = self._session.merge_environment_settings(settings.url, {}, True, settings.verify, None)
        self._session.proxies, self._verify = found["proxies"], found["verify"]
        self._session.trust_env = False
        if settings.verify is False:
            # the operator switched the check off; one warning per request would bury everything else
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        authorize: Authorize = no_authorization,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        seconds: float = 60.0,
        size: int = LARGEST,
    ) -> Answer:
        """Send one request; its answer ends within ``seconds`` and has at most ``size`` bytes.

        The request always gets at least `LAST_SECONDS`, or the option timeout if that is less. Raises Unreachable or
        VcdError.
        """
        seconds = max(seconds, min(self._settings.timeout, LAST_SECONDS))
        try:
            with (
                bounds(seconds, size, (ENCODING,)),
                self._session.request(
                    method,
                    self._settings.url + path,
                    auth=authorize,
                    headers={"Accept-Encoding": ENCODING, **(headers or {})},
                    params=dict(params or {}),
                    json=json,
                    data=dict(form) if form else None,
                    verify=self._verify,
                    # a redirect could send the token to another host
                    allow_redirects=False,
                    timeout=(min(CONNECT_SECONDS, seconds), seconds),
                    stream=True,
                ) as response,
            ):
                failed = response.status_code >= 300
                body = read_body(response.raw, OF_AN_ERROR if failed else size, cut=failed)
        except OverLimit as error:
            raise VcdError(
                f"url: {self._settings.url}: the answer to {method} {path} {error}: "
                f"check that url is the address of {self._settings.server} itself",
                method=method,
                path=path,
            ) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise explain(error, self._settings, method, path) from None
        answer = Answer(method, path, response.status_code, response.headers, body.decode(errors="replace"))
        if 300 <= answer.status < 400:
            target = SECRETS.one_line(printable_url(answer.headers.get("Location", "")))
            raise VcdError(
                f"url: {self._settings.url} answers {method} {path} with a redirect to {target!r}: "
                f"set url to the address of {self._settings.server} itself",
                method=method,
                path=path,
                status=answer.status,
            )
        return answer


def explain(error: BaseException, settings: Settings, method: str, path: str) -> Unreachable:
    """A network failure as a readable error. The exceptions' own text may hold secrets, so it is left out."""
    causes = list(_chain(error))
    text, sent, transient = _judge(causes, settings)
    return Unreachable(text, sent=sent, transient=transient, method=method, path=path)


def _judge(causes: list[BaseException], settings: Settings) -> tuple[str, bool, bool]:
    """(message, whether the request may have reached the server, whether a retry may help)."""
    url = settings.url

    def cause(*kinds: type[BaseException]) -> Any:
        return next((found for found in causes if isinstance(found, kinds)), None)

    untrusted = cause(ssl.SSLCertVerificationError)
    if untrusted is not None:
        return _untrusted(untrusted, settings), False, False
    if cause(requests.exceptions.ProxyError):
        return f"url: {url}: the proxy in HTTPS_PROXY refuses or fails: check it, or set NO_PROXY", False, False
    if cause(ssl.SSLEOFError, ConnectionResetError, BrokenPipeError) or cause(requests.exceptions.ChunkedEncodingError):
        return f"url: {url}: the connection was reset before the answer arrived", True, True
    if cause(requests.exceptions.SSLError, ssl.SSLError):
        return f"url: {url}: the TLS handshake with this address and port failed: check url and ca_path", False, False
    if cause(socket.gaierror):
        return f"url: {url}: the host name cannot be resolved: check url, and DNS on this machine", False, True
    if cause(ConnectionRefusedError):
        return (
            f"url: {url}: connection refused: check host and port, and that {settings.server} is running",
            False,
            True,
        )
    if cause(requests.exceptions.ConnectTimeout):
        return f"url: {url}: no connection within {CONNECT_SECONDS:g} s: check host, port and firewalls", False, True
    if cause(requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError):
        return f"url: {url}: connected, but no answer in time (timeout {settings.timeout:g} s)", True, True
    if cause(urllib3.exceptions.NewConnectionError):
        return f"url: {url}: cannot connect: check host, port and the network", False, True
    if cause(requests.exceptions.ConnectionError, urllib3.exceptions.ProtocolError):
        return f"url: {url}: the connection was reset before the answer arrived", True, True
    return f"url: {url}: the request failed ({type(causes[0]).__name__}): check url and ca_path", True, False


def _untrusted(error: Any, settings: Settings) -> str:
    reason = getattr(error, "verify_message", "") or "certificate verify failed"
    if "hostname" in reason.lower() or "ip address" in reason.lower():
        remedy = "use the host name that the certificate was issued for"
    else:
        remedy = "set ca_path to the PEM file of the CA that issued it"
    return (
        f"url: {settings.url}: the server's certificate is not trusted ({reason}): {remedy}, "
        "or set validate_certs to false to skip the check"
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and every exception that it wraps, outermost first."""
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
        waiting.extend(found for found in inner if isinstance(found, BaseException))
