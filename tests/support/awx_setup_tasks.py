# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks of extensions/awx/awx_setup.yml, one call of a module of awx.awx for each element of their lists."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from awx_jobs import EXTENSION, data, raw_data

PREFIX = "awx.awx."


class AwxModuleCall(NamedTuple):
    """A module with its arguments, as Ansible would pass them, and the list element that they come from."""

    module: str
    arguments: dict[str, Any]
    item: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The kind and name of the object, for messages."""
        return f"{self.module} {self.item.get('name') or self.item['identifier']}"

    @property
    def main(self) -> Callable[[], None]:
        """The module's main()."""
        loaded = importlib.import_module(f"ansible_collections.awx.awx.plugins.modules.{self.module}")
        found: Callable[[], None] = loaded.main
        return found


def tasks() -> list[dict[str, Any]]:
    """The tasks with a module of awx.awx, with their templates."""
    from ansible.parsing.dataloader import DataLoader

    (play,) = DataLoader().load_from_file(str(EXTENSION / "awx_setup.yml"), trusted_as_template=True)
    return [task for task in play["tasks"] if any(str(key).startswith(PREFIX) for key in task)]


def list_of(task: Mapping[str, Any]) -> str:
    """The variable with the list that a task loops over."""
    return str(task["loop"]).strip("{} ").partition(" ")[0]


def calls(**settings: Any) -> Iterator[AwxModuleCall]:
    """All calls in their order, for a site with these settings."""
    from ansible.parsing.dataloader import DataLoader
    from ansible.template import Templar

    known = {**raw_data(), **settings, **data(**settings)}
    for task in tasks():
        (key,) = [key for key in task if str(key).startswith(PREFIX)]
        for item in Templar(loader=DataLoader(), variables=known).template(task["loop"]):
            variables = {**known, **task.get("vars", {}), "item": item}
            arguments = Templar(loader=DataLoader(), variables=variables).template(task[key])
            yield AwxModuleCall(
                key.removeprefix(PREFIX), dict(arguments), item if isinstance(item, Mapping) else item[1]
            )
