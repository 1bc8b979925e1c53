# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thousands of odd files for CPI, read by this collection and by CPI's own config package.

This collection refuses what CPI refuses, both read the same values, and an edit changes only what it should, as CPI
decodes both files. What only this collection refuses is on the safe side (docs/cpi-rules.md).
"""

from __future__ import annotations

import collections
import copy
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.config import FileEdit, OneArm, read_config
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.editor import CannotEdit, edit
from control_plane.places import Missing, on_ci
from control_plane.programs import find_decoder
from cpi_helpers import MINIMAL
from cpi_mutations import mutations

# More files, of other seeds: DECODER_SEEDS=4,5,6 DECODER_FILES=20000
SEEDS = [int(seed) for seed in os.environ.get("DECODER_SEEDS", "1").split(",")]
FILES = int(os.environ.get("DECODER_FILES", "3000"))
EDITED_FILES = FILES // 3
# Both CPIs know the same keys but one. The newer module is the development of 1.7.0.
VERSIONS = {"1.6": (1, 7, 0), "1.2": (1, 2, 0)}
# Problems of a file that CPI decodes; its validation, or its log-in, fails later.
LATER = re.compile(r"(?!line |not valid YAML)(.* is missing|.* is not a URL|loadbalancer.oneArm(\.\w+)?: )")
OTHER = OneArm("10.20.0.5", "10.20.0.9")
EDITS = (
    FileEdit(shared=True, remove_one_arm=True),
    FileEdit(shared=True, one_arm=OTHER),
    FileEdit(shared=False, one_arm=OTHER),
)
Answer = dict[str, Any]
Ask = Callable[[str, Iterable[str]], list[Answer]]


@pytest.fixture(scope="module")
def ask() -> Ask:
    """A function that gives files to the config package of a version of CPI."""
    try:
        programs = {version: find_decoder(version) for version in VERSIONS}
    except Missing as error:
        if on_ci():
            raise
        pytest.skip(str(error))

    def answers(version: str, texts: Iterable[str]) -> list[Answer]:
        lines = "".join(f"{json.dumps(text)}\n" for text in texts)
        done = subprocess.run([programs[version]], input=lines, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        found = [json.loads(line) for line in done.stdout.split("\n") if line]
        assert len(found) == lines.count("\n")
        return found

    return answers


def values_of(config: Answer) -> dict[str, Any]:
    """CPI's values, in the format of ``CloudConfig.values``."""
    vcd, balancer = config["VCD"], config["LB"]
    arm = balancer["OneArm"]
    return {
        "vcd": {
            "host": vcd["Host"],
            "org": vcd["Org"],
            "vdc": vcd["VDC"],
            "isZoneEnabledCluster": vcd.get("IsZoneEnabledCluster", False),
            "user": vcd["User"],
            "secret": vcd["Secret"],
            "refreshtoken": vcd["RefreshToken"],
            "userorg": vcd["UserOrg"],
        },
        "loadbalancer": {
            "oneArm": arm and {"startIP": arm["StartIP"], "endIP": arm["EndIP"]},
            "ports": {"http": balancer["Ports"]["HTTP"], "https": balancer["Ports"]["HTTPS"]},
            "network": balancer["VDCNetwork"],
            "vipSubnet": balancer["VIPSubnet"],
            "certAlias": balancer["CertificateAlias"],
            "enableVirtualServiceSharedIP": balancer["EnableVirtualServiceSharedIP"],
        },
        "clusterid": config["ClusterID"],
        "vAppName": config["VAppName"],
    }


def as_cpi_keeps_them(values: dict[str, Any]) -> dict[str, Any]:
    """The decoded values with what CPI changes right after decoding."""
    values = copy.deepcopy(values)
    values["vcd"]["host"] = values["vcd"]["host"].rstrip("/")
    balancer = values["loadbalancer"]
    balancer["certAlias"] = balancer["certAlias"] or f"{values['clusterid']}-cert"
    return values


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("seed", SEEDS)
def test_no_file_is_read_differently(ask: Ask, version: str, seed: int) -> None:
    texts = list(mutations(seed, FILES))
    count: collections.Counter[str] = collections.Counter()
    for text, answer in zip(texts, ask(version, texts), strict=True):
        config = read_config(text, VERSIONS[version])
        refused = [problem for problem in config.problems if not LATER.match(problem)]
        assert all("\n" not in problem for problem in refused), (text, refused)
        if answer["Error"]:
            assert refused, f"CPI: {answer['Error']}\n{text!r}"
            count["both refuse"] += 1
        elif refused:
            count["only this collection refuses"] += 1
        else:
            assert as_cpi_keeps_them(config.values) == values_of(answer["Config"]), repr(text)
            assert config.problems or not answer["Invalid"], f"CPI: {answer['Invalid']}\n{text!r}"
            count["both accept"] += 1
    print(f"CPI {version}, seed {seed}: {dict(count)}")
    # The candidates are useful: not all of them are broken, and few are refused here only for safety.
    assert count["both accept"] > FILES / 6
    assert count["both refuse"] > FILES / 6
    assert count["only this collection refuses"] < FILES / 10


@pytest.mark.parametrize("seed", SEEDS)
def test_an_edit_changes_only_what_it_should(ask: Ask, seed: int) -> None:
    texts = list(mutations(seed + 1000, EDITED_FILES))
    edited: list[tuple[str, FileEdit, str, Answer]] = []
    for text, answer in zip(texts, ask("1.6", texts), strict=True):
        for wanted in EDITS:
            try:
                after = edit(text, wanted)
            except CannotEdit:
                continue
            if not answer["Error"]:
                edited.append((text, wanted, after, answer))
    assert len(edited) > EDITED_FILES / 3
    answers = ask("1.6", [after for _text, _wanted, after, _answer in edited])
    for (text, wanted, after, before), answer in zip(edited, answers, strict=True):
        assert not answer["Error"], (answer["Error"], text, after)
        expected = values_of(before["Config"])
        balancer = expected["loadbalancer"]
        balancer["enableVirtualServiceSharedIP"] = wanted.shared
        balancer["oneArm"] = wanted.one_arm and {"startIP": OTHER.start_ip, "endIP": OTHER.end_ip}
        assert values_of(answer["Config"]) == expected, (text, after)


def test_the_decoder_program_decides_as_cpi_does(ask: Ask) -> None:
    """The program decides as CPI does: a plain file, one with an unknown key, one without flags, one that is null."""
    without_flags = MINIMAL.replace("oneArm", "ports").replace("startIP", "http").replace("endIP", "https")
    without_flags = re.sub(r'"192[\d.]+"', "80", without_flags)
    plain, unknown, invalid, null = ask("1.2", [MINIMAL, f"{MINIMAL}x: y\n", without_flags, "null"])
    assert (plain["Error"], plain["Invalid"], plain["Config"]["LB"]["OneArm"]["EndIP"]) == ("", "", "192.168.8.100")
    assert "field x not found in type config.CloudConfig" in unknown["Error"]
    assert "OneArm should be enabled" in invalid["Invalid"]
    assert "panic: runtime error: invalid memory address" in null["Error"]
