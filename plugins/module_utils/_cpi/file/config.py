# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""CPI's configuration file: what it says, whether CPI would run with it, and what it would say after a change.

Pure: text in, text and judgement out. Facts are from CPI's ``pkg/config/cloudconfig.go`` (decoding, validation at
start) and ``pkg/vcdsdk/ipam.go`` (what the one-arm range is used for).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import is_ipv4, sort_key
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.decoder import Values, decode, zero
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.document import (
    Alias,
    Document,
    Mapping,
    Node,
    NotYaml,
    Scalar,
    find,
    read_document,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.schema import (
    CLOUD_CONFIG,
    VCD,
    Struct,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._versions import CPI_WITH_SHARED_IP, Version

INVALID = "invalid"
MASK = "********"
_SECRET_KEYS = tuple(name for name, key in VCD.keys.items() if key.secret)
_SECRET_COMMENT = re.compile(rf"(?im)^([^#\n]*#.*?\b(?:{'|'.join(_SECRET_KEYS)}|password)\b\s*[:=]\s*)(\S.*)$")


@dataclass(frozen=True)
class OneArm:
    """The internal range that virtual services take their addresses from (texts as in the file)."""

    start_ip: str
    end_ip: str

    def problems(self) -> list[str]:
        """What keeps CPI from using the range."""
        found = [
            f"oneArm.{name}: {text!r} is not an IPv4 address"
            for name, text in (("startIP", self.start_ip), ("endIP", self.end_ip))
            if not is_ipv4(text)
        ]
        if not found and sort_key(self.start_ip) > sort_key(self.end_ip):
            # CPI counts up from startIP until it meets endIP: reversed, it hands out addresses beyond the range.
            found.append(f"oneArm: the range is reversed, {self.start_ip} comes after {self.end_ip}")
        return found

    def as_dict(self) -> dict[str, str]:
        """As the option ``one_arm``."""
        return {"start_ip": self.start_ip, "end_ip": self.end_ip}


@dataclass(frozen=True)
class CloudConfig:
    """One file, decoded and judged. ``problems`` empty means that CPI runs with it."""

    text: str
    document: Document
    values: Values
    problems: tuple[str, ...]

    @property
    def shared(self) -> bool:
        """``enableVirtualServiceSharedIP`` as CPI reads it; absent is false."""
        return bool(self.values["loadbalancer"]["enableVirtualServiceSharedIP"])

    @property
    def one_arm(self) -> OneArm | None:
        """The one-arm range; None when it is absent or null."""
        found = self.values["loadbalancer"]["oneArm"]
        return OneArm(found["startIP"], found["endIP"]) if found is not None else None

    @property
    def scenario(self) -> str:
        """The scenario, or ``invalid`` when CPI does not run with the file."""
        found = None if self.problems else Scenario.from_flags(self.shared, self.one_arm is not None)
        return found.value if found else INVALID

    @property
    def cluster_id(self) -> str:
        """``clusterid``; empty when CPI takes it from the environment."""
        return str(self.values["clusterid"])

    def public_values(self) -> Values:
        """The decoded values without user, secret and refreshtoken."""
        vcd = {name: value for name, value in self.values["vcd"].items() if name not in _SECRET_KEYS}
        return {**self.values, "vcd": vcd}


def read_config(text: str, version: Version | None = None) -> CloudConfig:
    """Judge a file as the CPI of that version does (None: a version that is not known). Never raises."""
    try:
        document = read_document(text)
    except NotYaml as error:
        return CloudConfig(text, Document(text, None, 0), zero(CLOUD_CONFIG), (f"not YAML: {error}",))
    if document.root is None or (isinstance(document.root, Scalar) and document.root.value in ("", "null", "~")):
        return CloudConfig(text, Document(text, None, 0), zero(CLOUD_CONFIG), ("the file is empty",))
    decoded = decode(document.root)
    problems = [*decoded.problems, *_document_problems(document), *_version_problems(decoded.seen, version)]
    if not decoded.problems:
        problems += _value_problems(decoded.values)
    return CloudConfig(text, document, decoded.values, tuple(problems))


def _document_problems(document: Document) -> list[str]:
    if not document.others:
        return []
    return [
        f"the file holds {document.others + 1} YAML documents, of which CPI reads only the first; remove the others"
    ]


def _version_problems(seen: set[str], version: Version | None) -> list[str]:
    if version is None:
        return []
    name = ".".join(map(str, version))
    if version < CPI_WITH_SHARED_IP:
        return [f"CPI {name} cannot share IP addresses and has another file layout; CPI 1.2.0 or later is needed"]
    return [
        f"{path}: CPI {name} does not know this key and would stop; it came with {'.'.join(map(str, since))}"
        for path, since in sorted(_since(CLOUD_CONFIG))
        if path in seen and version < since
    ]


def _since(struct: Struct, path: str = "") -> list[tuple[str, Version]]:
    found: list[tuple[str, Version]] = []
    for name, key in struct.keys.items():
        dotted = f"{path}.{name}" if path else name
        if key.since:
            found.append((dotted, key.since))
        if isinstance(key.kind, Struct):
            found += _since(key.kind, dotted)
    return found


def _value_problems(values: Values) -> list[str]:
    balancer = values["loadbalancer"]
    needed = (
        ("vcd.host", values["vcd"]["host"].rstrip("/")),
        ("loadbalancer.network", balancer["network"]),
        ("vAppName", values["vAppName"]),
    )
    problems = [f"{path} is missing or empty; CPI needs it" for path, value in needed if not value]
    if balancer["oneArm"] is not None:
        one_arm = OneArm(balancer["oneArm"]["startIP"], balancer["oneArm"]["endIP"])
        problems += [f"loadbalancer.{problem}" for problem in one_arm.problems()]
    elif not balancer["enableVirtualServiceSharedIP"]:
        problems.append(
            "loadbalancer: enableVirtualServiceSharedIP is false and oneArm is missing; CPI needs one of them"
        )
    return problems


def masked(config: CloudConfig) -> str:
    """The file for people to see: user, secret and refreshtoken masked, also where the text repeats their values."""
    if config.document.root is None:
        return f"({'; '.join(config.problems)})"
    text, secrets = config.text, set()
    for name, node in sorted(_secret_nodes(config.document.root), key=lambda found: found[1].start, reverse=True):
        text = f"{text[: node.start]}{MASK}{text[node.end :]}"
        # A user name may be part of other words (kube), and masking those would hide the file itself.
        if isinstance(node, Scalar) and name != "user" and len(node.value) > 3:
            secrets.add(node.value)
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return _SECRET_COMMENT.sub(rf"\g<1>{MASK}", text)


def _secret_nodes(root: Node) -> list[tuple[str, Node]]:
    """The values of all keys that are called like a secret, however deep and however they are written."""
    found: dict[int, tuple[str, Node]] = {}
    pending, seen = [root], set()
    while pending:
        node = pending.pop()
        if id(node) in seen or not isinstance(node, Mapping):
            continue
        seen.add(id(node))
        for key, value in node.entries:
            target = value.target if isinstance(value, Alias) else value
            name = key.value.lower() if isinstance(key, Scalar) else ""
            if target is not None and name in _SECRET_KEYS and target.end > target.start:
                found[target.start] = (name, target)
            elif target is not None:
                pending.append(target)
    return list(found.values())


@dataclass(frozen=True)
class FileEdit:
    """What an operator asks for: None leaves a part as it is; ``remove_one_arm`` takes the section out."""

    shared: bool | None = None
    one_arm: OneArm | None = None
    remove_one_arm: bool = False


def edit_from_options(
    scenario: str | None, shared: bool | None, one_arm: dict[str, Any] | None, present: OneArm | None
) -> FileEdit:
    """The wanted_edit that the module's options make; ``present`` is the range in the file. Raises InvalidInput."""
    given, empty = _one_arm_option(one_arm)
    if scenario is None:
        return FileEdit(shared, given, remove_one_arm=empty)
    if scenario == Scenario.SHARED_EXTERNAL.value:
        if given is not None:
            raise InvalidInput("one_arm", one_arm, f"scenario {scenario} has no internal range; leave one_arm out")
        return FileEdit(shared=True, remove_one_arm=True)
    if given is None and (empty or present is None or present.problems()):
        raise InvalidInput("one_arm", one_arm, f"scenario {scenario} needs an internal range: give start_ip and end_ip")
    return FileEdit(shared=scenario == Scenario.SHARED_INTERNAL.value, one_arm=given)


def _one_arm_option(one_arm: dict[str, Any] | None) -> tuple[OneArm | None, bool]:
    """The range that was given, and whether an empty one was given (which means: remove it)."""
    if one_arm is None:
        return None, False
    start, end = (str(one_arm.get(name) or "") for name in ("start_ip", "end_ip"))
    if not start and not end:
        return None, True
    for name, text in (("start_ip", start), ("end_ip", end)):
        if not is_ipv4(text):
            raise InvalidInput(f"one_arm.{name}", text, "give an IPv4 address such as 192.168.8.2")
    if sort_key(start) > sort_key(end):
        raise InvalidInput("one_arm", f"{start}-{end}", "the range is reversed; swap start_ip and end_ip")
    return OneArm(start, end), False


def config_section(config: CloudConfig) -> Mapping | None:
    """The ``loadbalancer`` section as a node; None when it is missing, empty or an alias."""
    if not isinstance(config.document.root, Mapping):
        return None
    entry = find(config.document.root, "loadbalancer")
    return entry[1] if entry and isinstance(entry[1], Mapping) else None
