# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Finds the files and roles of hooks on the controller, so that a plan refuses a wrong name, in check mode, too."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from ansible import constants
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.hooks import hooks_of


def found_hooks(option: str, value: Any, playbook_dir: str) -> list[dict[str, str]]:
    """The hooks of a variable, with files and roles as absolute paths; roles of collections keep their names.

    Raises InvalidInput for a hook of another form, and for a file or role that does not exist.
    """
    return [_found(option, hook, playbook_dir) for hook in hooks_of(option, value)]


def _found(option: str, hook: dict[str, str], playbook_dir: str) -> dict[str, str]:
    if "tasks" in hook:
        folders = [Path.cwd(), *([Path(playbook_dir)] if playbook_dir else [])]
        return {**hook, "tasks": str(_file(option, hook["tasks"], folders))}
    name = hook["role"]
    places = list(_places(name, playbook_dir))
    role = next((one for one in places if one.is_dir()), None)
    if role is None:
        raise InvalidInput(option, name, f"no role of this name in {_joined(one.parent for one in places)}")
    wanted = role / "tasks" / hook["tasks_from"]
    if not any(one.is_file() for one in (wanted, *(Path(f"{wanted}{end}") for end in (".yml", ".yaml")))):
        raise InvalidInput(option, hook["what"], f"the role has no task file {wanted}.yml: nothing would run")
    return hook if name.count(".") == 2 else {**hook, "role": str(role)}


def _file(option: str, name: str, folders: list[Path]) -> Path:
    path = Path(name).expanduser()
    candidates = [path] if path.is_absolute() else [folder / path for folder in folders]
    for one in candidates:
        if one.is_file() and os.access(one, os.R_OK):
            return one.resolve()
    raise InvalidInput(option, name, f"no file that can be read in {_joined(one.parent for one in candidates)}")


def _places(name: str, playbook_dir: str) -> Iterator[Path]:
    """Where Ansible looks for a role of this name."""
    if name.count(".") == 2:
        namespace, collection, role = name.split(".")
        try:
            package = import_module(f"ansible_collections.{namespace}.{collection}")
        except ImportError:
            yield from (Path(one) / "ansible_collections" / namespace / collection / "roles" / role for one in _paths())
            return
        yield from (Path(one) / "roles" / role for one in package.__path__)
        return
    folders = [Path(playbook_dir) / "roles"] if playbook_dir else []
    yield from (one / name for one in [*folders, Path.cwd() / "roles", *map(Path, constants.DEFAULT_ROLES_PATH)])


def _paths() -> list[str]:
    return [str(one) for one in constants.COLLECTIONS_PATHS]


def _joined(folders: Iterable[Path]) -> str:
    return " or ".join(dict.fromkeys(str(one) for one in folders))
