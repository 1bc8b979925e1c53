# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The release's tarball depends only on its files, and what make installs is pinned by hash."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
from pathlib import Path

import pytest
from artifact import normalized
from hypothesis import given
from hypothesis import strategies as st
from places import ANSIBLE_OF_CORE

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements"
PINNED = sorted({one.with_suffix(".txt") for one in REQUIREMENTS.glob("*.in")} | {*REQUIREMENTS.glob("ansible-*.txt")})
FILES = {"README.md": b"read me", "plugins": None, "plugins/a.py": b"a", "plugins/b.py": b"", "ü.txt": b"ue"}
WHEN = 1_750_000_000


def built(names: list[str], time: int, mode: str = "w:gz") -> bytes:
    """A tarball as Ansible builds it from a folder that lists its files in this order."""
    files = {"files": [{"name": name, "ftype": "file"} for name in [".", *names]], "format": 1}
    listed = json.dumps(files, indent=True).encode()
    manifest = {
        "collection_info": {"name": "x"},
        "file_manifest_file": {"chksum_sha256": hashlib.sha256(listed).hexdigest()},
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:
        contents = {"MANIFEST.json": json.dumps(manifest, indent=True).encode(), "FILES.json": listed}
        for name, content in {**contents, **{name: FILES[name] for name in names}}.items():
            member = tarfile.TarInfo(name)
            member.mtime, member.size = time, len(content or b"")
            member.type = tarfile.REGTYPE if content is not None else tarfile.DIRTYPE
            archive.addfile(member, io.BytesIO(content or b""))
    return packed.getvalue()


@given(st.permutations(sorted(FILES)), st.integers(0, 2**33), st.integers(0, 2**33))
def test_the_tarball_depends_on_neither_order_nor_time_of_the_build(names: list[str], one: int, other: int) -> None:
    tarball = normalized(built(names, one), WHEN)
    assert tarball == normalized(built(sorted(names), other), WHEN)
    assert tarball == normalized(tarball, WHEN)
    assert tarball != normalized(tarball, WHEN + 1)
    with tarfile.open(fileobj=io.BytesIO(tarball)) as archive:
        members = archive.getmembers()
        contents = {one.name: archive.extractfile(one).read() for one in members if one.isfile()}  # type: ignore[union-attr]
    assert [member.name for member in members] == ["MANIFEST.json", "FILES.json", *sorted(FILES)]
    assert {member.mtime for member in members} == {WHEN}
    assert {name: contents.get(name) for name in FILES} == FILES
    stated = json.loads(contents["MANIFEST.json"])["file_manifest_file"]["chksum_sha256"]
    assert stated == hashlib.sha256(contents["FILES.json"]).hexdigest()
    assert [one["name"] for one in json.loads(contents["FILES.json"])["files"]] == [".", *sorted(FILES)]


@pytest.mark.parametrize("path", PINNED, ids=lambda path: path.name)
def test_every_package_is_pinned_by_version_and_hash(path: Path) -> None:
    entries = re.split(r"\n(?=\S)", re.sub(r"(?m)^ *#.*\n", "", path.read_text()).strip())
    assert entries
    for entry in entries:
        assert re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+", entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry
    assert "://" not in path.read_text()  # no private index


def test_every_requirement_is_pinned() -> None:
    for source in REQUIREMENTS.glob("*.in"):
        pinned = source.with_suffix(".txt").read_text().lower()
        for line in re.findall(r"(?m)^([A-Za-z][\w.-]*(?:==[\w.]+)?)", source.read_text().lower()):
            assert f"\n{line} " in pinned or f"\n{line}==" in pinned, f"make lock: {source.name} wants {line}"
    assert {f"ansible-{one}.txt" for one in ANSIBLE_OF_CORE.values()} <= {
        one.name for one in REQUIREMENTS.glob("*.txt")
    }
