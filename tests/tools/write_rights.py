# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the table of rights in plugins/module_utils/_vcd_rights.py into docs/rights-vcd.md.

    python tests/tools/write_rights.py          # rewrite the parts of the page between its markers
    python tests/tools/write_rights.py --check  # exit code 1 if the page is out of date

Standard library only, so that it runs anywhere.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "rights-vcd.md"
WIDTH = 120
SOURCE = ROOT / "plugins" / "module_utils" / "_vcd_rights.py"


def load(source: Path = SOURCE) -> ModuleType:
    """The table, which imports only the standard library."""
    spec = importlib.util.spec_from_file_location("vcd_rights_table", source)
    if spec is None or spec.loader is None:
        raise ValueError(f"{source} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def role(table: ModuleType) -> Iterator[str]:
    """The role for Terraform, one right a line, with when it is needed."""
    yield from ('resource "vcd_role" "vcd_kubernetes" {', '  org         = "acme"', '  name        = "vcd.kubernetes"')
    yield from ('  description = "Runs the Ansible collection vcd.kubernetes"', "  rights = [")
    for right, when in table.ROLE.items():
        yield f'    "{right}",' + (f" # {when}" if when else "")
    yield from ("  ]", "}")


def operations(table: ModuleType) -> Iterator[str]:
    """Which right each operation needs, and where that is known from."""
    for row in table.TABLE:
        write = {
            table.PROVIDER: "only the provider writes them",
            table.NOT_WRITTEN: "no module writes them",
        }.get(row.configure, f"`{row.configure}` to write them")
        evidence = "Stated" if row.stated else "Inferred"
        yield _item(f"**{row.things}**: `{row.view}` to read them, {write}. {evidence}: {row.source}.")


def modules(table: ModuleType) -> Iterator[str]:
    """The rights of each module and each stage of the role, and when a right is needed if only some runs need it."""
    for name, uses in table.USES.items():
        found: dict[str, list[str]] = {}
        for operation, when in uses:
            found.setdefault(table.right_for(operation), []).append(when)
        yield f"- **{name}**"
        for right, whens in sorted(found.items(), key=lambda one: ("" not in one[1], one[0])):
            only = "" if "" in whens else f": {'; '.join(dict.fromkeys(whens))}"
            yield _item(f"`{right}`{only}", "  ")


def _item(text: str, indent: str = "") -> str:
    """A list item, wrapped. Words keep their hyphens, so that names stay whole."""
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=f"{indent}- ",
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


PARTS: dict[str, tuple[str, Callable[[ModuleType], Iterator[str]]]] = {
    "role": ("```hcl", role),
    "operations": ("", operations),
    "modules": ("", modules),
}


def renewed(page: str, table: ModuleType) -> str:
    """The page with new parts between their markers. ValueError if a marker is missing."""
    for name, (fence, write) in PARTS.items():
        begin, end = f"<!-- {name}: begin, written by tests/tools/write_rights.py -->", f"<!-- {name}: end -->"
        before, found, rest = page.partition(begin)
        _old, closed, after = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"the page needs the markers {begin} and {end}")
        lines = [*([fence] if fence else []), *write(table), *(["```"] if fence else [])]
        page = f"{before}{begin}\n\n" + "\n".join(lines) + f"\n\n{end}{after}"
    return page


def main() -> int:
    """Rewrite the page, or only compare it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only compare")
    old = PAGE.read_text(encoding="utf-8")
    new = renewed(old, load())
    if parser.parse_args().check:
        return int(old != new)
    PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
