# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which client sends which operation, found in journals. REFERENCE.md shows the recorded ones.

    python -m vcdsim.clients "CPI 1.6=cpi.jsonl:Swagger-Codegen,go-vcloud-director" "Terraform=terraform.jsonl" ...

adds what a journal shows to ``clients.json``. The words after the colon choose requests by how their User-Agent begins.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vcdsim.errors import ApiError
from vcdsim.operations import NOT_BUILT, OPERATIONS
from vcdsim.router import Router

CLIENTS = ("CPI 1.2", "CPI 1.6", "SDK v2", "SDK v3", "Terraform", "this collection")
RECORDED = Path(__file__).with_name("clients.json")
_ROUTER = Router(OPERATIONS, NOT_BUILT)


def operations_of(entries: Iterable[Mapping[str, Any]], agents: Sequence[str] = ()) -> set[str]:
    """METHOD and path template of each operation that succeeded, sent by one of these agents or by any."""
    found = set()
    for entry in entries:
        chosen = not agents or str(entry["agent"]).startswith(tuple(agents))
        if chosen and isinstance(entry["status"], int) and entry["status"] < 400:
            try:
                operation, _variables = _ROUTER.find(entry["method"], entry["path"])
            except ApiError:
                continue  # the control path
            found.add(f"{operation.method} {operation.path}")
    return found


def recorded() -> dict[str, list[str]]:
    """The operations of each client."""
    return {client: list(found) for client, found in json.loads(RECORDED.read_text(encoding="utf-8")).items()}


def unrecorded(client: str, entries: Iterable[Mapping[str, Any]], agents: Sequence[str] = ()) -> list[str]:
    """The operations in a journal that are not recorded for the client."""
    return sorted(operations_of(entries, agents) - set(recorded()[client]))


def main(arguments: Sequence[str]) -> int:
    """Add journals to the record."""
    known = recorded() if RECORDED.exists() else {}
    for argument in arguments:
        client, _equals, rest = argument.partition("=")
        file, _colon, agents = rest.partition(":")
        if client not in CLIENTS or not file:
            print(f"clients: {argument!r}: give CLIENT=JOURNAL, with one of {', '.join(CLIENTS)}", file=sys.stderr)
            return 2
        lines = Path(file).read_text(encoding="utf-8").splitlines()
        found = operations_of((json.loads(line) for line in lines), [one for one in agents.split(",") if one])
        known[client] = sorted(found | set(known.get(client, [])))
    ordered = {client: known.get(client, []) for client in CLIENTS}
    RECORDED.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
