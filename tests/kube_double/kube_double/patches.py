# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The three supported kinds of patch: JSON patch, merge patch and strategic merge patch."""

from __future__ import annotations

from typing import Any

import jsonpatch
import jsonpointer

from kube_double import errors
from kube_double.copies import copied
from kube_double.errors import Json
from kube_double.schema import MERGE_KEYS, MERGED_SETS, TYPES

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
PATCH_TYPES = [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH]


def apply_patch(content_type: str, kind: str, current: Json, patch: Any) -> Json:
    """``current`` with ``patch`` applied. Neither argument is changed."""
    if content_type == JSON_PATCH:
        return _json_patch(current, patch)
    if not isinstance(patch, dict):
        raise errors.bad_request("json: cannot unmarshal array into Go value of type map[string]interface {}")
    if content_type == MERGE_PATCH:
        merged: Json = merge(copied(current), patch)
        return merged
    return strategic_merge(kind, copied(current), patch)


def _json_patch(current: Json, patch: Any) -> Json:
    if not isinstance(patch, list):
        raise errors.bad_request("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    try:
        patched: Json = jsonpatch.JsonPatch(patch).apply(current, in_place=False)
    except (jsonpatch.InvalidJsonPatch, TypeError, KeyError) as why:
        raise errors.bad_request(f"error decoding patch: {why}") from why
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException) as why:
        raise errors.rejected_patch(str(why)) from why
    return patched


def merge(target: Any, patch: Any) -> Any:
    """RFC 7386: null removes, maps are merged, everything else is replaced."""
    if not isinstance(patch, dict):
        return patch
    result = target if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def strategic_merge(kind: str, target: Json, patch: Json) -> Json:
    """Kubernetes' own merge: lists with a merge key are merged item by item, and ``$`` directives apply."""
    directive = patch.get("$patch")
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise errors.bad_request(f"Unknown patch type found: {directive}")
    retained = patch.get("$retainKeys")
    if retained is not None:
        target = {key: value for key, value in target.items() if key in retained}
    for key, value in patch.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            field = key.partition("/")[2]
            target[field] = [item for item in target.get(field) or [] if item not in value]
        elif not key.startswith("$"):
            _merge_field(kind, target, key, value)
    for key, order in patch.items():
        if key.startswith("$setElementOrder/"):
            _reorder(kind, target, key.partition("/")[2], order)
    return target


def _merge_field(kind: str, target: Json, key: str, value: Any) -> None:
    wanted = TYPES.get(kind, {}).get(key, "any")
    if value is None:
        target.pop(key, None)
    elif isinstance(value, list):
        target[key] = _merge_list(kind, key, wanted.strip("[]"), target.get(key) or [], value)
    elif isinstance(value, dict):
        base = target.get(key)
        inner = wanted if wanted in TYPES else ""
        target[key] = strategic_merge(inner, base if isinstance(base, dict) else {}, value)
    else:
        target[key] = value


def _merge_list(kind: str, key: str, item_kind: str, base: list[Any], patch: list[Any]) -> list[Any]:
    if (kind, key) in MERGED_SETS:
        return base + [item for item in patch if item not in base]
    merge_key = MERGE_KEYS.get((kind, key))
    items = [item for item in patch if not (isinstance(item, dict) and item.get("$patch") == "replace")]
    if merge_key is None:
        return [_cleaned(item_kind, item) for item in items]
    result = [] if len(items) < len(patch) else list(base)
    for item in items:
        _merge_item(item_kind, merge_key, result, item)
    return result


def _merge_item(kind: str, merge_key: str, result: list[Any], item: Any) -> None:
    if not isinstance(item, dict) or merge_key not in item:
        raise errors.bad_request(f"map: {item} does not contain declared merge key: {merge_key}")
    at = next((n for n, found in enumerate(result) if found.get(merge_key) == item[merge_key]), None)
    if item.get("$patch") == "delete":
        if at is not None:
            del result[at]
    elif at is None:
        result.append(_cleaned(kind, item))
    else:
        result[at] = strategic_merge(kind, result[at], item)


def _cleaned(kind: str, item: Any) -> Any:
    """A new list item without directives and nulls."""
    return strategic_merge(kind, {}, item) if isinstance(item, dict) else item


def _reorder(kind: str, target: Json, field: str, order: list[Any]) -> None:
    """Sort the listed items in the listed order. Other items follow in their old order."""
    merge_key = MERGE_KEYS.get((kind, field))
    wanted = [entry.get(merge_key) if merge_key and isinstance(entry, dict) else entry for entry in order]
    items = target.get(field) or []

    def place(item: Any) -> int:
        key = item.get(merge_key) if merge_key and isinstance(item, dict) else item
        return wanted.index(key) if key in wanted else len(wanted)

    if items:
        target[field] = sorted(items, key=place)
