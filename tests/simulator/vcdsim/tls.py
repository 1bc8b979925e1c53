# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate authority and the server certificate of the simulator."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAMES = ("127.0.0.1", "localhost", "::1")


def prepare(folder: Path, host: str) -> tuple[Path, ssl.SSLContext]:
    """The CA file that clients trust, and the server's TLS context.

    Existing files are used again, so that clients need not trust a new CA at every start. The CA's key is not stored.
    """
    folder.mkdir(parents=True, exist_ok=True)
    authority, chain, key = folder / "ca.pem", folder / "server.pem", folder / "server.key"
    if not (authority.exists() and chain.exists() and key.exists()):
        ca = trustme.CA()
        leaf = ca.issue_cert(*dict.fromkeys([*NAMES, host]))
        ca.cert_pem.write_to_path(authority)
        chain.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
        key.touch(mode=0o600)
        leaf.private_key_pem.write_to_path(key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key)
    return authority.resolve(), context


def make_certificate(name: str) -> str:
    """A self-signed certificate in PEM form, valid for ten years."""

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
