# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Turn exceptions of the Kubernetes client into one-line errors."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._json import parse_json
from ansible_collections.vcd.kubernetes.plugins.module_utils._secrets import SECRETS
from ansible_collections.vcd.kubernetes.plugins.module_utils._urls import with_printable_urls

CHECK_OPTIONS = "check kubeconfig, context, host and the K8S_AUTH_* variables"


class KubernetesError(CollectionError):
    """The API server answered with an error: HTTP ``status`` and Kubernetes ``reason`` (NotFound, Conflict ...)."""

    def __init__(self, message: str, status: int, reason: str, **details: Any) -> None:
        super().__init__(message, status=status, reason=reason, **details)
        self.status = status
        self.reason = reason


class KubernetesUnreachable(CollectionError):
    """The API server did not answer. The request may or may not have been carried out."""


def from_api(error: Any, method: str, path: str, host: str) -> KubernetesError:
    """The error for an ApiException of the kubernetes library, without its headers and traceback."""
    status = int(error.status or 0)
    body = _status_object(error.body)
    reason = SECRETS.one_line(str(body.get("reason") or error.reason or ""))
    text = SECRETS.one_line(str(body.get("message") or reason or "no reason given"))
    if status == 401:
        message = f"the Kubernetes API at {host} rejects the credentials (401 Unauthorized): {CHECK_OPTIONS}"
    elif status == 403:
        message = f"{text} (403 Forbidden): grant the user this right, or use another context"
    else:
        message = f"{method} {path}: {text} ({status})"
    return KubernetesError(message, status, reason, method=method, path=path)


def _status_object(body: Any) -> dict[str, Any]:
    if isinstance(body, bytes):
        body = body.decode("utf-8", "replace")
    try:
        found = parse_json(body) if isinstance(body, str) else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def not_kubernetes(path: str, why: str) -> CollectionError:
    """The error for an answer that no API server gives. ``why`` must not contain any part of the answer."""
    return CollectionError(f"{path}: the answer {why}: is this a Kubernetes API server? {CHECK_OPTIONS}")


def from_connection(error: BaseException, host: str) -> KubernetesUnreachable:
    """The error for a failure below HTTP: connection refused or reset, timeout, DNS, TLS."""
    chain = list(_causes(error))
    names = {type(link).__name__ for link in chain}
    deepest = str(chain[-1])
    if any("SSL" in name or "Certificate" in name for name in names) or "CERTIFICATE_VERIFY_FAILED" in deepest:
        why = "its TLS certificate is not trusted or TLS failed"
        remedy = "set the certificate authority in ca_cert or in the kubeconfig"
    elif names & {"ConnectTimeoutError", "ReadTimeoutError", "TimeoutError", "timeout"}:
        why, remedy = "it did not answer in time", CHECK_OPTIONS
    elif names & {"NameResolutionError", "gaierror"} or "Name or service not known" in deepest:
        why, remedy = "its host name cannot be resolved", CHECK_OPTIONS
    elif "refused" in deepest:
        why, remedy = "connection refused", CHECK_OPTIONS
    else:
        why, remedy = "the connection was lost", "run again"
    return KubernetesUnreachable(
        f"cannot reach the Kubernetes API at {host}: {why}: {remedy}", cause=type(chain[-1]).__name__
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes (urllib3 keeps them in ``reason`` or in the arguments), at most ten levels deep."""
    current: BaseException | None = error
    for _depth in range(10):
        if current is None:
            return
        yield current
        beneath = [getattr(current, "reason", None), current.__cause__, current.__context__, *current.args]
        current = next((link for link in beneath if isinstance(link, BaseException)), None)


def from_configuration(error: BaseException, kubeconfig: Any, host: str) -> CollectionError:
    """The error for a kubeconfig or options that yield no client. The message never contains the file's content."""
    name = "the kubeconfig given as a dictionary" if isinstance(kubeconfig, dict) else f"kubeconfig {kubeconfig!r}"
    if kubeconfig is None:
        name = f"the default kubeconfig, or {host}"
    missing = [path for path in _paths(kubeconfig) if not os.path.exists(os.path.expanduser(path))]
    if missing:
        why = f"no such file: {', '.join(missing)}"
    elif isinstance(error, OSError):
        why = f"{error.strerror or type(error).__name__}: {error.filename}" if error.filename else str(error.strerror)
    elif type(error).__name__ in ("CoreException", "ConfigException"):
        why = str(error).replace("Could not create API client: ", "")
    elif str(error).startswith("Host value"):
        why = "TLS options are set, but the server's address does not start with https://"
    elif getattr(error, "problem_mark", None):
        why = f"it is not valid YAML (line {error.problem_mark.line + 1})"  # type: ignore[attr-defined]
    else:
        why = f"it cannot be read, or its server is not a Kubernetes API server ({type(error).__name__})"
    return CollectionError(f"{name}: {SECRETS.one_line(with_printable_urls(why)).rstrip('.')}: {CHECK_OPTIONS}")


def _paths(kubeconfig: Any) -> list[str]:
    return [path for path in kubeconfig.split(os.pathsep) if path] if isinstance(kubeconfig, str) else []
