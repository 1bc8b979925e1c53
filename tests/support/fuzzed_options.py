# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of options beyond what a test author would write, drawn from the specs of the modules: sound, odd and wrong.

A set depends only on its seed, so each can be reproduced. A new option needs no line here: its type says what is drawn
for it, and words in its name say from which objects.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec

Options = dict[str, Any]
Option = Mapping[str, Any]
# They change how a module reaches the server, or how long it waits: a busy machine must not decide a test.
LEFT_OUT = frozenset(
    {
        "url", "org", "user", "password", "api_token", "token", "tenant", "validate_certs", "ca_path", "host",
        "api_key", "kubeconfig", "context", "proxy", "no_proxy", "username", "ca_cert", "client_cert", "client_key",
        "impersonate_user", "impersonate_groups", "persist_config", "proxy_headers", "vcd", "kubernetes",
    }
)  # fmt: skip
SECRET = "fuzzed-secret-zQ9zQ"
ODD_TEXTS = (
    "", " ", "é", "web", "a" * 300, "two words", "x\ny", "\x1b[2J", "{{ x }}", "*", "a,b;c==d", "%2F..%2F", "../x", "'",
    '"', "null", "0", "-1", "true", "urn:vcloud:x", "urn:vcloud:vm:00000000-0000-4000-8000-000000000000", "\u202e",
)  # fmt: skip
NOWHERE = "0.0.0.0"  # noqa: S104  # nothing is bound to it
ADDRESSES = (
    "203.0.113.10", "203.0.113.20", "203.0.113.30", "203.0.113.31", "203.0.113.2", "10.10.0.11", "10.10.0.12",
    "192.168.8.2", "192.168.8.3", "198.51.100.20", "2001:db8::10", "2001:0DB8::0011", NOWHERE, "255.255.255.255",
    "10.10.0.300", "010.10.0.1", "10.10.0.0/24", "203.0.113.0/29", "10.10.0.1/24", "10.10.0.11/32", "0.0.0.0/0",
    "10.0.0.1-10.0.0.9", "10.0.0.9-10.0.0.1", "2001:db8::/64", "fd00::1/120", "192.168.250.1/25", "any",
)  # fmt: skip
PORTS = ("80", "443", "8000-8010", "90-80", "0", "65535", "65536", "any", "ANY", "80,90", " 80 ", "x")
NUMBERS = (0, 1, -1, 2, 5, 22, 53, 80, 443, 1000, 7200, 30080, 65535, 65536, 2**31, 10**12)
SECONDS = (-1, 0, 300, 600)
PATHS = ("/nonexistent/x", "", "/dev/null", "~/x")


class EstateNames:
    """The names and identifiers in an estate, found by words in the name of an object's kind."""

    def __init__(self, state: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
        self._by_kind = {kind: self._of(records) for kind, records in state.items() if kind != "tasks"}
        self.all = sorted({one for found in self._by_kind.values() for one in found})

    @staticmethod
    def _of(records: Iterable[Mapping[str, Any]]) -> list[str]:
        fields = ("name", "id", "alias", "value")
        return sorted({str(one[field]) for one in records for field in fields if one.get(field)})

    def like(self, option: str) -> list[str]:
        """Names from the kinds that share the most words with the name of an option; empty if no kind shares one."""
        wanted = _words(option)
        shared = {kind: len(wanted & _words(kind)) for kind in self._by_kind}
        most = max(shared.values(), default=0)
        return [one for kind, number in shared.items() if number == most and most for one in self._by_kind[kind]]


def _words(name: str) -> set[str]:
    return {word.removesuffix("s") for word in name.split("_")}


class Drawer:
    """Draws options, with ``source`` as the random generator."""

    def __init__(self, source: random.Random, words: EstateNames) -> None:
        self._random = source
        self._words = words

    def options(self, spec: ArgumentSpec, base: Options | None) -> Options:
        """Options of a module: a sound set (``base``) with a few changes, or a completely drawn set."""
        drawn = {name: one for name, one in spec.options.items() if name not in LEFT_OUT}
        if base is None:
            return self._of(drawn, 0.3)
        found = {name: value for name, value in base.items() if name not in drawn or not self._once(0.02)}
        for name in [one for one in found if one in drawn and self._once(0.08)]:
            found[name] = self._changed(name, drawn[name], found[name])
        more = [name for name in drawn if name not in base]
        for name in self._random.sample(more, min(len(more), self._random.choice((0, 1, 1, 1, 2, 3)))):
            found[name] = self.value(name, drawn[name])
        return found

    def _of(self, options: Mapping[str, Option], often: float) -> Options:
        return {
            name: self.value(name, one)
            for name, one in options.items()
            if self._once(0.97 if one.get("required") else often)
        }

    def _changed(self, name: str, option: Option, value: Any) -> Any:
        """Another value; or the same list or dictionary with one part changed."""
        if isinstance(value, list) and value and isinstance(value[0], dict) and self._once(0.7):
            place = self._random.randrange(len(value))
            return [*value[:place], self._with(option, value[place]), *value[place + 1 :]]
        if isinstance(value, dict) and self._once(0.7):
            return self._with(option, value)
        return self.value(name, option)

    def _with(self, option: Option, value: Options) -> Options:
        inner = option.get("options") or {}
        if not inner:
            return value
        name = self._random.choice(sorted(inner))
        return {**value, name: self._changed(name, inner[name], value.get(name))}

    def value(self, name: str, option: Option) -> Any:
        """A value for an option, mostly of its type."""
        if self._once(0.02):
            return self._random.choice(("", [], {}, None, 7, "x", [None], {"x": 1}, True))
        kind = str(option.get("type", "str"))
        if kind == "list":
            one = {**option, "type": option.get("elements", "str")}
            number = self._random.choice((0, 1, 1, 1, 2, 2, 3, 140)) if kind != "dict" else 1
            return [self.value(name, one) for _number in range(number)]
        if kind == "dict":
            inner = option.get("options")
            return self._of(inner, 0.35) if inner else self._random.choice(({}, {"x": 1}, {"cluster_id": "x"}))
        if option.get("choices") and not self._once(0.04):
            return self._random.choice(list(option["choices"]))
        if kind == "bool":
            return self._random.choice((True, False, True, False, "yes", "maybe"))
        if kind == "int":
            return self._random.choice(SECONDS if re.search("timeout|interval", name) else NUMBERS)
        if kind == "path":
            return self._random.choice(PATHS)
        return self._text(name, option)

    def _text(self, name: str, option: Option) -> str:
        if option.get("no_log"):
            return self._random.choice((SECRET, ""))
        if self._once(0.15):
            return self._random.choice((*ODD_TEXTS, *ADDRESSES, *PORTS, *self._words.all))
        if name == "api_version":
            return self._random.choice(("36.3", "37.0", "37.1", "37.2", "38.1", "39.0", "39.1", "37", "40.0", "x"))
        if re.search("address|ip$|ips$|members|vip|value", name) and self._once(0.8):
            return self._random.choice(ADDRESSES)
        if re.search("network|subnet", name) and self._once(0.5):
            return self._random.choice([one for one in ADDRESSES if "/" in one])
        if re.search("port", name) and self._once(0.7):
            return self._random.choice(PORTS)
        return self._random.choice(self._words.like(name) or self._words.all)

    def _once(self, chance: float) -> bool:
        return self._random.random() < chance
