# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's tarball, bit by bit the same whoever builds it, and its bill of materials.

`ansible-galaxy collection build` stamps the time of the build, keeps the times of the files, and lists them in the
order of the folder on the disk. Here the same members are written again: sorted, and with the time of the commit.
Standard library only.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from places import CACHE, REQUIREMENTS, ROOT, Failed, Venv, run, version

SPEC_VERSION = "1.6"  # of CycloneDX
# The lists at the beginning of a tarball, in the order in which Ansible writes them.
MANIFEST, FILES = "MANIFEST.json", "FILES.json"


def moment() -> int:
    """The time of the sources, in seconds since 1970: SOURCE_DATE_EPOCH, or the time of the last commit."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    command = ["git", "log", "-1", "--format=%ct"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if found.returncode or not found.stdout.strip():
        raise Failed("the time of the sources is unknown: work in a git checkout, or set SOURCE_DATE_EPOCH")
    return int(found.stdout)


def build(venv: Venv, sources: Path, collections: Path, target: Path, log: Path, when: int) -> Path:
    """Write the changelog of this version into a copy of the sources, and build the tarball into ``target``.

    ``when`` is the time that it bears, see `moment`.
    """
    environment = {**venv.environment(collections), "SOURCE_DATE_EPOCH": str(when)}
    date = datetime.fromtimestamp(when, timezone.utc).date().isoformat()
    release = [venv.bin / "antsibull-changelog", "release", "--version", version(), "--date", date]
    run(release, log, cwd=sources, env=environment)
    command = [venv.bin / "ansible-galaxy", "collection", "build", "--force", "--output-path", target]
    run(command, log, cwd=sources, env=environment)
    tarball = next(target.glob("*.tar.gz"))
    tarball.write_bytes(normalized(tarball.read_bytes(), when))
    return tarball


def normalized(tarball: bytes, when: int) -> bytes:
    """The same tarball with sorted members that have the time ``when``, and with matching lists."""
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as archive:
        members = {member.name: (member, _content(archive, member)) for member in archive.getmembers()}
    files, manifest = json.loads(members[FILES][1]), json.loads(members[MANIFEST][1])
    files["files"].sort(key=lambda one: (one["name"] != ".", one["name"]))
    listed = _as_ansible_writes(files)
    manifest["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(listed).hexdigest()
    members[FILES] = (members[FILES][0], listed)
    members[MANIFEST] = (members[MANIFEST][0], _as_ansible_writes(manifest))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(members, key=lambda one: (one != MANIFEST, one != FILES, one)):
            member, content = members[name]
            member.mtime, member.size, member.pax_headers = when, len(content), {}
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=when)


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member) if member.isfile() else None
    return file.read() if file else b""


def _as_ansible_writes(data: Any) -> bytes:
    return json.dumps(data, indent=True).encode()


def checksum(file: Path) -> str:
    """SHA-256, in hexadecimal digits."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def runtime_venv() -> Venv:
    """The environment with what the collection needs to run, and nothing else."""
    about = "what the collection needs to run, about 15 s, once"
    return Venv("runtime", Path(sys.executable)).ensure("-r", str(REQUIREMENTS / "runtime.txt"), about=about)


def bill_of_materials(tarball: Path, log: Path, when: int) -> Path:
    """Write the bill of materials of a tarball beside it: the packages that the collection needs, as tested here.

    cyclonedx-py reads an environment that contains only these. The final document is validated here.
    """
    tools = Venv("sbom", Path(sys.executable))
    tools.ensure("-r", str(REQUIREMENTS / "sbom.txt"), about="cyclonedx-bom, about 15 s, once")
    runtime = runtime_venv()
    work = CACHE / "sbom"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    project = {"name": "vcd.kubernetes", "version": version(), "license": "GPL-3.0-or-later"}
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in project.items())
    (work / "pyproject.toml").write_text(f"[project]\n{lines}")
    raw, target = work / "python.json", tarball.with_name(tarball.name.replace(".tar.gz", ".cdx.json"))
    environment = tools.environment(work, SOURCE_DATE_EPOCH=str(when))
    options = ["--pyproject", work / "pyproject.toml", "--mc-type", "library", "--output-reproducible"]
    options += ["--sv", SPEC_VERSION, "--of", "JSON", "--no-validate", "-o", raw]
    command = [tools.bin / "cyclonedx-py", "environment", *options, runtime.bin / "python"]
    run(command, log, cwd=work, env=environment)
    bill = json.loads(raw.read_text())
    _add_collection(bill, tarball)
    target.write_text(json.dumps(bill, indent=2, sort_keys=True) + "\n")
    command = [tools.bin / "python", Path(__file__).with_name("validate_sbom.py"), target, SPEC_VERSION]
    run(command, log, env=environment)
    return target


def _add_collection(bill: dict[str, Any], tarball: Path) -> None:
    """Add the tarball that it describes, and its need for ansible-core, the libraries and kubernetes.core."""
    root = bill["metadata"]["component"]
    root["hashes"] = [{"alg": "SHA-256", "content": checksum(tarball)}]
    with tarfile.open(tarball) as archive:
        manifest = json.loads(_content(archive, archive.getmember(MANIFEST)))
    needed = []
    for name, wanted in sorted(manifest["collection_info"]["dependencies"].items()):
        needed.append(f"collection-{name}")
        properties = [{"name": "ansible:version-range", "value": wanted}]
        bill["components"].append({"bom-ref": needed[-1], "name": name, "properties": properties, "type": "library"})
    wanted_packages = [line.split("==")[0] for line in (REQUIREMENTS / "runtime.in").read_text().splitlines()]
    direct = {one["bom-ref"] for one in bill["components"] if one["name"] in wanted_packages}
    bill["dependencies"] = [one for one in bill["dependencies"] if one["ref"] != root["bom-ref"]]
    bill["dependencies"].append({"ref": root["bom-ref"], "dependsOn": sorted({*direct, *needed})})
