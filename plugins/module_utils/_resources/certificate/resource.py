# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Certificates of the library: convert API bodies to module results. Pure.

The API does not return the expiry. It is read from the certificate itself with the library cryptography, which
ansible-core depends on.
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
    """A certificate of the library. ``expires``: when the first one in its chain expires (ISO 8601, UTC), or None."""
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
    """``not_valid_after_utc`` came with cryptography 42; the older ``not_valid_after`` is UTC without a time zone."""
    found: datetime | None = getattr(certificate, "not_valid_after_utc", None)
    return found or certificate.not_valid_after.replace(tzinfo=timezone.utc)
