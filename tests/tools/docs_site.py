# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the documentation site: the pages of docs as they are, and the reference that antsibull-docs writes.

The pages keep their places in the repository, so that their links between each other work. A link to anything that
is not a page of the site leads to the repository on the web. Standard library only.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import sys
from pathlib import Path

from places import CACHE, COLLECTION, ROOT, TREE, Failed, Venv, run, say

WEB = "https://github.com/vcd-kubernetes/vcd.kubernetes/blob/main/"
RAW = "https://raw.githubusercontent.com/vcd-kubernetes/vcd.kubernetes/main/"
SETTINGS = Path("docs", "docsite")
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CODE_OF_CONDUCT.md",
    "docs/**/*.md",
    "examples/*.md",
    "roles/*/README.md",
)
BADGE = re.compile(r"^\[!\[.*\n", re.MULTILINE)
CONTENTS = re.compile(r"^\.\. contents::\n(?:   .*\n)+", re.MULTILINE)
LINK = re.compile(r"(\]\(|^\[[^\]]+\]:\s+)([^)\s]+)", re.MULTILINE)
MERMAID = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PICTURE = '```{{raw}} html\n<pre class="mermaid">\n{}</pre>\n```'
SCRIPT = """
```{{raw}} html
<script src="{0}/mermaid.min.js"></script>
<script>mermaid.initialize({{startOnLoad: true, theme: "neutral"}})</script>
```
"""
REFERENCE = "reference"
# Without a network, a build cannot look up what Ansible's own documentation and other collections define.
FOREIGN = re.compile(
    r"undefined label: '(?!ansible_collections\.vcd\.kubernetes)|'envvar' reference target not found: (?:ANSIBLE|K8S)_"
)


def build(venv: Venv, log: Path) -> Path:
    """Build it, and return its first page. Failed if Sphinx warns about our own documentation."""
    source, target = CACHE / "site-source", CACHE / "site"
    shutil.rmtree(source, ignore_errors=True)
    shutil.rmtree(target, ignore_errors=True)
    script = mermaid()
    pages = copy_pages(COLLECTION, source, script is not None)
    (source / "_static").mkdir()
    if script is not None:
        shutil.copy(script, source / "_static" / script.name)
    shutil.copy(COLLECTION / SETTINGS / "phone.css", source / "_static" / "phone.css")
    shutil.copy(COLLECTION / SETTINGS / "conf.py", source / "conf.py")
    index = (COLLECTION / SETTINGS / "index.md").read_text(encoding="utf-8")
    there = {COLLECTION / f"{name}.md" for name in pages}
    linked = LINK.sub(lambda found: found[1] + target_of(found[2], COLLECTION / "index.md", COLLECTION, there), index)
    (source / "index.md").write_text(linked + more(index, pages), encoding="utf-8")
    environment = venv.environment(TREE)
    command = [venv.bin / "antsibull-docs", "collection", "--use-current", "--squash-hierarchy"]
    (source / REFERENCE).mkdir()
    run([*command, "--dest-dir", source / REFERENCE, "vcd.kubernetes"], log, cwd=COLLECTION, env=environment)
    for path in (source / REFERENCE).rglob("*.rst"):  # the theme lists the sections of each page beside it
        path.write_text(CONTENTS.sub("", path.read_text(encoding="utf-8")), encoding="utf-8")
    warnings = CACHE / "site-warnings.txt"
    jobs = str(os.cpu_count() or 1)
    run(
        [venv.bin / "sphinx-build", "-q", "-j", jobs, "-b", "html", "-w", warnings, source, target],
        log, cwd=source, env=environment,
    )  # fmt: skip
    complaints = ours(warnings.read_text(encoding="utf-8"))
    if complaints:
        raise Failed("Sphinx warns:\n" + "\n".join(complaints))
    return target / "index.html"


def ours(warnings: str) -> list[str]:
    """The warnings about our own documentation, not about references to other projects."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", warnings)
    return [line for line in plain.splitlines() if re.search(r"WARNING|ERROR", line) and not FOREIGN.search(line)]


def more(index: str, pages: list[str]) -> str:
    """A list of the pages that the first page does not name, so that readers can reach every page."""
    named = {word.strip("<>") for word in index.split()}
    left = [name for name in pages if name not in named]
    return "\n".join(["", "```{toctree}", ":caption: More", ":maxdepth: 1", "", *left, "```", ""]) if left else ""


def copy_pages(repository: Path, source: Path, drawing: bool) -> list[str]:
    """Copy the pages and their images into the folder that Sphinx reads. Returns their names without suffixes."""
    pages = {path for pattern in PAGES for path in repository.glob(pattern) if SETTINGS.name not in path.parts}
    for path in sorted(pages):
        target = source / path.relative_to(repository)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(drawn(with_links(path, repository, pages), path, repository, drawing), encoding="utf-8")
    shutil.copytree(repository / "docs" / "images", source / "docs" / "images")
    return [str(path.relative_to(repository).with_suffix("")) for path in sorted(pages)]


def with_links(path: Path, repository: Path, pages: set[Path]) -> str:
    """The text of a page, in which each link leads to a page of the site or to the web."""

    def link(found: re.Match[str]) -> str:
        return found.group(1) + target_of(found.group(2), path, repository, pages)

    # badges would have to be loaded from other sites
    text = BADGE.sub("", path.read_text(encoding="utf-8"))
    return LINK.sub(link, text)


def drawn(text: str, path: Path, repository: Path, drawing: bool) -> str:
    """The text of a page in which a script of the site draws the Mermaid blocks; without the script they stay text."""
    if not drawing or not MERMAID.search(text):
        return text.replace("```mermaid", "```text")
    text = MERMAID.sub(lambda found: PICTURE.format(html.escape(found[1])), text)
    statics = os.path.relpath(repository / "_static", path.parent)
    return text + SCRIPT.format(statics)


def mermaid() -> Path | None:
    """The drawing script, as a file of the site; None, with a printed line, if it is not available."""
    sys.path.insert(0, str(ROOT / "tests" / "control_plane"))
    from control_plane import places as programs
    from control_plane.mermaid import ensure_mermaid

    try:
        return ensure_mermaid(say)
    except (programs.Missing, programs.Failed) as reason:
        say(f"drawings stay text: {reason}")
        return None


def target_of(target: str, path: Path, repository: Path, pages: set[Path]) -> str:
    """Where a link of a page leads on the site."""
    name, hash_, anchor = target.partition("#")
    if name.startswith((WEB, RAW)):
        place = repository / name.removeprefix(WEB).removeprefix(RAW)
    elif not name or re.match(r"[a-z]+:", name):
        return target
    else:
        place = Path(os.path.normpath(path.parent / name))
    if place in pages or place.parent == repository / "docs" / "images":
        return os.path.relpath(place, path.parent) + hash_ + anchor
    return WEB + str(place.relative_to(repository)) + hash_ + anchor
