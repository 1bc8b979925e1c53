# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that a broken or hostile server might give, made from real ones. The same seed gives the same answer."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from wire import Reply

MANY = "9" * 5000
DEEP = "[" * 2000 + "]" * 2000
DEEP_MAPPING = '{"a":' * 2000 + "1" + "}" * 2000
NOTHING_READABLE = "\x00\x1b[31m\u202e\r\n\u0085"
# Written verbatim into a JSON text in place of a value.
TOKENS = (
    *("null", "true", "false", "0", "-1", "1", "1.5", "1e400", "-1e400", "1e15", "NaN", "Infinity", "-Infinity", MANY),
    *(
        f"-{MANY}",
        "9223372036854775808",
        DEEP,
        DEEP_MAPPING,
        "[]",
        "{}",
        "[null]",
        "[[]]",
        '[{"id":null}]',
        '{"a":1,"a":2}',
    ),
    *('""', '" "', '"x"', '"0"', '"²"', '"٣"', '"\\ud800"', '"\\udfff\\ud800"', '"\\u0000"', '"../../x"', '"a/b?c#d"'),
    *(
        '"urn:vcloud:gateway:x"',
        '"99999"',
        f'"{MANY}"',
        '"1-99999999999999999999"',
        '"10.0.0.0/99"',
        '"::"',
        '"1.2.3.4"',
    ),
    *(json.dumps(NOTHING_READABLE), '"NORMAL"', '"REALIZED"', '"{{ 1 }}"', '"' + "x" * 100_000 + '"', "'x'", ""),
)
STATUSES = (100, 101, 199, 200, 201, 202, 204, 206, 300, 301, 302, 304, 307, 400, 401, 403, 404, 405, 406, 408, 409)
STATUSES += (410, 412, 413, 415, 418, 422, 429, 431, 499, 500, 501, 502, 503, 504, 507, 599, 600, 999)
HEADERS = (
    *(("Retry-After", value) for value in ("²", "٣", "-5", MANY, "1e400", "nan", "Mon, 99 Foo 99999 99:99:99 X", " ")),
    *(("Retry-After", value) for value in ("Fri, 31 Dec 9999 23:59:59 -2359", "Mon, 01 Jan 0001 00:00:00 +2359", "1")),
    *(("Date", value) for value in ("x", MANY, "Fri, 31 Dec 9999 23:59:59 -2359", "Mon, 1 Jan 1 0:0:0 +9999", "0")),
    *(("Location", value) for value in ("http://[", "//evil.example/", "/api/task/²", MANY, "", "/api/task/../x", "?")),
    *(("Location", value) for value in ("https://vcd.example/api/task/0000", "/api/task/" + "a" * 5000, "\x80\xff")),
    *(
        ("Link", value)
        for value in ("<", '<http://[>;rel="nextPage"', '<?cursor=a>;rel="nextPage"', ";;;,,,", "<x>;rel")
    ),
    *(("Content-Type", value) for value in ("text/html", "", "application/json; charset=utf-16", "x\x80")),
    *(("Content-Encoding", value) for value in ("gzip", "gzip, gzip", "br", "deflate", "identity", "x", "")),
    *(("Transfer-Encoding", value) for value in ("chunked", "gzip, chunked", "x")),
    *(("Content-Length", value) for value in ("-1", "0", "5", MANY, "²", "1e3", "10, 11", "99999999999999")),
    *(("Set-Cookie", value) for value in ("a=b; expires=x; domain=..", "=", "a=" + "b" * 5000, "\x80=\xff; Max-Age=x")),
    *(("X-VMWARE-VCLOUD-ACCESS-TOKEN", value) for value in ("", "a b", "a\xe9", "a\r\n b", "\x00", "t" * 70_000)),
    *((name, value) for name in ("", "a b", "\x00", "x" * 70_000) for value in ("", "x")),
)
BODIES = (
    *(b"", b" ", b"null", b"[]", b"{}", b"0", b'"x"', b"true", b"[null]", b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}"),
    *(b"<html><body>login</body></html>", b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"<a>"),
    *(b"<Task/>", b'<Task status="success"/>', b'<Task status="running"/>', b'<Task status="error"><Error/></Task>'),
    *(b"<a>" * 5000 + b"</a>" * 5000, b"<?xml version='1.0' encoding='utf-16'?><a/>", b"\x1f\x8b\x08\x00", b"{" * 5000),
    *(DEEP.encode(), DEEP_MAPPING.encode(), f'{{"values":{DEEP}}}'.encode(), b'{"values":[null],"resultTotal":1}'),
    *(b'{"values":null}', b'{"values":{}}', b'{"values":"x"}', b'{"values":[],"resultTotal":"x"}', b'{"values":[[]]}'),
    *(b'{"message":[],"minorErrorCode":{}}', b'{"message":{"a":1}}', b'{"error":[]}', b'{"reason":[],"message":[]}'),
    *(b'{"items":null}', b'{"items":{}}', b'{"items":[null]}', b'{"items":[1]}', b'{"items":[],"metadata":[]}'),
    *(b'{"access_token":1}', b'{"access_token":"a\\r\\nb"}', b'{"access_token":"\xc3\xa9"}', b'{"access_token":["x"]}'),
    *(b'{"access_token":"abc","refresh_token":{"a":1}}', b'{"metadata":null,"data":[]}', b'{"metadata":"x","spec":1}'),
    *(f"<SupportedVersions><VersionInfo><Version>{v}</Version></VersionInfo></SupportedVersions>".encode()
      for v in (f"{MANY}.0", "²7.2", "37", "", "37.2.1", "36.-1")),
)  # fmt: skip
_VALUE = re.compile(r'"(?:[^"\\]|\\.)*"(?!\s*:)|-?\d+(?:\.\d+)?|true|false|null')
_KEY = re.compile(r'"(?:[^"\\]|\\.)*"(?=\s*:)')
_BRACKETED = re.compile(r"\{[^{}]*\}|\[[^\[\]]*\]")
_XML_VALUE = re.compile(r'(?<==")[^"]*(?=")|(?<=>)[^<]+(?=<)')
_XML_TEXTS = (
    "",
    "x",
    MANY,
    "²",
    "37.9",
    "success",
    "running",
    "error",
    "aborted",
    "/x",
    "[{}]",
    "a/b?c",
    "&#0;",
    "&x;",
)


def mutate(reply: Reply, chance: random.Random) -> bytes:
    """The bytes of an answer with one to three changes."""
    changed: Reply | bytes = reply
    for _change in range(chance.choice((1, 1, 1, 2, 3))):
        if isinstance(changed, bytes):
            break
        changed = chance.choice(_CHANGES)(changed, chance)
    return changed if isinstance(changed, bytes) else changed.raw()


def _replaced(pattern: re.Pattern[str], texts: tuple[str, ...], reply: Reply, chance: random.Random) -> Reply:
    text = reply.body.decode("utf-8", "replace")
    found = list(pattern.finditer(text))
    if not found:
        return reply.with_body(chance.choice(BODIES))
    one = chance.choice(found)
    changed = f"{text[: one.start()]}{chance.choice(texts)}{text[one.end() :]}"
    return reply.with_body(changed.encode("utf-8", "surrogatepass"))


def _value(reply: Reply, chance: random.Random) -> Reply:
    if reply.body.lstrip().startswith(b"<"):
        return _replaced(_XML_VALUE, _XML_TEXTS, reply, chance)
    return _replaced(_VALUE, TOKENS, reply, chance)


def _container(reply: Reply, chance: random.Random) -> Reply:
    return _replaced(_BRACKETED, TOKENS, reply, chance)


def _key(reply: Reply, chance: random.Random) -> Reply:
    return _replaced(_KEY, ('"x"', '""', '"id"', '"name"', '"values"', "1", "null", '"\\ud800"'), reply, chance)


def _every_value(reply: Reply, chance: random.Random) -> Reply:
    """All values of one key: a type that changed between two versions."""
    text = reply.body.decode("utf-8", "replace")
    keys = sorted(set(_KEY.findall(text)))
    if not keys:
        return _value(reply, chance)
    token = chance.choice(TOKENS)
    pattern = re.compile(
        re.escape(chance.choice(keys)) + r'\s*:\s*("(?:[^"\\]|\\.)*"|-?\d+|true|false|null|\{[^{}]*\}|\[[^\[\]]*\])'
    )
    return reply.with_body(
        pattern.sub(lambda found: found[0][: found.start(1) - found.start()] + token, text).encode("utf-8", "replace")
    )


def _body(reply: Reply, chance: random.Random) -> Reply:
    return reply.with_body(chance.choice(BODIES))


def _cut(reply: Reply, chance: random.Random) -> Reply | bytes:
    if chance.random() < 0.5:
        return reply.with_body(reply.body[: chance.randrange(len(reply.body) + 1)])
    raw = reply.raw()
    return raw[: chance.randrange(len(raw) + 1)]


def _bytes(reply: Reply, chance: random.Random) -> Reply | bytes:
    raw = bytearray(reply.body if chance.random() < 0.7 else reply.raw())
    for _change in range(chance.randrange(1, 4)):
        if raw:
            raw[chance.randrange(len(raw))] = chance.choice((0, 10, 13, 34, 39, 44, 58, 91, 92, 123, 125, 128, 255))
    return bytes(raw)


def _status(reply: Reply, chance: random.Random) -> Reply:
    return replace(reply, status=chance.choice(STATUSES))


def _header(reply: Reply, chance: random.Random) -> Reply:
    name, value = chance.choice(HEADERS)
    others = reply.headers
    if chance.random() < 0.7:
        others = tuple(one for one in others if one[0].lower() != name.lower())
    return replace(reply, headers=(*others, (name, value)))


def _no_header(reply: Reply, chance: random.Random) -> Reply:
    kept = list(reply.headers)
    if kept:
        kept.pop(chance.randrange(len(kept)))
    return replace(reply, headers=tuple(kept))


def _status_line(reply: Reply, chance: random.Random) -> bytes:
    lines = (b"HTTP/1.1 200", b"HTTP/1.1 \xb2 OK", b"HTTP/9.9 200 OK", b"", b"200 OK", b"HTTP/1.1 " + b"2" * 5000)
    return chance.choice(lines) + b"\r\n" + reply.raw().partition(b"\r\n")[2]


def _packed(reply: Reply, chance: random.Random) -> Reply:
    body = gzip.compress(reply.body)
    body = chance.choice((body, body[:-4], body * 2, gzip.compress(body), body + b"x", reply.body))
    return replace(reply, headers=(*reply.headers, ("Content-Encoding", "gzip")), body=body)


def _chunked(reply: Reply, chance: random.Random) -> bytes:
    size = chance.choice((b"%x" % len(reply.body), b"-5", b"ffffffffffffffff", b"", b"x", b"5;x=" + b"y" * 5000, b"0"))
    head = replace(reply, body=b"").raw().replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    return head + size + b"\r\n" + reply.body + b"\r\n0\r\n\r\n"


_CHANGES: tuple[Callable[[Reply, random.Random], Any], ...] = (
    *(_value,) * 8,
    *(_container,) * 3,
    *(_every_value,) * 3,
    *(_key, _key, _body, _body, _status, _status, _header, _header),
    *(_cut, _bytes, _no_header, _status_line, _packed, _chunked),
)
