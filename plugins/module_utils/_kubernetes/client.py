# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""A small Kubernetes client on top of kubernetes.core: plain dictionaries, one retry policy, one-line errors.

Paths are written out (``/api/v1/namespaces/...``), because only a few kinds are used and discovery would cost a request
per API group.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any, Protocol, TypeVar

from ansible_collections.vcd.kubernetes.plugins.module_utils._bounds import OverLimit, bounded_pools, bounds, within
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._json import parse_json
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.errors import (
    CHECK_OPTIONS,
    KubernetesError,
    KubernetesUnreachable,
    from_api,
    from_configuration,
    from_connection,
    not_kubernetes,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.kubeconfig import one_context
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.layouts import object_differs, page_differs
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.options import AUTH_ARG_SPEC, GivenKubeconfig
from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import decimal
from ansible_collections.vcd.kubernetes.plugins.module_utils._secrets import SECRETS
from ansible_collections.vcd.kubernetes.plugins.module_utils._urls import hides, printable_url
from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import Deadline, Pace, ServerClock

try:
    from ansible_collections.kubernetes.core.plugins.module_utils.k8s.client import get_api_client
    from ansible_collections.kubernetes.core.plugins.module_utils.k8s.exceptions import CoreException
    from kubernetes.client import Configuration
    from kubernetes.client.exceptions import ApiException
    from kubernetes.config.config_exception import ConfigException
    from urllib3 import poolmanager
    from urllib3.exceptions import HTTPError
    from yaml import YAMLError
except ImportError:
    pass  # options.py reports the missing library before anything here runs

Object = dict[str, Any]
Objects = list[Object]  # inside the class "list" is the method
T = TypeVar("T")
REQUEST_SECONDS = 30.0
RETRY_SECONDS = 30.0
PAGE = 250
# 250,000 objects, ten times the number of Services and pods that one cluster may have. A server that keeps promising
# another page is not a Kubernetes API server.
MOST_PAGES = 1000
LIST_SECONDS = 300.0
SECRET_VARIABLES = ("K8S_AUTH_API_KEY", "K8S_AUTH_PASSWORD")
_RETRIED = frozenset({429, 500, 502, 503, 504})


class Reads(Protocol):
    """Something that reads a cluster: everything, or as much as the user may read (`access.AllowedReads`)."""

    def now(self) -> datetime:
        """See `KubernetesApi`."""

    def get(self, path: str) -> Object | None:
        """See `KubernetesApi`."""

    def list(self, path: str) -> Objects:
        """See `KubernetesApi`."""


class KubernetesApi:
    """Requests to one API server, with retries.

    ::

        with connect(module.params) as cluster:
            path = "/api/v1/namespaces/kube-system/configmaps"
            config_map = cluster.get(path + "/settings")  # None when it does not exist
            pods = cluster.list("/api/v1/namespaces/kube-system/pods")
            body = {**config_map, "data": {"a": "1"}}
            cluster.replace(path + "/settings", body, same=lambda found: found["data"] == body["data"])

    Raises KubernetesError for an error status (409 when the object has changed since it was read) and
    KubernetesUnreachable without an answer; both are CollectionError. A request that may be repeated is retried for
    RETRY_SECONDS.

    ``send(method, path, body, query=..., content_type=...)`` sends one request and returns the decoded answer, and
    notes its time in ``server_clock``.
    """

    def __init__(self, send: Callable[..., Object], clock: Any = None, server_clock: ServerClock | None = None) -> None:
        self._send = send
        self._clock = clock
        self._server_clock = server_clock or ServerClock(clock)
        self._reached = False
        self._remembered: dict[str, Any] | None = None
        self._answers: dict[str, Object] = {}

    def beside(self) -> KubernetesApi:
        """The same connection for another thread, with none of the cached reads."""
        return KubernetesApi(self._send, self._clock, self._server_clock)

    def now(self) -> datetime:
        """The time in UTC by the API server's clock."""
        return self._server_clock.now()

    @contextmanager
    def one_look(self) -> Iterator[None]:
        """In its body, nothing is read twice. After a write, everything is read again."""
        self._remembered = {}
        try:
            yield
        finally:
            self._remembered = None

    def get(self, path: str) -> Object | None:
        """One object; None when it does not exist."""
        return self._once(path, lambda: self._get(path))

    def _get(self, path: str) -> Object | None:
        try:
            return _checked(self._call("GET", path), path, object_differs)
        except KubernetesError as error:
            if error.status == 404:
                return None
            raise

    def list(self, path: str) -> list[Object]:
        """All objects of a collection, read in pages."""
        return self._once(path, lambda: self._list(path))

    def _once(self, path: str, read: Callable[[], T]) -> T:
        if self._remembered is None:
            return read()
        if path not in self._remembered:
            self._remembered[path] = read()
        found: T = self._remembered[path]
        return found

    def _list(self, path: str) -> Objects:
        found: Objects = []
        query: list[tuple[str, Any]] = [("limit", PAGE)]
        deadline, seen = Deadline(LIST_SECONDS, self._clock), set[Any]()
        while True:
            page = _checked(self._call("GET", path, query=query), path, page_differs)
            found += page.get("items") or []
            following = (page.get("metadata") or {}).get("continue")
            if not following:
                return found
            if following in seen or len(seen) >= MOST_PAGES or deadline.expired():
                raise CollectionError(
                    f"GET {path}: the list does not end ({len(seen) + 1} pages, {len(found)} objects): "
                    f"is this a Kubernetes API server? {CHECK_OPTIONS}"
                )
            seen.add(following)
            query = [("limit", PAGE), ("continue", following)]

    def create(self, path: str, body: Object, same: Callable[[Object], bool]) -> Object:
        """Create an object. An existing one for which ``same(found)`` holds counts as created.

        In that case an earlier attempt created it, and only the answer was lost.
        """
        return self._write("POST", path, f"{path}/{body['metadata']['name']}", body, same)

    def replace(self, path: str, body: Object, same: Callable[[Object], bool]) -> Object:
        """Replace an object, only in the version ``body.metadata.resourceVersion``.

        Raises KubernetesError (409) when it has changed since then, unless ``same(found)`` holds for the present
        object.
        """
        return self._write("PUT", path, path, body, same)

    def merge(self, path: str, body: Object, manager: str) -> Object:
        """JSON merge patch. Use it only with absolute values, because a retry may apply it twice.

        ``manager`` is the name that the API server records in managedFields for the fields that are set: at most 128
        printable characters.
        """
        self._forget()
        query = [("fieldManager", manager)]
        answer = self._call("PATCH", path, body, query=query, content_type="application/merge-patch+json")
        return _checked(answer, path, object_differs)

    def apply(self, path: str, body: Object, manager: str) -> Object:
        """Server-side apply of a complete object with kind and apiVersion; takes over its fields from other managers.

        Unlike after ``merge``, managedFields keep the manager of a field that is set to 0.
        """
        self._forget()
        query = [("fieldManager", manager), ("force", "true")]
        answer = self._call("PATCH", path, body, query=query, content_type="application/apply-patch+yaml")
        return _checked(answer, path, object_differs)

    def delete(self, path: str, uid: str, resource_version: str | None = None) -> None:
        """Delete exactly this object, or do nothing if it no longer exists.

        Raises KubernetesError (409) when another object has the name now, or when it has another resource version.
        """
        self._forget()
        preconditions = {"uid": uid, **({"resourceVersion": resource_version} if resource_version else {})}
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions}
        try:
            self._call("DELETE", path, body)
        except KubernetesError as error:
            if error.status == 404:
                return
            # After a lost answer, the repeated request conflicts with its own first attempt. Then the object is gone,
            # or has the same uid and is being deleted.
            present = self.get(path) if error.status == 409 else None
            if error.status != 409 or (present is not None and not _is_going(present, uid)):
                raise

    def ask(self, path: str, body: Object) -> Object:
        """POST that stores nothing, such as an access review; the same request is sent only once per connection."""
        question = json.dumps([path, body], sort_keys=True)
        if question not in self._answers:
            self._answers[question] = _checked(self._call("POST", path, body), path, object_differs)
        return self._answers[question]

    def _forget(self) -> None:
        if self._remembered is not None:
            self._remembered = {}

    def _write(self, method: str, path: str, object_path: str, body: Object, same: Callable[[Object], bool]) -> Object:
        self._forget()
        try:
            return _checked(self._call(method, path, body), object_path, object_differs)
        except KubernetesError as error:
            # After a lost answer (here or inside urllib3), the repeated request conflicts with its own first attempt.
            present = self.get(object_path) if error.status == 409 else None
            if present is None or not same(present):
                raise
            return present

    def _call(self, method: str, path: str, body: Object | None = None, **more: Any) -> Object:
        deadline, pauses = Deadline(RETRY_SECONDS, self._clock), Pace(0.2, 2.0, 3.0).intervals()
        while True:
            try:
                answer = self._send(method, path, body, **more)
            except (KubernetesError, KubernetesUnreachable) as error:
                # Report a wrong address or certificate at once; a server that has answered before may come back.
                again = self._reached if isinstance(error, KubernetesUnreachable) else error.status in _RETRIED
                if not again or deadline.expired():
                    raise
                deadline.sleep(max(next(pauses), float(error.details.get("retry_after") or 0)))
            else:
                self._reached = True
                return answer


def _checked(found: Object, path: str, differs: Callable[[Object, str], str]) -> Object:
    """The object, unless it differs from its API."""
    why = differs(found, path)
    if why:
        raise not_kubernetes(path, f"differs from its API: {why}")
    return found


def _is_going(present: Object, uid: str) -> bool:
    metadata = present.get("metadata") or {}
    return metadata.get("uid") == uid and bool(metadata.get("deletionTimestamp"))


@contextmanager
def connect(params: Mapping[str, Any]) -> Iterator[KubernetesApi]:
    """Connect with kubernetes.core's options (and K8S_AUTH_* variables); raises CollectionError."""
    auth = _auth(params)
    _check_urls(params)
    host = str(auth.get("host") or os.environ.get("K8S_AUTH_HOST") or "the address in the kubeconfig")
    try:
        client = _client(auth, host)
        configuration = client.configuration
        if hides(str(configuration.host)):
            shown = printable_url(str(configuration.host))
            raise InvalidInput("kubeconfig", shown, "its server contains a user, a password or a query: remove them")
        SECRETS.add(*_credentials(configuration))
        server_clock = ServerClock()
        yield KubernetesApi(_sender(client.client, str(configuration.host), server_clock), server_clock=server_clock)
    finally:
        # The library keeps a loaded kubeconfig as its default, which would override the next cluster's host and key.
        Configuration.set_default(None)


def _check_urls(params: Mapping[str, Any]) -> None:
    """Raise InvalidInput for an address with user info or a query, which the library would ignore, but show."""
    given = {"host": params.get("host") or os.environ.get("K8S_AUTH_HOST"), "proxy": params.get("proxy")}
    remedies = {
        "host": "give them in username and password, or a token in api_key",
        "proxy": "give them in the variable K8S_AUTH_PROXY_HEADERS_PROXY_BASIC_AUTH",
    }
    for option, url in given.items():
        if url and hides(str(url)):
            why = f"contains a user, a password or a query: {remedies[option]}"
            raise InvalidInput(option, printable_url(str(url)), why)


def _credentials(configuration: Any) -> Iterator[str]:
    """What the library sends to authorize a request, wherever it came from."""
    for value in [*configuration.api_key.values(), configuration.password]:
        yield str(value or "").removeprefix("Bearer ")
    if configuration.username and configuration.password:
        yield str(configuration.get_basic_auth_token()).removeprefix("Basic ")


def _auth(params: Mapping[str, Any]) -> dict[str, Any]:
    auth = {name: params.get(name) for name in AUTH_ARG_SPEC}
    given = auth["kubeconfig"]
    if isinstance(given, GivenKubeconfig):
        if given.content is None:
            raise InvalidInput("kubeconfig", str(given), "give a path or a dictionary, not the content of the file")
        auth["kubeconfig"] = given.content
    return auth


def _client(auth: Mapping[str, Any], host: str) -> Any:
    kubeconfig = auth.get("kubeconfig") or os.environ.get("K8S_AUTH_KUBECONFIG")
    # The library creates its pools and sends its first requests in one step, so this cannot be set for a single pool.
    # Outside `bounds`, these pools behave like urllib3's own.
    poolmanager.pool_classes_by_scheme.update(bounded_pools())
    context = auth.get("context") or os.environ.get("K8S_AUTH_CONTEXT")
    part = one_context(kubeconfig, context) if isinstance(kubeconfig, str) else None
    given = {**auth, "kubeconfig": part} if part else auth
    try:
        return within(REQUEST_SECONDS, partial(_bounded, partial(get_api_client, **given)))
    except OverLimit as error:
        raise _over_limit(error, "GET /apis", host) from None
    except ApiException as error:
        # the library has read a credential, which the server may echo
        SECRETS.add(*_credentials(Configuration.get_default_copy()), *map(os.environ.get, SECRET_VARIABLES))
        raise from_api(error, "GET", "/apis", host) from error
    except (CoreException, ConfigException) as error:
        raise from_configuration(error, kubeconfig, host) from error
    except (HTTPError, TimeoutError) as error:
        raise from_connection(error, host) from error
    except (OSError, YAMLError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise from_configuration(error, kubeconfig, host) from error


def _bounded(send: Callable[[], T]) -> T:
    """What ``send`` returns, with the limits of one answer for everything that it reads."""
    with bounds(REQUEST_SECONDS):
        return send()


def _over_limit(error: OverLimit, call: str, host: str) -> CollectionError:
    return CollectionError(f"{call}: the answer of {host} {error}: is this a Kubernetes API server? {CHECK_OPTIONS}")


def _sender(client: Any, host: str, server_clock: ServerClock) -> Callable[..., Object]:
    def send(
        method: str,
        path: str,
        body: Object | None = None,
        *,
        query: list[tuple[str, Any]] | None = None,
        content_type: str = "application/json",
    ) -> Object:
        try:
            with bounds(REQUEST_SECONDS):
                answer = client.request(
                    method,
                    path,
                    body,
                    query_params=list(query or []),
                    content_type=content_type,
                    serialize=False,
                    _request_timeout=REQUEST_SECONDS,
                )
                data: bytes = answer.data  # with some releases of the library, the data arrives only now
        except OverLimit as error:
            raise _over_limit(error, f"{method} {path}", host) from None
        except ApiException as error:
            SECRETS.add(*_credentials(client.configuration))  # an exec plugin may have renewed the token
            failure = from_api(error, method, path, host)
            failure.details["retry_after"] = _seconds((error.headers or {}).get("Retry-After"))
            raise failure from error
        except (HTTPError, OSError) as error:
            raise from_connection(error, host) from error
        server_clock.note(answer.headers.get("Date"))
        return _decoded(data, path)

    return send


def _seconds(text: Any) -> float:
    """Retry-After in seconds, at most RETRY_SECONDS; a date is ignored."""
    return min(float(decimal(text) or 0), RETRY_SECONDS)


def _decoded(data: bytes, path: str) -> Object:
    try:
        found = parse_json(data.decode("utf-8", "replace"))
    except ValueError as error:
        raise not_kubernetes(path, str(error)) from None
    if not isinstance(found, dict):
        raise not_kubernetes(path, "is not an object")
    return found
