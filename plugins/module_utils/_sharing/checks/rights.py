# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Whether the user may do in Cloud Director what is planned. It is the last check, because it needs the plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import (
    Finding,
    error,
    first_lines,
    info,
    passed,
    warning,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import (
    Granted,
    Operation,
    missing,
    unknown_warning,
)

CHECK = "rights"


def check_rights(granted: Granted, planned: Iterable[Operation]) -> Iterator[Finding]:
    """An error for each right that the plan needs and the user lacks; a warning where that is not known for certain."""
    planned = list(planned)
    lacking = missing(granted, planned)
    yield from ((error if one.stated else warning)(CHECK, one.text, one.remedy) for one in lacking)
    unknown = unknown_warning(granted, planned)
    if unknown:
        yield warning(CHECK, unknown)
    elif not lacking:
        yield info(CHECK, f"user {granted.user!r} (role {granted.role!r}) has every right that the plan needs")


def with_rights(preflight: dict[str, Any], granted: Granted, planned: Iterable[Operation]) -> dict[str, Any]:
    """The report of a preflight that has passed, with this check added at the end."""
    found = list(check_rights(granted, planned))
    findings = [*preflight["findings"], *(one.as_dict() for one in found)]
    return {**preflight, "findings": findings, "ok": passed(found), "summary": first_lines(found)}
