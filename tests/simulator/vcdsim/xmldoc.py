# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the XML documents of the legacy API."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, fromstring, tostring

from vcdsim import errors

VCLOUD = "http://www.vmware.com/vcloud/v1.5"
VERSIONS = "http://www.vmware.com/vcloud/versions"
TYPE = "application/vnd.vmware.vcloud."


def document(tag: str, namespace: str = VCLOUD, **attributes: Any) -> Element:
    """A root element."""
    root = Element(tag, {"xmlns": namespace})
    return _with(root, attributes)


def child(parent: Element, tag: str, text: str | None = None, **attributes: Any) -> Element:
    element = _with(SubElement(parent, tag), attributes)
    element.text = text
    return element


def _with(element: Element, attributes: dict[str, Any]) -> Element:
    for name, value in attributes.items():
        if value is not None:
            element.set(name, plain(value))
    return element


def link(parent: Element, rel: str, kind: str, href: str, name: str | None = None) -> Element:
    return child(parent, "Link", rel=rel, type=f"{TYPE}{kind}+xml", href=href, name=name)


def plain(value: Any) -> str:
    """A value as the text of an element."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def named(tag: str) -> str:
    """The tag of a body's element, with its namespace."""
    return f"{{{VCLOUD}}}{tag}"


def text(element: Element, tag: str) -> str:
    """The text of a child of a body's element; empty without that child."""
    return (element.findtext(named(tag)) or "").strip()


def parse(raw: bytes) -> Element:
    """The document of a body. Answers 400 if it is not XML, or has a DOCTYPE, which could expand without end."""
    if b"<!DOCTYPE" in raw:
        raise errors.bad_request("The body must have no DOCTYPE.")
    try:
        return fromstring(raw)  # noqa: S314 - without a DOCTYPE there are no entities to expand
    except ParseError as problem:
        raise errors.bad_request("The body is not XML.") from problem


def render(root: Element) -> bytes:
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root)


def error(status: int, code: str, message: str) -> Element:
    return document("Error", message=message, majorErrorCode=status, minorErrorCode=code, stackTrace="")
