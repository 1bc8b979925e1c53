# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks what other platforms read of the collection with their own programs, in the environment that contains these.

The rulebooks: ansible-rulebook's schema, and its parser of sources, filters and conditions. The execution environment:
ansible-builder makes its build context, and finds in the collection what the modules import. Neither needs Java or a
container engine.

    python check_platforms.py EXTENSIONS COLLECTIONS CONTEXT
"""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from ansible_rulebook import rules_parser
from ansible_rulebook.validators import Validate

VARIABLES = ("webhook_host", "webhook_port", "webhook_token", "webhook_certfile", "webhook_keyfile", "awx_organization")
# ansible-builder omits PyYAML, because ansible-core depends on it.
NEEDED = {"jmespath", "netaddr>=0.10.1", "requests", "kubernetes>=24.2.0"}


def rulebooks(folder: Path) -> list[str]:
    """What is wrong with the rulebooks in a folder. They may differ only in their actions."""
    logging.disable()
    found, seen = [], {}
    for path in sorted(folder.glob("*.yml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        try:
            Validate.rulebook(content)
            rules_parser.parse_rule_sets(content, dict.fromkeys(VARIABLES, "given"))
        except Exception as error:  # noqa: BLE001  # it has many, and no common one
            found.append(f"{path.name}: {' '.join(str(error).split())[:400]}")
        seen[path.name] = without_actions(content)
    if len(seen) < 2:
        found.append(f"{folder} has {len(seen)} rulebooks")
    first = next(iter(seen.values()), None)
    return found + [f"{name} has other sources or conditions" for name, one in seen.items() if one != first]


def without_actions(content: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rulesets without the actions of their rules."""
    return [
        {**one, "rules": [{key: value for key, value in rule.items() if key != "action"} for rule in one["rules"]]}
        for one in content
    ]


def execution_environment(file: Path, collections: Path, context: Path) -> list[str]:
    """What is wrong with the execution environment, and with what it would install for the collections in a folder."""
    builder = str(Path(sys.executable).with_name("ansible-builder"))
    words = [builder, "create", "--file", str(file), "--context", str(context)]
    made = subprocess.run(words, capture_output=True, text=True, check=False)
    if made.returncode:
        return [f"{file.name}: {made.stdout}{made.stderr}"]
    words = [builder, "introspect", str(collections)]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    if result.returncode:
        return [f"ansible-builder introspect: {result.stdout}{result.stderr}"]
    python = (yaml.safe_load(result.stdout.partition("---")[2]) or {}).get("python", [])
    lines = {line.partition("#")[0].strip() for line in python}
    missing = NEEDED - lines
    return [f"an execution environment lacks {', '.join(sorted(missing))}: {result.stdout}"] if missing else []


def main(extensions: str, collections: str, context: str) -> int:
    """Print the problems; exit code 1 if there are any."""
    place = Path(extensions)
    problems = rulebooks(place / "eda" / "rulebooks")
    problems += execution_environment(place / "ee" / "execution-environment.yml", Path(collections), Path(context))
    print(*problems, sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
