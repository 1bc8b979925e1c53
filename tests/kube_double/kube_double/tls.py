# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A temporary certificate authority, and the files for clients: CA and kubeconfig."""

from __future__ import annotations

import base64
import os
import pathlib
import ssl
from dataclasses import dataclass

import trustme
import yaml

from kube_double.access import User
from kube_double.errors import Json


def make_authority(directory: pathlib.Path) -> tuple[trustme.CA, pathlib.Path]:
    """Create a CA and write its certificate to ``ca.pem`` in ``directory``."""
    authority = trustme.CA(organization_name="kube_double")
    path = directory / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return authority, path


def server_context(authority: trustme.CA, host: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    names = sorted({host, "127.0.0.1", "::1", "localhost", "kubernetes"})
    authority.issue_cert(*names).configure_cert(context)
    return context


@dataclass(frozen=True)
class Context:
    """A context of the kubeconfig: a user of a cluster."""

    name: str
    cluster: str
    url: str
    user: str
    token: str


def contexts_of(cluster: str, url: str, users: list[User]) -> list[Context]:
    """A context for each user of a cluster, the administrator first.

    A single cluster has no name: each context has the user's name. With several clusters, the administrator's context
    has the cluster's name, and the others are called ``user@cluster``.
    """
    if not cluster:
        return [Context(user.name, "double", url, user.name, user.token) for user in users]
    return [
        Context(f"{user.name}@{cluster}" if number else cluster, cluster, url, f"{user.name}@{cluster}", user.token)
        for number, user in enumerate(users)
    ]


def write_kubeconfig(path: pathlib.Path, authority: trustme.CA, contexts: list[Context]) -> None:
    """Write the contexts; the first is current. Only the owner can read the file."""
    urls = {one.cluster: one.url for one in contexts}
    content: Json = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": contexts[0].name,
        "clusters": [
            {"name": name, "cluster": {"server": url, "certificate-authority-data": _data(authority)}}
            for name, url in urls.items()
        ],
        "users": [{"name": one.user, "user": {"token": one.token}} for one in contexts],
        "contexts": [{"name": one.name, "context": {"cluster": one.cluster, "user": one.user}} for one in contexts],
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        yaml.safe_dump(content, stream, sort_keys=False)


def _data(authority: trustme.CA) -> str:
    return base64.b64encode(authority.cert_pem.bytes()).decode()
