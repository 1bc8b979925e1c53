# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the table of survey questions in docs/awx.md: what no answer means, on each ansible-core.

    python tests/tools/write_awx_answers.py          # rewrite the part of the page between its markers
    python tests/tools/write_awx_answers.py --check  # exit code 1 if the page is out of date

tests/support/survey_answers.py checks that they agree: here on the newest one, in the gate `cores` on each.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import Any

import yaml
from places import ANSIBLE_OF_CORE, ROOT

PAGE = ROOT / "docs" / "awx.md"
BEGIN = "<!-- answers: begin, written by tests/tools/write_awx_answers.py -->"
END = "<!-- answers: end -->"
TEMPLATES = ROOT / "extensions" / "awx" / "data" / "controller_templates.yml"
DEFAULTS = ROOT / "roles" / "shared_ip" / "defaults" / "main.yml"
# For variables whose meaning is not in the role's defaults.
MEANING = {
    "shared_ip_scenario": "the one in CPI's file [1]",
    "shared_ip_hosts": "localhost, if there are no others [2]",
    "shared_ip_max_fail_percentage": "`100`",
    "shared_ip_report_file": "a new file",
    "shared_ip_restore_file": "the restore point in the cluster",
    "shared_ip_audit_file": "no file",
}


def surveyed() -> list[dict[str, Any]]:
    """All questions, each variable once."""
    found = yaml.safe_load(TEMPLATES.read_text(encoding="utf-8"))["controller_templates"]
    asked = [question for one in found for question in one["survey_spec"]["spec"]]
    return list({question["variable"]: question for question in asked}.values())


def rows() -> Iterator[str]:
    """The lines of the table."""
    defaults = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))
    cores = list(ANSIBLE_OF_CORE)
    yield f"| question | no answer means | {' | '.join(cores)} |"
    yield f"| --- | --- |{' --- |' * len(cores)}"
    for question in sorted(surveyed(), key=lambda one: str(one["variable"])):
        name = question["variable"]
        meaning = MEANING.get(name) or f"`{str(defaults[name]).lower()}`"
        yield f"| `{name}` | {meaning} |{' same |' * len(cores)}"


def renewed(page: str) -> str:
    """The page with a new table. ValueError if a marker is missing."""
    before, found, rest = page.partition(BEGIN)
    _old, closed, after = rest.partition(END)
    if not (found and closed):
        raise ValueError(f"the page needs the markers {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n" + "\n".join(rows()) + f"\n\n{END}{after}"


def main() -> int:
    """Rewrite the page, or only compare it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only compare")
    old = PAGE.read_text(encoding="utf-8")
    new = renewed(old)
    if parser.parse_args().check:
        return int(old != new)
    PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
