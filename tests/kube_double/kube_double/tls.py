# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A temporary certificate authority, and the files for clients: CA and kubeconfig."""

from __future__ import annotations

import base64
import os
import pathlib
import ssl

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


def write_kubeconfig(path: pathlib.Path, url: str, authority: trustme.CA, users: list[User]) -> None:
    """Write one context for each user, named after it; the first is current. Only the owner can read the file."""
    content: Json = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": users[0].name,
        "clusters": [{"name": "double", "cluster": {"server": url, "certificate-authority-data": _data(authority)}}],
        "users": [{"name": user.name, "user": {"token": user.token}} for user in users],
        "contexts": [{"name": user.name, "context": {"cluster": "double", "user": user.name}} for user in users],
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        yaml.safe_dump(content, stream, sort_keys=False)


def _data(authority: trustme.CA) -> str:
    return base64.b64encode(authority.cert_pem.bytes()).decode()
