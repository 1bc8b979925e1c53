# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Certificates of the library as vcd_certificate writes them: options, bodies, and what a rotation replaces. Pure.

The options have the names of the Terraform provider's vcd_library_certificate; its alias is the name here. Only the
alias and the description of a certificate can be changed, so a rotation creates a new one in its place.
"""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.certificate.resource import PEM, expiry_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd import checks

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
except ImportError:  # a host without ansible-core: Cloud Director alone compares the key with the certificate
    x509 = None  # type: ignore[assignment]  # the name has to exist without the library

Body = dict[str, Any]
FIELDS = {"name": "alias", "description": "description"}
LONGEST = 128  # characters of an alias
SERVICE, POOL = "loadBalancerVirtualService", "loadBalancerPool"


def from_options(params: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted name and description, where they are set. Raises CollectionError for options that cannot work."""
    wanted = checks.given(params, *FIELDS)
    if "name" in wanted and len(checks.name("name", wanted["name"])) > LONGEST:
        raise InvalidInput("name", wanted["name"], f"has {len(wanted['name'])} characters: give at most {LONGEST}")
    chain = params.get("certificate")
    if chain is not None and not _is_chain(chain):
        raise InvalidInput(
            "certificate", chain, "is not one or more certificates in PEM form: give the text of the file"
        )
    for option in ("private_key", "private_key_passphrase"):
        if params.get(option) and chain is None:
            raise CollectionError(f"{option}: is written with a certificate only: give certificate, too", option=option)
    if params.get("private_key"):
        _check_key(chain or "", params["private_key"], params.get("private_key_passphrase"))
    return wanted


def _is_chain(text: str) -> bool:
    return bool(PEM.search(text)) and (x509 is None or expiry_of(text) is not None)


def _check_key(chain: str, key: str, passphrase: str | None) -> None:
    """Raise CollectionError, without the key, if it is no key, cannot be opened, or belongs to another certificate."""
    if not re.search(r"-----BEGIN [A-Z ]*PRIVATE KEY-----", key):
        raise CollectionError("private_key: is not a key in PEM form: give the text of the file", option="private_key")
    if x509 is None:
        return
    secret = passphrase.encode() if passphrase else None
    try:
        found = serialization.load_pem_private_key(key.encode(), secret)
    except TypeError:  # a missing passphrase, or an unnecessary one, which Cloud Director ignores
        remedy = "give its passphrase as private_key_passphrase" if secret is None else "omit private_key_passphrase"
        raise CollectionError(f"private_key: cannot be opened: {remedy}", option="private_key") from None
    except ValueError:
        remedy = "check the text, and private_key_passphrase"
        raise CollectionError(f"private_key: cannot be opened: {remedy}", option="private_key") from None
    first = x509.load_pem_x509_certificate(PEM.findall(chain)[0].encode())
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if found.public_key().public_bytes(*form) != first.public_key().public_bytes(*form):
        raise CollectionError(
            "private_key: does not belong to the first certificate in the option certificate", option="private_key"
        )


def chain_of(text: str | None) -> tuple[str, ...]:
    """The certificates in a PEM text, for comparison: line breaks and any text around them do not matter."""
    return tuple("".join(one.split()) for one in PEM.findall(text or ""))


def staging_name(name: str, chain: str) -> str:
    """The alias of a new certificate while it replaces the one with this name, because names are unique."""
    digest = hashlib.sha256("".join(chain_of(chain)).encode()).hexdigest()[:8]
    return f"{name}{_STAGING}{digest})"


_STAGING = " (rotation "


def is_staged_for(alias: str, name: str) -> bool:
    """Whether a rotation of the certificate with this name uses an alias."""
    return re.fullmatch(rf"{re.escape(name + _STAGING)}[0-9a-f]{{8}}\)", alias) is not None


def to_replace(current: Body, staged: Iterable[Body], chain: str) -> tuple[Body | None, list[Body]]:
    """The certificate to keep, which has this chain (None: it has to be created), and those to be removed."""
    rows = [current, *staged]
    kept = next((row for row in rows if chain_of(row.get("certificate")) == chain_of(chain)), None)
    return kept, [row for row in rows if row is not kept]


def moved(kind: str, body: Mapping[str, Any], old: str, new: Mapping[str, Any]) -> Body:
    """A copy of the body of a virtual service or a pool that uses the new certificate instead of the old one."""
    changed: Body = copy.deepcopy(dict(body))
    if kind == SERVICE:
        if (body.get("certificateRef") or {}).get("id") == old:
            changed["certificateRef"] = dict(new)
        return changed
    used = [dict(new) if one.get("id") == old else one for one in body.get("caCertificateRefs") or []]
    changed["caCertificateRefs"] = list({str(one.get("id")): one for one in used}.values())
    return changed


def apply(body: Mapping[str, Any], changes: Mapping[str, Any], references: Mapping[str, Any]) -> Body:
    """A copy of an API body with changes applied (keys as in the certificate's `to_result`)."""
    return {**copy.deepcopy(dict(body)), **{FIELDS[key]: value for key, value in changes.items()}}
