# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Candidates for CPI's file: real and odd files, changed at random in ways that YAML decoders disagree about.

The inserted pieces are in ``tests/fixtures/cpi/mutations.json``.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence

from cpi_helpers import FIXTURES, MINIMAL, file_of

PIECES: dict[str, list[str]] = json.loads((FIXTURES / "mutations.json").read_text(encoding="utf-8"))
RANGE = '  oneArm:\n    startIP: "192.168.8.2"\n    endIP: "192.168.8.100"\n'
WITHOUT_RANGE = MINIMAL.replace("false", "true").replace(RANGE, "")
BASES = (MINIMAL, MINIMAL, MINIMAL, MINIMAL.replace("\n", "\r\n"), WITHOUT_RANGE, *PIECES["bases"])
SAMPLES = sorted(path.stem for path in FIXTURES.glob("cpi-*.manifest"))
NOISE = "aab1  \t\n\n:#-?,[]{}&*!|>'\"%@`~\\\r.=<+_/x0n\u0085\u2028"
_ENTRY = re.compile(r"(?P<indent> *)(?P<key>[\w\"'.]+)(?P<colon>:[ \t]*)(?P<value>[^\n]*)")
_EDGES = re.compile(r"(?m)^|$|(?<=: )|(?<=:)|(?<=[{,])|\b")


def mutations(seed: int, count: int) -> Iterator[str]:
    """``count`` candidates, the same ones for the same seed. Text only: a ConfigMap cannot hold anything else."""
    dice = random.Random(seed)  # noqa: S311 - candidates that can be made again, not a secret
    samples = [file_of(name) for name in SAMPLES]
    for _number in range(count):
        text = dice.choice(BASES) if dice.random() < 0.85 else dice.choice(samples)
        for _step in range(dice.choice((1, 1, 1, 1, 1, 2, 2, 3))):
            text = dice.choice(MUTATIONS)(dice, text)
        yield text


def _piece(dice: random.Random, *kinds: str) -> str:
    return dice.choice(PIECES[dice.choice(kinds)])


def _characters(dice: random.Random, text: str) -> str:
    at = dice.randrange(len(text)) if text else 0
    until = at + dice.choice((1, 1, 1, 2, 5))
    any_character = chr(dice.choice((dice.randrange(128), dice.randrange(0xD800))))
    return dice.choice(
        (
            text[:at] + text[until:],
            text[:at] + text[at:until] * 2 + text[until:],
            text[:at] + text[at:until][::-1] + text[until:],
            text[:at] + any_character + text[at + 1 :],
        )
    )


def _token(dice: random.Random, text: str) -> str:
    places: Sequence[int] = range(len(text) + 1)
    if dice.random() < 0.5:
        places = [found.start() for found in _EDGES.finditer(text)]
    at = dice.choice(places)
    return text[:at] + _piece(dice, "tokens") + text[at:]


def _value(dice: random.Random, text: str) -> str:
    lines = text.split("\n")
    entries = [(number, found) for number, line in enumerate(lines) if (found := _ENTRY.match(line))]
    if not entries:
        return _token(dice, text)
    at, found = dice.choice(entries)
    colon = dice.choice((found["colon"], ": ", ":", ":  ", ":\t"))
    value = _piece(dice, "booleans", "nulls", "numbers", "strings", "strings")
    tail = dice.choice(("", "", "", " # c", "\t# c", "#c", " "))
    lines[at] = f"{found['indent']}{found['key']}{colon}{value}{tail}"
    return "\n".join(lines)


def _port(dice: random.Random, text: str) -> str:
    value = _piece(dice, "numbers", "numbers", "numbers", "nulls", "booleans")
    places = ("ports: {http: V}", "ports:\n    https: V", '"ports": {"http":V}', "ports: {http: V, https: V}")
    return text.replace("  network:", f"  {dice.choice(places).replace('V', value)}\n  network:", 1)


def _flag(dice: random.Random, text: str) -> str:
    value = _piece(dice, "booleans", "booleans", "nulls", "numbers", "strings")
    return re.sub(r'(SharedIP["\']?: )(\w+)', lambda found: found[1] + value, text)


def _key(dice: random.Random, text: str) -> str:
    entries = list(re.finditer(r"(?m)^( *)(\w+):", text))
    if not entries:
        return _token(dice, text)
    found = dice.choice(entries)
    return text[: found.start(2)] + _piece(dice, "keys").replace("K", found[2]) + text[found.end(2) :]


def _lines(dice: random.Random, text: str) -> str:
    lines = text.split("\n")
    one, two = dice.randrange(len(lines)), dice.randrange(len(lines))
    until = dice.randint(one, len(lines))
    kind = dice.randrange(7)
    if kind == 0:
        del lines[one]
    elif kind == 1:
        lines.insert(two, lines[one])
    elif kind == 2:
        lines[one], lines[two] = lines[two], lines[one]
    elif kind == 3 and one + 1 < len(lines):
        lines[one : one + 2] = [lines[one] + dice.choice(("", " ", "\t", ", ")) + lines[one + 1]]
    elif kind == 4:
        shift = dice.choice((" ", "  ", "\t", " \t", "    "))
        lines[one:until] = [shift + line for line in lines[one:until]]
    elif kind == 5:
        fewer = re.compile(rf"^ {{0,{dice.choice((1, 2, 4))}}}")
        lines[one:until] = [fewer.sub("", line) for line in lines[one:until]]
    else:
        lines[one] = lines[one].replace("  ", "\t", 1)
    return "\n".join(lines)


def _breaks(dice: random.Random, text: str) -> str:
    new = _piece(dice, "breaks")
    if dice.random() < 0.5:
        return text.replace("\n", new)
    at = dice.choice([found.start() for found in re.finditer("\n", text)] or [0])
    return text[:at] + new + text[at + 1 :]


def _surrounded(dice: random.Random, text: str) -> str:
    head = _piece(dice, "heads") if dice.random() < 0.6 else ""
    return head + text + (_piece(dice, "tails") if not head or dice.random() < 0.4 else "")


def _noise(dice: random.Random, text: str) -> str:
    """Arbitrary characters as a value, in every kind of scalar."""
    value = "".join(dice.choice(NOISE) for _count in range(dice.choice((1, 1, 2, 2, 3, 4, 6, 9))))
    piece = _piece(dice, "places").replace("X", value)
    return piece + text if dice.random() < 0.5 and piece.endswith("\n") else text + piece


def _deep(dice: random.Random, text: str) -> str:
    depth = dice.choice((3, 30, 70, 300, 1100))
    opened, closed = dice.choice((("[", "]"), ("{a: ", "}"), ("{", "}"), ("- ", ""), ("? ", ""), ("[{a: ", "}]")))
    nest = opened * depth + "x" + closed * dice.choice((depth, depth, depth - 1))
    if dice.random() < 0.3:
        nest = "\n" + "".join(f"{' ' * (4 + level)}a:\n" for level in range(depth)) + " " * (5 + depth) + "b"
    return text.replace("k8s-net", nest) if dice.random() < 0.7 else f"x: {nest}\n{text}"


def _aliases(dice: random.Random, text: str) -> str:
    many = ", ".join(["*a"] * dice.choice((1, 2, 9, 101, 2000)))
    piece = _piece(dice, "aliases").replace("MANY", many)
    return piece + text if dice.random() < 0.5 else text + piece


MUTATIONS: list[Callable[[random.Random, str], str]] = [
    *[_characters] * 2, *[_token] * 3, *[_value] * 4, _port, *[_flag] * 2, *[_key] * 2, *[_lines] * 2, _breaks,
    *[_noise] * 6, *[_surrounded] * 2, _deep, _aliases,
]  # fmt: skip
