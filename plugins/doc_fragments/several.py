# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of lists of objects, see Several in module_utils/_vcd/several.py.

An entry of a list has the options that the module has for one object, so its documentation is taken from there.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.vcd.kubernetes.plugins.doc_fragments import rename, state

MODULES = Path(__file__).resolve().parents[1] / "modules"
LISTS = {
    "app_port_profiles": "application port profiles",
    "ip_sets": "IP sets",
    "nat_rules": "NAT rules",
    "pools": "pools",
    "virtual_services": "virtual services",
}
OF_ONE = {"vcd.kubernetes.state": state, "vcd.kubernetes.rename": rename}


def documentation(module: str) -> Any:
    """The documentation of a module of this collection."""
    tree = ast.parse((MODULES / f"{module}.py").read_text(encoding="utf-8"))
    (text,) = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DOCUMENTATION"
    ]
    return yaml.safe_load(ast.literal_eval(text))


def _several(plural: str, words: str) -> str:
    """The option ``plural`` of the module for these objects, with the options of one of them."""
    own = documentation(f"vcd_{plural.removesuffix('s')}")
    options: dict[str, Any] = {}
    for name, fragment in OF_ONE.items():
        if name in own["extends_documentation_fragment"]:
            options |= yaml.safe_load(fragment.ModuleDocFragment.DOCUMENTATION)["options"]
    options |= {name: option for name, option in own["options"].items() if name != plural}
    for option in options.values():
        option.pop("default", None)
    alone = " and ".join(f"O({name})" for name in ("name", "id", "new_name") if name in options)
    listed = {
        "description": [
            f"Several {words} in one task. Each entry has the options of one object. The entries are processed in the "
            "order of the list.",
            "An option that an entry does not set is taken from the same option beside the list. "
            f"Only {alone} cannot be set there.",
            "All entries are checked, also against one another, before the first is written. If a write fails, the "
            "message names the entry and those that were written. Run the task again to write the others.",
            "The module waits after the last write. O(wait_timeout) limits all waits together.",
        ],
        "type": "list",
        "elements": "dict",
        "suboptions": options,
    }
    return yaml.safe_dump({"options": {plural: listed}}, sort_keys=False, width=1000)


class ModuleDocFragment:
    """Fragments vcd.kubernetes.several.<list>: NAT_RULES and so on."""


# outside of the class, where the sanity test yamllint takes only constants
for _plural, _words in LISTS.items():
    setattr(ModuleDocFragment, _plural.upper(), _several(_plural, _words))
