# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""CPI's configuration file: its values, whether CPI accepts it, and the edit that options ask for. Pure.

Sources: CPI's ``pkg/config/cloudconfig.go`` (decoding, validation at start) and ``pkg/vcdsdk/ipam.go`` (use of the
one-arm range).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import is_ipv4, sort_key
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.decoder import Values, decode, zero
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.document import (
    Alias,
    Document,
    Mapping,
    Node,
    Scalar,
    find,
    read_document,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.events import NotYaml
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.schema import (
    CLOUD_CONFIG,
    VCD,
    Struct,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import LONGEST_VALUE, InvalidInput, shortened
from ansible_collections.vcd.kubernetes.plugins.module_utils._printable import printable
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._urls import printable_url
from ansible_collections.vcd.kubernetes.plugins.module_utils._versions import (
    CPI_WITH_SHARED_IP,
    CPI_WITH_VDC_OF_NETWORK,
    Version,
)

INVALID = "invalid"
_YAML_1_1 = re.compile(r"0?1\.0?1")  # the only version that yaml.v2 reads
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/\s]")
MASK = "********"
_SECRET_KEYS = tuple(name for name, key in VCD.keys.items() if key.secret)
_SECRET_COMMENT = re.compile(rf"(?im)^([^#\n]*#.*?\b(?:{'|'.join(_SECRET_KEYS)}|password)\b\s*[:=]\s*)(\S.*)$")


@dataclass(frozen=True)
class OneArm:
    """The range of internal IPs for virtual services, as strings exactly as in the file."""

    start_ip: str
    end_ip: str

    def problems(self) -> list[str]:
        """The reasons why CPI cannot use the range."""
        found = [
            f"oneArm.{name}: {shortened(repr(text), LONGEST_VALUE)} is not an IPv4 address"
            for name, text in (("startIP", self.start_ip), ("endIP", self.end_ip))
            if not is_ipv4(text)
        ]
        if not found and sort_key(self.start_ip) > sort_key(self.end_ip):
            # CPI counts up from startIP until it reaches endIP: with a reversed range it uses addresses outside of it.
            found.append(f"oneArm: the range is reversed, {self.start_ip} comes after {self.end_ip}")
        return found

    def as_dict(self) -> dict[str, str]:
        """The range in the format of the option ``one_arm``."""
        return {"start_ip": self.start_ip, "end_ip": self.end_ip}


@dataclass(frozen=True)
class CloudConfig:
    """One file, decoded and validated. CPI runs with it if ``problems`` is empty.

    ``passed`` are its keys that the published CPI does not know, but that the extra keys allow.
    """

    text: str
    document: Document
    values: Values
    problems: tuple[str, ...]
    passed: tuple[str, ...] = ()

    @property
    def shared(self) -> bool:
        """``enableVirtualServiceSharedIP`` as CPI reads it; false when it is missing."""
        return bool(self.values["loadbalancer"]["enableVirtualServiceSharedIP"])

    @property
    def one_arm(self) -> OneArm | None:
        """The one-arm range; None when it is missing or null."""
        found = self.values["loadbalancer"]["oneArm"]
        return OneArm(found["startIP"], found["endIP"]) if found is not None else None

    @property
    def scenario(self) -> str:
        """The scenario, or ``invalid`` when CPI would not run with the file."""
        found = None if self.problems else Scenario.from_flags(self.shared, self.one_arm is not None)
        return found.value if found else INVALID

    @property
    def cluster_id(self) -> str:
        """``clusterid``; empty when CPI reads it from its environment."""
        return str(self.values["clusterid"])

    def public_values(self) -> Values:
        """The decoded values without user, secret and refreshtoken."""
        vcd = {name: value for name, value in self.values["vcd"].items() if name not in _SECRET_KEYS}
        return {**self.values, "vcd": vcd}


def read_config(text: str, version: Version | None = None, extra_keys: Collection[str] = ()) -> CloudConfig:
    """Decode and validate a file as CPI of this version does (None: unknown version). Never raises.

    ``extra_keys``: dotted paths of keys that this CPI knows in addition to those of the published one.
    """
    try:
        document = read_document(text)
    except NotYaml as error:
        return CloudConfig(text, Document(text, None, 0), zero(CLOUD_CONFIG), (f"not valid YAML: {error}",))
    if document.root is None or (isinstance(document.root, Scalar) and document.root.value in ("", "null", "~")):
        return CloudConfig(text, Document(text, None, 0), zero(CLOUD_CONFIG), ("the file is empty",))
    decoded = decode(document.root, extra_keys)
    problems = [*decoded.problems, *_document_problems(document), *_version_problems(decoded.seen, version)]
    if not decoded.problems:
        problems += _value_problems(decoded.values, version)
    return CloudConfig(text, document, decoded.values, tuple(problems), tuple(decoded.passed))


def _document_problems(document: Document) -> list[str]:
    """What yaml.v2 refuses before it reads any key, and what CPI would not read at all."""
    problems, versions = [], 0
    for one in document.directives:
        where = f"line {one.line + 1}"
        written = printable(shortened(f"%{one.name} {one.arguments}".rstrip(), LONGEST_VALUE))
        versions += one.name == "YAML"
        if one.name == "YAML" and not _YAML_1_1.fullmatch(one.arguments):
            problems.append(f"{where}: {written}: CPI reads YAML 1.1 only and stops at its start; remove the line")
        elif one.name == "YAML" and versions > 1:
            problems.append(f"{where}: {written} is given twice, and CPI stops at its start; keep one")
        elif one.name not in ("YAML", "TAG"):
            problems.append(f"{where}: {written}: CPI stops at a directive that it does not know; remove the line")
    if document.others:
        problems.append(
            f"the file contains {document.others + 1} YAML documents, but CPI reads only the first; remove the others"
        )
    return problems


def _version_problems(seen: set[str], version: Version | None) -> list[str]:
    if version is None:
        return []
    name = ".".join(map(str, version))
    if version < CPI_WITH_SHARED_IP:
        return [f"CPI {name} cannot share IP addresses and uses another file layout; CPI 1.2.0 or later is required"]
    return [
        f"{path}: CPI {name} does not know this key and rejects the file; it was added in {'.'.join(map(str, since))}"
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


def _value_problems(values: Values, version: Version | None) -> list[str]:
    balancer, vcd = values["loadbalancer"], values["vcd"]
    host = vcd["host"].rstrip("/")
    needed = [
        ("vcd.host", host),
        ("loadbalancer.network", balancer["network"]),
        ("vAppName", values["vAppName"]),
        ("vcd.org", vcd["org"]),  # CPI starts without it, and then tries to log in again and again
    ]
    if version is None or version >= CPI_WITH_VDC_OF_NETWORK:
        needed.append(("vcd.vdc", vcd["vdc"]))  # CPI logs in without it, and then finds no network
    problems = [f"{path} is missing or empty; CPI requires it" for path, value in needed if not value]
    if host and not _SCHEME.match(host):
        shown = shortened(printable_url(host), LONGEST_VALUE)
        problems.append(f"vcd.host: {shown!r} is not a URL, and CPI cannot log in; write https://{shown}")
    if balancer["oneArm"] is not None:
        one_arm = OneArm(balancer["oneArm"]["startIP"], balancer["oneArm"]["endIP"])
        problems += [f"loadbalancer.{problem}" for problem in one_arm.problems()]
    elif not balancer["enableVirtualServiceSharedIP"]:
        problems.append(
            "loadbalancer: enableVirtualServiceSharedIP is false and oneArm is missing; CPI requires one of them"
        )
    return problems


def masked(config: CloudConfig) -> str:
    """The file with user, secret and refreshtoken masked, also where their values occur elsewhere in the file."""
    if config.document.root is None:
        return f"({'; '.join(config.problems)})"
    text, secrets = config.text, set()
    for name, node in sorted(_secret_nodes(config.document.root), key=lambda found: found[1].start, reverse=True):
        text = f"{text[: node.start]}{MASK}{text[node.end :]}"
        # A user name such as "kube" may be part of other words; masking it everywhere would make the file unreadable.
        if isinstance(node, Scalar) and name != "user" and len(node.value) > 3:
            secrets.add(node.value)
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return _SECRET_COMMENT.sub(rf"\g<1>{MASK}", text)


def _secret_nodes(root: Node) -> list[tuple[str, Node]]:
    """The values of all keys with the name of a secret, at any depth, in upper or lower case."""
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
    """The requested change: None leaves a part unchanged; ``remove_one_arm`` removes the section."""

    shared: bool | None = None
    one_arm: OneArm | None = None
    remove_one_arm: bool = False


def edit_from_options(
    scenario: str | None, shared: bool | None, one_arm: dict[str, Any] | None, present: OneArm | None
) -> FileEdit:
    """The edit that the module's options ask for; ``present`` is the range in the file. Raises InvalidInput."""
    given, empty = _one_arm_option(one_arm)
    if scenario is None:
        return FileEdit(shared, given, remove_one_arm=empty)
    if scenario == Scenario.SHARED_EXTERNAL.value:
        if given is not None:
            raise InvalidInput("one_arm", one_arm, f"scenario {scenario} has no internal range; omit one_arm")
        return FileEdit(shared=True, remove_one_arm=True)
    if given is None and (empty or present is None or present.problems()):
        raise InvalidInput("one_arm", one_arm, f"scenario {scenario} requires a range: give start_ip and end_ip")
    return FileEdit(shared=scenario == Scenario.SHARED_INTERNAL.value, one_arm=given)


def _one_arm_option(one_arm: dict[str, Any] | None) -> tuple[OneArm | None, bool]:
    """The given range, and whether an empty one was given, which removes the section."""
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
