# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Odd files: files that a general YAML parser accepts and CPI does not, and files that are meant to do harm.

``tests/real/test_cpi_decoder.py`` compares thousands of files with CPI's own package; here are one or two of each kind.
"""

from __future__ import annotations

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file import events
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.config import FileEdit, masked, read_config
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.editor import CannotEdit, edit
from cpi_helpers import MINIMAL
from cpi_mutations import mutations

# A value of loadbalancer.network, and the message about it. CPI refuses these.
REFUSED_VALUES = {
    '"a\\/b"': "line 9: an escape (\\) that CPI does not know",
    '"\\ud800"': "line 9: an escape (\\) that CPI does not know",
    '"\\U00110000"': "an escape (\\) of a character that does not exist",
    "!!str\u0085x": "",
    "!secret!x": "line 9: a tag (!) that CPI does not use; put a value that starts with ! in quotes",
    "*secret": "line 9: an alias (*) without its anchor; put a value that starts with * in quotes",
    "|\n    \ta": "line 9: a tab in a block scalar",
    "!!float 1e999": "cannot decode !!str as a !!float",
    "!!int +18446744073709551615": "cannot decode !!float as a !!int",
    "!!null {a: b}": "line 9: loadbalancer.network must be without the tag !!null",
}
# Both refuse these files, or only this collection does, to be on the safe side (docs/cpi-rules.md).
SAFE_SIDE = {
    "a\tb": "line 9: expected <block end>, but found <scalar>; check the indentation, the quotes and the tabs",
    "a\ufeffb": "line 9: a byte order mark inside the text",
    "!<x> a": "line 9: a tag (!) that CPI does not use",
    "!!timestamp 2001-01-01": "cannot decode !!timestamp as a !!timestamp",
    "!!binary /w==": "!!binary value contains invalid base64 data",
    '"a\\\'b"': "line 9: found unknown escape character",
    "[" * 60: "line 9: more than 50 levels",
    "[" + "a, " * 6000 + "]": "line 9: more than 5000 nodes",
    "x" * 70_000: "characters, and more than 65536 are not read",
}


@pytest.mark.parametrize(
    ("value", "problem"), [*REFUSED_VALUES.items(), *SAFE_SIDE.items()], ids=lambda text: text[:20]
)
def test_odd_values_are_refused(value: str, problem: str) -> None:
    config = read_config(MINIMAL.replace("k8s-net", value))
    assert config.scenario == "invalid"
    assert any(problem in one for one in config.problems), config.problems
    assert "secret" not in masked(config) + str(config.problems)


REFUSED_FILES = {
    "a flow key with its colon": f"<<: {{clusterid:}}\n{MINIMAL}",
    "the tag of a string": MINIMAL.replace("IP: false", "IP: ! true"),
    "a merge that is a string": f"!!str <<: {{clusterid: a}}\n{MINIMAL}",
    "a long version": f"%YAML 001.1\n---\n{MINIMAL}",
    "a blank in a directive": f"% YAML 1.1\n---\n{MINIMAL}",
    "a directive behind the document": f"{MINIMAL}%X\n---\n",
    "a tab that indents, in braces": f"{MINIMAL}<<: {{clusterid: a\n\t, vAppName: b}}\n",
    "the tag null on a section": MINIMAL.replace("oneArm:", "oneArm: !!null"),
    "a loop": f"{MINIMAL}<<: &a {{<<: *a}}\n",
    "many aliases": f"{MINIMAL}<<: [&a {{}}{', *a' * 200}]\n",
    "a key that is no line": MINIMAL.replace("network:", '"a\\nb\\e[31m":'),
    "a key of 60,000 characters": MINIMAL.replace("network", f"? {'n' * 60_000}\n  "),
    "a host of 60,000 characters": MINIMAL.replace("https://vcd", "h" * 60_000),
    "a directive of 60,000 characters": f"%X{'x' * 60_000}\n---\n{MINIMAL}",
    "half of a surrogate pair": f"{MINIMAL}# \ud800\n",
    "a port of 60,000 digits": MINIMAL.replace("  network", f"  ports: {{http: {'9' * 60_000}}}\n  network"),
}


@pytest.mark.parametrize("case", REFUSED_FILES)
def test_odd_files_are_refused(case: str) -> None:
    config = read_config(REFUSED_FILES[case])
    assert config.scenario == "invalid"
    assert all(len(problem) < 700 and problem.isprintable() for problem in config.problems)


def test_null_resets_what_a_merge_has_set() -> None:
    text = f"<<: {{vcd: {{user: merged}}, clusterid: merged}}\n{MINIMAL}".replace("vcd:\n", "vcd: Null\nx:\n", 1)
    values = read_config(text.replace("clusterid: merged", "clusterid: kept")).values
    assert (values["vcd"]["user"], values["clusterid"]) == ("", "kept")


def test_what_only_yaml_v2_accepts_is_accepted() -> None:
    """Tabs behind text, merges whose key has the tag ``!``, and line breaks that YAML 1.2 does not know."""
    for old, new in (
        ("  network: k8s-net\n", "  network:\tk8s-net\t# why\n"),
        ("k8s-net", "! k8s-net"),
        ("vAppName: acme-vapp", "! <<: {clusterid: c}\nvAppName: acme-vapp"),
        ("\n", "\u0085"),
        ("oneArm:\n", "oneArm:\t\n"),
    ):
        config = read_config(MINIMAL.replace(old, new))
        assert (config.problems, config.values["loadbalancer"]["network"]) == ((), "k8s-net"), new


@pytest.mark.parametrize(("opened", "closed"), [("{", "}"), ("[", "]"), ("{? ", "}"), ("[{", "}]")])
def test_sections_as_keys_cost_no_more_than_others(opened: str, closed: str) -> None:
    """A comparison whose time doubled with each level would not end here."""
    text = MINIMAL.replace("k8s-net", f"{opened * 24}x{closed * 24}")
    assert "startIP" not in edit(text, FileEdit(shared=True, remove_one_arm=True))


@pytest.mark.parametrize("seed", [1, 2])
def test_no_file_does_harm(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the file is, the only exception is the one with a readable line, and the number of nodes is bounded."""
    read: list[int] = []
    refusals: list[str] = []
    monkeypatch.setattr(
        events,
        "_refuse_other_readings",
        lambda *_given, real=events._refuse_other_readings: read.append(1) or real(*_given),
    )
    for text in mutations(seed, 150):
        read.clear()
        config = read_config(text)
        assert masked(config) is not None
        assert all(len(problem) < 700 and "\n" not in problem for problem in config.problems)
        assert len(read) <= events.MAX_NODES
        try:
            assert edit(text, FileEdit(shared=True, remove_one_arm=True))
        except CannotEdit as error:
            refusals.append(str(error))
    assert len(refusals) > 10
    assert "\n" not in "".join(refusals)
