# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of CPI's file: the flags change, and no other byte does."""

from __future__ import annotations

import difflib
import re

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.config import FileEdit, OneArm, read_config
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.editor import CannotEdit, edit
from cpi_helpers import FIXTURES, MINIMAL, file_of
from hypothesis import given, settings
from hypothesis import strategies as st

ONE = OneArm("192.168.8.2", "192.168.8.100")
OTHER = OneArm("10.20.0.5", "10.20.0.9")
EXTERNAL = FileEdit(shared=True, remove_one_arm=True)
INTERNAL = FileEdit(shared=True, one_arm=OTHER)
DISTINCT = FileEdit(shared=False, one_arm=OTHER)
PUBLISHED = sorted(path.stem for path in FIXTURES.glob("cpi-*.manifest"))


def changes(before: str, after: str) -> list[str]:
    """The lines that a diff removes (-) and adds (+)."""
    lines = difflib.ndiff(before.splitlines(keepends=True), after.splitlines(keepends=True))
    return [line for line in lines if line[:2] in ("- ", "+ ")]


def test_only_the_flag_line_changes() -> None:
    before = file_of("cpi-commented")
    assert changes(before, edit(before, FileEdit(shared=True))) == [
        "-   enableVirtualServiceSharedIP:    no   # ask before changing\n",
        "+   enableVirtualServiceSharedIP:    true   # ask before changing\n",
    ]


def test_addresses_keep_their_quotes_and_comments() -> None:
    before = file_of("cpi-commented")
    assert changes(before, edit(before, FileEdit(one_arm=OTHER))) == [
        "-     startIP:   \"192.168.8.2\"    # .1 is the router\n",
        "-     endIP: '192.168.8.100'\n",
        "+     startIP:   \"10.20.0.5\"    # .1 is the router\n",
        "+     endIP: '10.20.0.9'\n",
    ]  # fmt: skip


def test_removing_one_arm_keeps_the_comments_around_it() -> None:
    before = file_of("cpi-commented")
    assert changes(before, edit(before, FileEdit(shared=True, remove_one_arm=True)))[:4] == [
        "-   oneArm:          # internal range, one for each virtual service\n",
        "-     # first and last address\n",
        "-     startIP:   \"192.168.8.2\"    # .1 is the router\n",
        "-     endIP: '192.168.8.100'\n",
    ]  # fmt: skip


def test_a_comment_of_the_section_inside_one_arm_is_kept() -> None:
    before = MINIMAL.replace("    endIP", "  # about the section\n    # about the range\n    endIP")
    after = edit(before, EXTERNAL)
    assert "  # about the section\n" in after
    assert "about the range" not in after


def test_one_arm_is_inserted_above_every_comment() -> None:
    before = edit(file_of("cpi-commented"), EXTERNAL)
    after = edit(before, INTERNAL)
    assert 'loadbalancer:\n  oneArm:\n    startIP: "10.20.0.5"\n    endIP: "10.20.0.9"\n  # ---- addresses' in after
    assert edit(after, EXTERNAL) == before


@pytest.mark.parametrize("fixture", PUBLISHED)
@pytest.mark.parametrize(
    ("wanted_edit", "scenario"),
    [(EXTERNAL, "shared_external"), (INTERNAL, "shared_internal"), (DISTINCT, "distinct_internal")],
)
def test_published_files_reach_every_scenario(fixture: str, wanted_edit: FileEdit, scenario: str) -> None:
    before = file_of(fixture)
    after = edit(before, wanted_edit)
    assert read_config(after).scenario == scenario
    assert edit(after, wanted_edit) == after
    assert edit(edit(after, EXTERNAL), wanted_edit) == edit(edit(edit(after, EXTERNAL), wanted_edit), wanted_edit)
    assert after.endswith(before[-20:])


RANGE = 'oneArm:\n    startIP: "192.168.8.2"\n    endIP: "192.168.8.100"'
FLOW_VCD = "{host: https://h, org: o, vdc: v}"
FLOW_RANGE = "oneArm: {startIP: 192.168.8.2, endIP: '192.168.8.100'}"
LAYOUTS = {
    "carriage returns": MINIMAL.replace("\n", "\r\n"),
    "no newline at the end": MINIMAL.rstrip("\n"),
    "trailing blank lines": MINIMAL + "\n\n\n",
    "tabs before comments": MINIMAL.replace("false", "false\t# why"),
    "wide indentation": MINIMAL.replace("  ", "      "),
    "one-arm in one line": MINIMAL.replace(RANGE, FLOW_RANGE),
    "one-arm over lines in braces": MINIMAL.replace(RANGE, FLOW_RANGE.replace(" ", "\n    ").replace(":\n", ": \n")),
    "quoted keys": MINIMAL.replace("oneArm", '"oneArm"').replace("enable", "'enable").replace("IP: f", "IP': f"),
    "flow section": f"vcd: {FLOW_VCD}\nloadbalancer: {{{FLOW_RANGE}, network: n}}\nvAppName: v\n",
    "one-arm last in braces": f"vcd: {FLOW_VCD}\nloadbalancer: {{network: n, {FLOW_RANGE} }}\nvAppName: v\n",
    "json": (
        '{"vcd": {"host": "https://h", "org": "o", "vdc": "v"}, "vAppName": "v",\n'
        ' "loadbalancer": {"network": "n", "oneArm":\n'
        '  {"startIP": "192.168.8.2", "endIP": "192.168.8.100"}, "enableVirtualServiceSharedIP": false}}\n'
    ),
    "anchored section": MINIMAL.replace("loadbalancer:", "loadbalancer: &lb # here"),
    "document marks": f"%YAML 1.1\n---\n{MINIMAL}...\n",
    "directives": f"# about it\n%YAML 1.1 # old\n%TAG !e! tag:example.com,2000:\n--- # file\n{MINIMAL}",
    "byte order mark": "\ufeff" + MINIMAL,
    "flag first": (
        f"loadbalancer:\n  enableVirtualServiceSharedIP: no\n  {FLOW_RANGE}\n  network: n\n"
        f"vcd: {FLOW_VCD}\nvAppName: v\n"
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_reaches_every_scenario(layout: str) -> None:
    text = LAYOUTS[layout]
    start = read_config(text)
    assert start.problems == ()
    for wanted_edit, scenario in (
        (EXTERNAL, "shared_external"),
        (INTERNAL, "shared_internal"),
        (DISTINCT, "distinct_internal"),
    ):
        text = edit(text, wanted_edit)
        found = read_config(text)
        assert (found.problems, found.scenario) == ((), scenario), text
        assert found.one_arm == (None if wanted_edit is EXTERNAL else OTHER)
        assert edit(text, wanted_edit) == text
    other = {**start.values, "loadbalancer": {**start.values["loadbalancer"], "oneArm": 0}}
    assert {**found.values, "loadbalancer": {**found.values["loadbalancer"], "oneArm": 0}} == other
    assert ("\r\n" in text) == (text.count("\n") == text.count("\r\n"))


ONE_ARM = '  oneArm:\n    startIP: "192.168.8.2"\n    endIP: "192.168.8.100"\n'
FLOW = '{"startIP": "10.20.0.5", "endIP": "10.20.0.9"}'


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        ("oneArm:", f"oneArm: {FLOW}"),
        ("oneArm:   # later", f"oneArm: {FLOW}   # later"),
        ("oneArm: null # later", f"oneArm: {FLOW} # later"),
        ("oneArm: ~", f"oneArm: {FLOW}"),
        ("oneArm: {}", f"oneArm: {FLOW}"),
        ("oneArm: {startIP: 1.1.1.1}", 'oneArm: {"endIP": "10.20.0.9", startIP: 10.20.0.5}'),
        ("oneArm:\n    startIP: 1.1.1.1", 'oneArm:\n    endIP: "10.20.0.9"\n    startIP: 10.20.0.5'),
        ("oneArm: {startIP: , endIP: 1.1.1.1}", 'oneArm: {startIP: "10.20.0.5" , endIP: 10.20.0.9}'),
    ],
)
def test_an_empty_or_incomplete_one_arm_is_completed(written: str, becomes: str) -> None:
    after = edit(MINIMAL.replace(ONE_ARM, f"  {written}\n"), DISTINCT)
    assert f"  {becomes}\n" in after
    assert read_config(after).one_arm == OTHER


def test_removing_a_missing_one_arm_changes_nothing() -> None:
    for written in ("", "  oneArm:\n", "  oneArm: null # no\n"):
        text = MINIMAL.replace(ONE_ARM, written).replace("false", "yes")
        assert edit(text, EXTERNAL) == text
    text = MINIMAL.replace(ONE_ARM, "  oneArm: {}\n").replace("false", "true")
    assert edit(text, EXTERNAL) == text.replace("  oneArm: {}\n", "")


def test_a_missing_flag_is_added_only_to_set_it() -> None:
    text = MINIMAL.replace("  enableVirtualServiceSharedIP: false\n", "")
    assert edit(text, FileEdit(shared=False)) == text
    assert edit(text, FileEdit(shared=True)) == text.replace(
        "loadbalancer:\n", "loadbalancer:\n  enableVirtualServiceSharedIP: true\n"
    )
    empty = MINIMAL.replace("SharedIP: false", "SharedIP: # unset")
    assert edit(empty, FileEdit(shared=True)) == empty.replace("SharedIP:", "SharedIP: true")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the file is empty"),
        ("a: [\n", "not valid YAML"),
        ("vcd: {host: h}\n", "no loadbalancer section"),
        ("loadbalancer: ~\n", "no loadbalancer section"),
        ("x: &x {network: n}\nloadbalancer: *x\n", "no loadbalancer section"),
        (MINIMAL.replace(RANGE, "<<: {oneArm: {startIP: 1.1.1.1, endIP: 1.1.1.2}}"), "oneArm comes from a merge"),
        (MINIMAL.replace("false", "&f false") + "clusterid: *f\n", "has the anchor &f"),
        (MINIMAL.replace(" false", "\n    |\n    false"), "block scalar"),
    ],
)  # fmt: skip
def test_layouts_that_cannot_be_edited_are_rejected(text: str, why: str) -> None:
    with pytest.raises(CannotEdit, match=why):
        edit(text, EXTERNAL)


def test_an_alias_is_replaced_by_its_value() -> None:
    text = MINIMAL.replace("  org: acme", "  isZoneEnabledCluster: &off no\n  org: acme")
    after = edit(text.replace("SharedIP: false", "SharedIP: *off"), EXTERNAL)
    assert "enableVirtualServiceSharedIP: true\n" in after
    assert "&off no" in after


# -- properties: any comments, order and spacing ---------------------------------------------------------------------

COMMENT = st.text(alphabet="abc #:{}[]'\"&*-é|>%", max_size=12)
BLANK = st.one_of(st.just("\n"), COMMENT.map(lambda text: f"  # {text}\n"), COMMENT.map(lambda text: f"# {text}\n"))
TAIL = st.one_of(st.just(""), COMMENT.map(lambda text: f"  # {text}"), st.just("   "))
BOOL = st.sampled_from(["true", "false", "yes", "No", "on", "OFF", "~", ""])
IP = st.integers(1, 200).map(lambda last: f"192.168.8.{last}")
QUOTE = st.sampled_from(["", '"', "'"])


@st.composite
def section(draw: st.DrawFn) -> list[str]:
    """The entries of the loadbalancer section, each with its lines and comments."""
    start, end = sorted((draw(IP), draw(IP)), key=lambda text: int(text.rpartition(".")[2]))
    quote, inner = draw(QUOTE), draw(st.sampled_from(["    ", "      ", "   "]))
    one_arm = [
        f"  oneArm:{draw(TAIL)}\n",
        *(f"{inner}# {text}\n" for text in draw(st.lists(COMMENT, max_size=1))),
        f"{inner}startIP:{' ' * draw(st.integers(1, 3))}{quote}{start}{quote}{draw(TAIL)}\n",
        f"{inner}endIP: {quote}{end}{quote}{draw(TAIL)}\n",
    ]
    flow = f"  oneArm: {{startIP: {start}, endIP: {quote}{end}{quote}}}{draw(TAIL)}\n"
    entries = [
        draw(st.sampled_from(["".join(one_arm), flow, "  oneArm:\n", "  oneArm: null\n", ""])),
        draw(st.sampled_from(["", f"  enableVirtualServiceSharedIP: {draw(BOOL)}{draw(TAIL)}\n"])),
        f"  network:  {draw(QUOTE) and 'k8s-net'}x{draw(TAIL)}\n",
        draw(st.sampled_from(["  ports: {http: 80, https: 443}\n", "  ports:\n    http: 80\n\n    https: 443\n"])),
        f"  certAlias: {draw(st.sampled_from(['|-', '>']))}\n    text\n    # not a comment\n",
    ]
    return draw(st.permutations(entries))


@st.composite
def files(draw: st.DrawFn) -> str:
    """A file in any layout that CPI's decoder accepts."""
    balancer = "".join(entry + "".join(draw(st.lists(BLANK, max_size=2))) for entry in draw(section()))
    header = "".join(draw(st.lists(BLANK, max_size=2)))
    parts = [
        f"vcd:\n  host: h{draw(TAIL)}\n",
        f"loadbalancer:{draw(TAIL)}\n{header}{balancer}",
        f"vAppName: v{draw(TAIL)}\n",
        "clusterid: |+\n  c\n\n",
    ]
    text = "".join(draw(st.lists(BLANK, max_size=1))) + "".join(draw(st.permutations(parts)))
    text = text.replace("\n", "\r\n") if draw(st.booleans()) else text
    return text.rstrip("\r\n") if draw(st.booleans()) else text


def without_flags(text: str) -> list[str]:
    """The lines that belong to neither flag, with their white space."""
    about = ("oneArm", "startIP", "endIP", "enableVirtualServiceSharedIP")
    return [line for line in text.splitlines() if not line.strip().strip("'\"").startswith(about)]


@settings(max_examples=200, deadline=None)
@given(files(), st.lists(st.sampled_from([EXTERNAL, INTERNAL, DISTINCT]), min_size=1, max_size=4))
def test_any_sequence_of_scenarios_keeps_all_other_lines(text: str, wishes: list[FileEdit]) -> None:
    first = read_config(text)
    lines = without_flags(text)
    inside = [line for line in lines if re.match(" {3,}#", line) and "not a comment" not in line]
    for wanted_edit in wishes:
        text = edit(text, wanted_edit)
        found = read_config(text)
        assert (found.shared, found.one_arm) == (wanted_edit.shared, wanted_edit.one_arm)
        assert edit(text, wanted_edit) == text
        left = without_flags(text)
        # Comments inside oneArm are removed with it; everything else stays, in order, byte for byte.
        assert left == lines or left == [line for line in lines if line not in inside]
    kept = {
        name: value for name, value in first.values["loadbalancer"].items() if name in ("network", "ports", "certAlias")
    }
    assert {name: found.values["loadbalancer"][name] for name in kept} == kept


@settings(max_examples=80, deadline=None)
@given(files())
def test_inserting_and_removing_a_block_restores_the_file(text: str) -> None:
    """After oneArm was removed, inserting and removing it again restores the same bytes."""
    without = edit(edit(text, INTERNAL), EXTERNAL)
    assert edit(edit(without, INTERNAL), EXTERNAL) == without
