# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The frame of every HTML page that the collection writes: one file, no script, no network, light and dark, printable.

    body = "{% call page.section('Steps') %}<p>{{ step }}</p>{% endcall %}"
    html = render(body, title="Plan", about=["by alice, job 4711"], step="create pool web")

`render` takes the body as a Jinja2 template, in which autoescape is on, so that external data is text and never
markup. It also makes control characters and marks of text direction visible in every value. The body may use
the macros of ``page``: ``section``, ``badge`` and ``code``, and the filter ``breakable``. The classes ``card``,
``wide`` (a table that becomes cards on a phone; each cell names its column in ``data-label``), ``good``, ``bad``,
``warn`` and ``muted`` are styled here.

Every colour has a contrast of at least 4.5 to its background (WCAG AA), and nothing is shown by colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._printable import printable
from jinja2 import BaseLoader, Environment, StrictUndefined, Template
from markupsafe import Markup

# What the page may load: nothing. Its styles are in the page itself.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
STYLE = Markup("""
:root{color-scheme:light dark;--page:#fff;--card:#f6f8fa;--text:#1b1f24;--muted:#57606a;--rule:#d0d7de;--line:#6e7781;
--good:#116329;--bad:#a40e26;--warn:#7d4e00;--outside:#e3edfd;--outside-rule:#4a7bd0;--inside:#fff;--link:#0550ae}
@media(prefers-color-scheme:dark){:root{--page:#0f1419;--card:#171d25;--text:#e6e9ec;--muted:#a3adb8;--rule:#323b46;
--line:#8b96a3;--good:#63d486;--bad:#ff9a96;--warn:#e6b84a;--outside:#1b2f4d;--outside-rule:#6d9be8;--inside:#0f1419;
--link:#8ab4f8}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif;overflow-wrap:anywhere}
main,header,footer{max-width:980px;margin:0 auto;padding:0 16px}
header{padding-top:32px}
h1{font-size:26px;line-height:1.25;font-weight:650;margin:0 0 4px}
h2{font-size:20px;font-weight:650;margin:44px 0 8px;padding-top:16px;border-top:1px solid var(--rule)}
h3{font-size:17px;font-weight:650;margin:28px 0 6px}
h4{font-size:15px;font-weight:650;margin:20px 0 6px}
p{margin:6px 0}
a{color:var(--link)}
code,.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace}
code{font-size:13px;overflow-wrap:anywhere}
pre{margin:6px 0;padding:8px 12px;background:var(--card);border:1px solid var(--rule);border-radius:6px;
white-space:pre-wrap;overflow-wrap:anywhere}
.muted{color:var(--muted)}
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
.badge{font-weight:600}
.badge::before{content:"";display:inline-block;width:9px;height:9px;margin-right:6px;border-radius:50%;
background:currentColor}
.badge.bad::before{border-radius:1px}.badge.warn::before{border-radius:1px;transform:rotate(45deg) scale(.85)}
.card{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:12px 16px;margin:10px 0}
table{border-collapse:collapse;width:100%;font-size:14px;margin:8px 0;table-layout:fixed}
th,td{text-align:left;vertical-align:top;padding:6px 12px 6px 0;border-bottom:1px solid var(--rule)}
th{font-weight:600;color:var(--muted);font-size:13px}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:8px 0}
dt{color:var(--muted)}dd{margin:0}
ul{margin:6px 0;padding-left:20px}li{margin:4px 0}
.sides{display:grid;grid-template-columns:1fr 1fr;gap:16px 28px;align-items:start}
.sides.one{grid-template-columns:minmax(0,1fr)}.sides.one figure{max-width:460px}
figure{margin:8px 0;min-width:0}
figcaption{font-size:13px;color:var(--muted);margin-bottom:6px}
.drawing{display:block;width:100%;height:auto;max-width:460px}
.drawing text{fill:var(--text);font:10.5px system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif}
.drawing .mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace}
.drawing .strong{font-weight:600;font-size:10.5px}.drawing .small{font-size:10px}.drawing .tiny{font-size:9.5px}
.drawing .good{fill:var(--good)}.drawing .bad{fill:var(--bad)}.drawing .warn{fill:var(--warn)}
.drawing .muted{fill:var(--muted)}
.drawing .box{fill:var(--inside);stroke:var(--line)}.drawing .outside{fill:var(--outside);stroke:var(--outside-rule)}
.drawing .missing{stroke:var(--bad);stroke-dasharray:4 3}
.drawing .line{stroke:var(--line);fill:none;stroke-width:1.2}.drawing .head{fill:var(--line)}
.drawing .broken{stroke:var(--bad);stroke-dasharray:4 3}.drawing .head.broken{stroke:none;fill:var(--bad)}
footer{margin-top:48px;padding-top:12px;padding-bottom:32px;color:var(--muted);font-size:13px}
.w8{width:8%}.w10{width:10%}.w12{width:12%}.w14{width:14%}.w16{width:16%}
@media(max-width:640px){h1{font-size:22px}.sides{grid-template-columns:minmax(0,1fr)}dl{grid-template-columns:1fr}
dd{margin-bottom:6px}
.wide thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.wide tr{display:block;padding:8px 0;border-bottom:1px solid var(--rule)}
.wide td,.wide th[scope=row]{display:grid;grid-template-columns:120px minmax(0,1fr);gap:8px;border:0;padding:2px 0;
text-align:left}
.wide td::before,.wide th[scope=row]::before{content:attr(data-label);color:var(--muted);font-weight:400}}
th[scope=row]{color:var(--text);font-size:14px}
@media print{:root{color-scheme:light;--page:#fff;--card:#fff;--text:#000;--muted:#444;--rule:#bbb;--line:#555;
--good:#0b5323;--bad:#8f0d22;--warn:#6b4300;--outside:#e8f0fd;--outside-rule:#4a7bd0;--inside:#fff;--link:#000}
body{font-size:11pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}main,header,footer{max-width:none;padding:0}
h2,h3,h4{break-after:avoid}figure,tr,.card,.sides{break-inside:avoid}a{text-decoration:none}@page{margin:16mm}
.sides{grid-template-columns:1fr 1fr}
table,th[scope=row]{font-size:8.5pt}th,td{padding-right:6px}th{font-size:8pt}}
""")
_FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{{ policy }}">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{{ title }}</title>
<style>{{ style }}</style>
</head>
<body>
<header>
<h1>{{ title }}</h1>
{% for line in about %}<p class="muted">{{ line }}</p>
{% endfor %}</header>
<main>
{{ body }}
</main>
<footer>{{ foot }}</footer>
</body>
</html>
"""
_MACROS = """
{%- macro section(heading, id='') -%}
<section{% if id %} id="{{ id }}"{% endif %}><h2>{{ heading }}</h2>{{ caller() }}</section>
{%- endmacro -%}
{%- macro badge(text, tone='') -%}<span class="badge {{ tone }}">{{ text }}</span>{%- endmacro -%}
{%- macro code(text) -%}<pre><code>{{ text }}</code></pre>{%- endmacro -%}
"""


def _visible(value: Any) -> Any:
    """What a template prints: markup as it is, any other text with its unprintable characters escaped."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else printable(value, keep="\n")


def breakable(text: str) -> Markup:
    """A name in which a line may break after each ``_``."""
    return Markup("_<wbr>").join(printable(text).split("_"))


@cache
def environment() -> Environment:
    """The Jinja2 environment of the pages: autoescape is on, and a name that is missing is an error."""
    found = Environment(
        loader=BaseLoader(),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["breakable"] = breakable
    found.globals["page"] = found.from_string(_MACROS).module
    return found


@cache
def _template(text: str) -> Template:
    """A template of this collection, compiled once for all pages of a process."""
    return environment().from_string(text)


def render(body: str, *, title: str, about: Sequence[str] = (), foot: str = "", **values: Any) -> str:
    """A whole page. ``about`` are the lines below the title, ``foot`` is the line at the end, ``values`` the body's."""
    inner = Markup(_template(body).render(**values))  # noqa: S704 - autoescape has escaped all that it prints
    return _template(_FRAME).render(title=title, about=about, foot=foot, body=inner, style=STYLE.strip(), policy=POLICY)
