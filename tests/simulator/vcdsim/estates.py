# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Estates: YAML descriptions of a simulated VCD's objects, and how to build them."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from vcdsim.estate_builder import Builder
from vcdsim.estate_gateways import EstateError
from vcdsim.estate_schema import ESTATE
from vcdsim.simulated_vcd import SimulatedVcd

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_VALIDATOR = jsonschema.Draft202012Validator(ESTATE)


def shipped() -> list[str]:
    """Names of the shipped estates."""
    folder = resources.files("vcdsim") / "estates"
    return sorted(one.name.removesuffix(".yml") for one in folder.iterdir() if one.name.endswith(".yml"))


def load(name_or_path: str) -> dict[str, Any]:
    """The description of a shipped estate, by name, or of an estate file."""
    path = Path(name_or_path)
    source = resources.files("vcdsim") / "estates" / f"{name_or_path}.yml" if name_or_path in shipped() else path
    try:
        text = source.read_text(encoding="utf-8")
    except OSError as problem:
        raise EstateError(
            f"--estate {name_or_path}: {problem.strerror}; shipped are {', '.join(shipped())}"
        ) from problem
    try:
        description = yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader, in C where there is one
    except yaml.YAMLError as problem:
        raise EstateError(f"--estate {name_or_path}: not YAML: {' '.join(str(problem).split())}") from problem
    check(description)
    return dict(description)


def check(description: Any) -> None:
    """Raise EstateError if the description does not match the schema."""
    problem = next(iter(_VALIDATOR.iter_errors(description)), None)
    if problem:
        raise EstateError(f"estate{problem.json_path.removeprefix('$')}: {problem.message}")


def build(vcd: SimulatedVcd, description: dict[str, Any]) -> None:
    """Build the described objects in an empty VCD."""
    builder = Builder(vcd.store)
    builder.system(description.get("system", {}))
    for group in description.get("service_engine_groups", []):
        builder.service_engine_group(group)
    for profile in description.get("system_profiles", []):
        builder.profile(profile, None, "SYSTEM", None)
    spaces = description.get("ip_spaces", [])
    for space in spaces:
        if "organisation" not in space:
            builder.ip_space(space, None)
    for org in description["organisations"]:
        builder.organisation(org, [one for one in spaces if one.get("organisation") == org["name"]])
    repeat = description.get("repeat_edge_gateways")
    if repeat:
        builder.many_gateways(repeat)


__all__ = ["EstateError", "build", "check", "load", "shipped"]
