# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates, keys and kubeconfig files of one control plane."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


@dataclass(frozen=True)
class Identity:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority for one control plane. All its files are in one folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._authority = folder, trustme.CA(organization_name="control plane for tests")
        self.certificate = folder / "ca.crt"
        self._authority.cert_pem.write_to_path(str(self.certificate))

    def server(self, name: str) -> Identity:
        """A certificate for a server on loopback."""
        return self._issue(name, "127.0.0.1", "localhost", "kubernetes.default.svc")

    def client(self, user: str, group: str = "") -> Identity:
        """A client certificate. Its common name is the Kubernetes user, its organization the group."""
        return self._issue(user.replace(":", "-"), "localhost", user=user, group=group)

    def signing_key(self) -> Path:
        """A key that signs service account tokens."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        target = self._folder / "service-accounts.key"
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        target.write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
        return target

    def _issue(self, file: str, *names: str, user: str = "", group: str = "") -> Identity:
        leaf = self._authority.issue_cert(*names, common_name=user or None, organization_name=group or None)
        identity = Identity(self._folder / f"{file}.crt", self._folder / f"{file}.key")
        leaf.cert_chain_pems[0].write_to_path(str(identity.certificate))
        leaf.private_key_pem.write_to_path(str(identity.key))
        identity.key.chmod(0o600)
        return identity


def write_kubeconfig(
    target: Path, url: str, authority: Path, identity: Identity | None = None, token: str = ""
) -> Path:
    """A kubeconfig with one context for a certificate or a bearer token. JSON is YAML."""
    user: dict[str, Any] = {"token": token}
    if identity is not None:
        user = {
            "client-certificate-data": _encoded(identity.certificate),
            "client-key-data": _encoded(identity.key),
        }
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {"server": url, "certificate-authority-data": _encoded(authority)}}],
        "users": [{"name": "user", "user": user}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "user"}}],
        "current-context": "test",
    }
    target.write_text(json.dumps(content, indent=1))
    target.chmod(0o600)
    return target


def _encoded(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
