# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CPI's file, validated as its decoder does. The expectations come from gopkg.in/yaml.v2 2.4.0 in strict mode."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.config import (
    MASK,
    FileEdit,
    OneArm,
    edit_from_options,
    masked,
    read_config,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.schema import image_version
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._versions import parse_version
from cpi_helpers import FIXTURES, MINIMAL, RANGE, file_of

PUBLISHED = sorted(path.stem for path in FIXTURES.glob("cpi-*.manifest"))


@pytest.mark.parametrize("fixture", PUBLISHED)
def test_the_published_files_have_scenario_three(fixture: str) -> None:
    config = read_config(file_of(fixture), parse_version("1.6.1"))
    assert (config.problems, config.scenario) == ((), "distinct_internal")
    assert config.one_arm == OneArm("192.168.8.2", "192.168.8.100")
    assert config.cluster_id == ("" if fixture.endswith("-crs") else config.values["clusterid"])
    assert fixture.endswith("-crs") or config.cluster_id.startswith("urn:vcloud:entity:vmware:capvcdCluster:")


@pytest.mark.parametrize(
    ("shared", "one_arm", "scenario"),
    [
        ("true", True, "shared_internal"),
        ("true", False, "shared_external"),
        ("false", True, "distinct_internal"),
        ("false", False, "invalid"),
    ],
)
def test_the_flags_of_a_file_give_its_scenario(shared: str, one_arm: bool, scenario: str) -> None:
    text = MINIMAL.replace("false", shared)
    if not one_arm:
        text = text.replace('  oneArm:\n    startIP: "192.168.8.2"\n    endIP: "192.168.8.100"\n', "")
    assert read_config(text).scenario == scenario


BOOLS = {
    **dict.fromkeys(["y", "Y", "yes", "YES", "true", "True", "TRUE", "on", "On", '!!bool "yes"'], True),
    **dict.fromkeys(["n", "No", "off", "FALSE", "~", "null", "", "Null", "&x no"], False),
    **dict.fromkeys(['"true"', "'yes'", "1", "0", "tRue", "yEs", "[true]", "{}", "!!str true", "2001-01-01"], None),
}


@pytest.mark.parametrize(("written", "read"), BOOLS.items())
def test_booleans_are_those_of_yaml_1_1(written: str, read: bool | None) -> None:
    config = read_config(MINIMAL.replace("SharedIP: false", f"SharedIP: {written}"))
    if read is None:
        assert "line 10: loadbalancer.enableVirtualServiceSharedIP must be true or false" in config.problems[0]
    else:
        assert (config.problems, config.shared) == ((), read)


INTS: dict[str, int | None] = {
    "80": 80, "+80": 80, "0x50": 80, "0o17": 15, "017": 15, "080": 80, "0b11": 3, "-0b11": -3, "1_000": 1000,
    "80.9": 80, "1e3": 1000, "!!float 80": 80, "!!int '80'": 80, "~": 0, "2147483647": 2147483647, "-0": 0,
    "2147483648": None, '"80"': None, "eighty": None, "0o8": 0, ".inf": None, ".nan": None, "2001-01-01": None,
    "60:30": None, "true": None, "99999999999999999999999": None,
}  # fmt: skip
INTS["0o8"] = None


@pytest.mark.parametrize(("written", "read"), INTS.items())
def test_ports_are_go_int32(written: str, read: int | None) -> None:
    config = read_config(MINIMAL.replace("  network", f"  ports: {{http: {written}, https: 443}}\n  network"))
    if read is None:
        assert "loadbalancer.ports.http must be a whole number" in config.problems[0]
    else:
        assert (config.problems, config.values["loadbalancer"]["ports"]["http"]) == ((), read)


STRINGS = {
    "123": "123", "yes": "yes", "~": "", "null": "", "Null": "", '""': "", "2001-01-01": "2001-01-01", "1e3": "1e3",
    "'it''s'": "it's", "!!binary aGk=": "hi", "!custom x": "x", '"a\tb"': "a\tb", '"\\x41"': "A",
}  # fmt: skip


@pytest.mark.parametrize(("written", "read"), STRINGS.items())
def test_strings_keep_their_text(written: str, read: str) -> None:
    config = read_config(MINIMAL + f"clusterid: {written}\n")
    assert (config.problems, config.cluster_id) == ((), read)


UNKNOWN = "CPI does not know this key"
REFUSED = [
    ("  network", "  netwrok: x\n  network", f"line 9: loadbalancer.netwrok: {UNKNOWN}; did you mean network?"),
    ("oneArm", "onearm", f"line 6: loadbalancer.onearm: {UNKNOWN}; did you mean oneArm?"),
    ("  host", "  refreshToken: x\n  host", f"line 2: vcd.refreshToken: {UNKNOWN}; did you mean refreshtoken?"),
    ("  host", "  network: x\n  host", f"line 2: vcd.network: {UNKNOWN} under vcd; it belongs at loadbalancer.network"),
    ("vAppName", "vappname", f"line 11: vappname: {UNKNOWN}; did you mean vAppName?"),
    ("vAppName", "color: red\nvAppName", f"color: {UNKNOWN}; known keys: vcd, loadbalancer, clusterid, vAppName"),
    ("  network", "  network: other\n  network", "line 10: loadbalancer.network is given twice; keep one"),
    ("loadbalancer", "vcd: {}\nloadbalancer", "line 5: vcd is given twice; keep one"),
    ("https://vcd.example.com", "[a, b]", "line 2: vcd.host must be a string, not a list"),
    (
        "  host: https://vcd.example.com\n  org: acme\n  vdc: acme-vdc",
        "  - host",
        "line 2: vcd must be a section with keys, not a list",
    ),
    ("https://vcd.example.com", "''", "vcd.host is missing or empty; CPI requires it"),
    ("https://vcd.example.com", "///", "vcd.host is missing or empty; CPI requires it"),
    ("https://vcd.example.com", "vcd.example.com", "vcd.host: 'vcd.example.com' is not a URL, and CPI cannot log in"),
    ("https://vcd.example.com", "vcd.example.com:8443/", "write https://vcd.example.com:8443"),
    ("  org: acme\n", "", "vcd.org is missing or empty; CPI requires it"),
    ("acme-vdc", "''", "vcd.vdc is missing or empty; CPI requires it"),
    ("vcd:", "%YAML 1.2\n---\nvcd:", "line 1: %YAML 1.2: CPI reads YAML 1.1 only and stops at its start; remove the"),
    ("vcd:", "# x\n%YAML 1.0 # y\n---\nvcd:", "line 2: %YAML 1.0: CPI reads YAML 1.1 only"),
    ("vcd:", "%COLOUR red\n---\nvcd:", "line 1: %COLOUR red: CPI stops at a directive that it does not know"),
    ("vcd:", "\ufeff%YAML 1.2\n---\nvcd:", "line 1: %YAML 1.2: CPI reads YAML 1.1 only"),
    ("vcd:", "%YAML 2.0\n---\nvcd:", "line 1: %YAML 2.0: CPI reads YAML 1.1 only"),
    ("vcd:", "%YAML 1.1\n\n%YAML 1.1\n---\nvcd:", "line 3: %YAML 1.1 is given twice"),
    (
        "vcd:",
        "%YAML 1.1\nvcd:",
        "not valid YAML: line 2: a line --- is missing between the directives and the document",
    ),
    ("vcd:", "---\na: b\n...\n%YAML 3.7\n---\nvcd:", "not valid YAML"),
    ("k8s-net", "~", "loadbalancer.network is missing or empty; CPI requires it"),
    ("vAppName: acme-vapp\n", "", "vAppName is missing or empty; CPI requires it"),
    ("192.168.8.2", "192.168.8.200", "oneArm: the range is reversed, 192.168.8.200 comes after 192.168.8.100"),
    ("192.168.8.2", "fe80::1", "loadbalancer.oneArm.startIP: 'fe80::1' is not an IPv4 address"),
    ("192.168.8.100", "192.168.8.300", "loadbalancer.oneArm.endIP: '192.168.8.300' is not an IPv4 address"),
    ("192.168.8.100", "192.168.08.1", "loadbalancer.oneArm.endIP: '192.168.08.1' is not an IPv4 address"),
    ("192.168.8.100", "", "loadbalancer.oneArm.endIP: '' is not an IPv4 address"),
    ("vAppName", "---\nvAppName: x\nvAppName", "the file contains 2 YAML documents, but CPI reads only the first"),
    ("vAppName", "   vAppName", "not valid YAML: line"),
    (
        "vAppName",
        "vAppName: *nope\nx",
        "not valid YAML: line 11: an alias (*) without its anchor; put a value that starts with *",
    ),
    ("k8s-net", "!!int x", "cannot decode !!str as a !!int"),
    ("k8s-net", "a\x07b", "not valid YAML: special characters are not allowed"),
    ("vAppName", "loop: &a {x: *a}\nvAppName", f"loop: {UNKNOWN}"),
]


@pytest.mark.parametrize(("old", "new", "problem"), REFUSED)
def test_files_that_cpi_rejects_are_rejected(old: str, new: str, problem: str) -> None:
    config = read_config(MINIMAL.replace(old, new, 1))
    assert config.scenario == "invalid"
    assert any(problem in found for found in config.problems), config.problems


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "~\n", "null"])
def test_an_empty_file_is_a_problem(text: str) -> None:
    assert read_config(text).problems == ("the file is empty",)


@pytest.mark.parametrize("text", ["just words\n", "- a\n- b\n", "[]"])
def test_a_file_that_is_not_a_mapping_is_a_problem(text: str) -> None:
    assert "the file must be a section with keys" in read_config(text).problems[0]


def test_one_document_may_be_closed() -> None:
    assert read_config(f"---\n{MINIMAL}...\n").problems == ()
    assert read_config(f"%YAML 1.1\n---\n{MINIMAL}---\n").problems == ()


def test_null_in_another_spelling_makes_an_empty_one_arm() -> None:
    """yaml.v2 allocates the section before it finds that ``Null`` is null. CPI then has a range without addresses."""
    one_arm = '  oneArm:\n    startIP: "192.168.8.2"\n    endIP: "192.168.8.100"\n'
    for written, present in (("null", False), ("~", False), ("", False), ("Null", True), ("{}", True)):
        config = read_config(MINIMAL.replace(one_arm, f"  oneArm: {written}\n").replace("false", "true"))
        assert (config.one_arm is not None) == present, written


def test_merges_and_aliases_are_followed() -> None:
    text = MINIMAL.replace("loadbalancer:\n", "loadbalancer:\n  <<: {network: from-merge, certAlias: c}\n")
    config = read_config(text)
    assert config.problems == ()
    assert config.values["loadbalancer"]["network"] == "k8s-net"
    assert config.values["loadbalancer"]["certAlias"] == "c"
    assert read_config(MINIMAL.replace("https://vcd.example.com", "&n a") + "clusterid: *n\n").cluster_id == "a"
    assert "needs a section" in read_config(text.replace("{network: from-merge, certAlias: c}", "x")).problems[0]


TOO_OLD = "vcd.isZoneEnabledCluster: CPI {0} does not know this key and rejects the file; it was added in 1.7.0"
ZONES = MINIMAL.replace("vcd:\n", "vcd:\n  isZoneEnabledCluster: false\n")


@pytest.mark.parametrize(
    ("text", "version", "problem"),
    [
        (MINIMAL, "1.1.3", "CPI 1.1.3 cannot share IP addresses"),
        (MINIMAL, "1.2.0", ""),
        (ZONES, "1.2.0", TOO_OLD.format("1.2.0")),
        (ZONES, "1.6.1", TOO_OLD.format("1.6.1")),
        (ZONES, "1.7.0", ""),
        (ZONES, None, ""),
    ],
)
def test_keys_are_checked_against_the_version_of_cpi(text: str, version: str | None, problem: str) -> None:
    assert "; ".join(read_config(text, parse_version(version)).problems)[: len(problem) or None] == problem


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("projects.registry.vmware.com/vmware-cloud-director/cloud-provider-for-cloud-director:1.6.0", "1.6.0"),
        ("registry.example:5000/cpi:v1.4.1", "1.4.1"),
        ("registry.example:5000/cpi", None),
        ("registry.example:5000/cpi@sha256:0123456789abcdef", None),
        ("cpi:1.5.0@sha256:0123456789abcdef", "1.5.0"),
        ("cpi:1.2.0-beta", "1.2.0"),
        ("cpi:1.1.3.latest", "1.1.3"),
        ("cpi:1.6", "1.6.0"),
        ("cpi:latest", None),
        ("cpi:main-branch.94faaf19", None),
        ("cpi:20240725", None),
        ("", None),
        (None, None),
    ],
)
def test_the_version_is_read_from_the_image_tag(image: str | None, version: str | None) -> None:
    assert image_version(image) == version


SECRETS = """\
vcd:
  host: https://vcd.example.com
  org: acme
  vdc: acme-vdc
  user: kube # secret: old-one
  secret: "p4ssw0rd-planted"
  refreshtoken: >-
    t0ken-planted
loadbalancer: {network: n, enableVirtualServiceSharedIP: true, certAlias: p4ssw0rd-planted}
vAppName: v
"""


def test_secrets_are_masked_and_omitted() -> None:
    config = read_config(SECRETS)
    assert config.problems == ()
    shown = masked(config)
    for planted in ("p4ssw0rd", "t0ken", "old-one", "user: kube"):
        assert planted not in shown
    assert f"user: {MASK}" in shown
    assert "host: https://vcd.example.com\n" in shown
    assert "network: n" in shown
    assert set(config.public_values()["vcd"]) == {"host", "org", "vdc", "isZoneEnabledCluster", "userorg"}


def test_secrets_in_anchors_and_misspelled_keys_are_masked() -> None:
    text = SECRETS.replace('"p4ssw0rd-planted"', "&s p4ssw0rd-planted")
    assert "p4ssw0rd" not in masked(read_config(text.replace("certAlias: p4ssw0rd-planted", "certAlias: *s")))
    assert "p4ssw0rd" not in masked(read_config(SECRETS.replace("  secret:", "  Secret:")))


def test_a_file_that_is_not_yaml_is_not_shown() -> None:
    config = read_config(SECRETS + "  bad: [\n")
    assert config.problems
    assert "planted" not in masked(config) + "".join(config.problems)


ONE = OneArm("192.168.8.2", "192.168.8.100")


@pytest.mark.parametrize(
    ("scenario", "shared", "one_arm", "present", "wanted_edit"),
    [
        ("shared_external", None, None, ONE, FileEdit(True, None, remove_one_arm=True)),
        ("shared_external", None, {}, None, FileEdit(True, None, remove_one_arm=True)),
        ("shared_internal", None, RANGE, None, FileEdit(True, ONE)),
        ("shared_internal", None, None, ONE, FileEdit(True, None)),
        ("distinct_internal", None, RANGE, ONE, FileEdit(False, ONE)),
        (None, True, None, ONE, FileEdit(True, None)),
        (None, None, {"start_ip": None, "end_ip": None}, ONE, FileEdit(None, None, remove_one_arm=True)),
        (None, None, {"start_ip": "", "end_ip": ""}, ONE, FileEdit(None, None, remove_one_arm=True)),
        (None, False, RANGE, None, FileEdit(False, ONE)),
    ],
)
def test_options_become_an_edit(scenario: Any, shared: Any, one_arm: Any, present: Any, wanted_edit: FileEdit) -> None:
    assert edit_from_options(scenario, shared, one_arm, present) == wanted_edit


@pytest.mark.parametrize(
    ("scenario", "one_arm", "present", "message"),
    [
        ("shared_internal", None, None, "one_arm: not given: scenario shared_internal requires a range"),
        ("shared_internal", {}, ONE, "one_arm: an empty dictionary: scenario shared_internal requires a range"),
        ("distinct_internal", None, OneArm("9.9.9.9", "1.1.1.1"), "requires a range"),
        ("shared_external", RANGE, None, "scenario shared_external has no internal range; omit one_arm"),
        (None, {"start_ip": "a", "end_ip": "1.1.1.1"}, None, "one_arm.start_ip: 'a': give an IPv4 address"),
        (None, {"start_ip": "1.1.1.1", "end_ip": ""}, None, "one_arm.end_ip: not given: give an IPv4 address"),
        (None, {"start_ip": "1.1.1.1 ", "end_ip": "1.1.1.2"}, None, "one_arm.start_ip: '1.1.1.1 ': give an IPv4"),
        (None, {"start_ip": "1.1.1.9", "end_ip": "1.1.1.2"}, None, "one_arm: '1.1.1.9-1.1.1.2': the range is reversed"),
    ],
)  # fmt: skip
def test_contradictory_options_are_rejected(scenario: Any, one_arm: Any, present: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(message)):
        edit_from_options(scenario, None, one_arm, present)
