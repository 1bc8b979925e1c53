# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Parse the XML of the legacy API. Pure."""

from __future__ import annotations

from xml.etree import ElementTree


def parse(text: str) -> ElementTree.Element | None:
    """The root of a document, or None when it is not XML.

    A document with a DOCTYPE or entities is not parsed either: Cloud Director sends no such document, and entities can
    be abused.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    try:
        return ElementTree.fromstring(text)  # noqa: S314  (without a DOCTYPE there are no entities to expand)
    except ElementTree.ParseError:
        return None


def local(element: ElementTree.Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.rpartition("}")[2]
