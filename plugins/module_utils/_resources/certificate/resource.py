# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Certificates of the library: convert API bodies to module results. Pure.

The API tells no expiry: it is in the certificate itself, which the library cryptography reads. ansible-core brings it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

try:
    from cryptography import x509
except ImportError:  # a host without ansible-core: only the expiry stays unknown
    x509 = None  # type: ignore[assignment]  # the name has to exist without the library

PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def to_result(body: Mapping[str, Any]) -> dict[str, Any]:
    """A certificate of the library. ``expires``: when the first of its chain does (ISO 8601, UTC); None if unknown."""
    return {
        "id": body.get("id"),
        "name": body.get("alias"),
        "description": body.get("description") or "",
        "expires": expiry_of(str(body.get("certificate") or "")),
    }


def expiry_of(chain: str) -> str | None:
    """When the first certificate of a PEM chain expires (ISO 8601, UTC); None if that cannot be read."""
    if x509 is None:
        return None
    try:
        found = [_expiry(x509.load_pem_x509_certificate(one.encode())) for one in PEM.findall(chain)]
    except ValueError:
        return None
    return min(found).isoformat(timespec="seconds") if found else None


def _expiry(certificate: Any) -> datetime:
    """``not_valid_after_utc`` is of cryptography 42; the older ``not_valid_after`` is UTC without saying so."""
    found: datetime | None = getattr(certificate, "not_valid_after_utc", None)
    return found or certificate.not_valid_after.replace(tzinfo=timezone.utc)
