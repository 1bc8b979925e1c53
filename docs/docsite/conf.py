# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the site that `make docs` builds; tests/tools/docs_site.py puts its pages together."""

from __future__ import annotations

project = "vcd.kubernetes"
copyright = "2026, the vcd.kubernetes authors"
extensions = ["myst_parser", "sphinx_antsibull_ext"]
html_theme = "furo"
html_title = "vcd.kubernetes"
html_use_smartypants = False
highlight_language = "YAML+Jinja"
# headings get the same anchors as on GitHub
myst_heading_anchors = 4
# README.md is at the top of the site, and the pages of the role are deeper
suppress_warnings = ["myst.header"]
html_static_path = ["_static"]
html_css_files = ["phone.css"]
nitpicky = False
