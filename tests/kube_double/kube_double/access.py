# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Authentication and authorization: bearer tokens, RBAC rules, and reviews of a user's own rights."""

from __future__ import annotations

import pathlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from kube_double import errors
from kube_double.errors import Json
from kube_double.resources import Resource, of_kind
from kube_double.store import Store

ANONYMOUS = "system:anonymous"
_PUBLIC_PATHS = ["/healthz", "/livez", "/readyz", "/version", "/version/"]
_DISCOVERY_PATHS = ["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*", *_PUBLIC_PATHS]
_SELF_REVIEWS = {"authorization.k8s.io": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
                 "authentication.k8s.io": ["selfsubjectreviews"]}  # fmt: skip


@dataclass(frozen=True)
class User:
    """A client. ``rules`` are RBAC PolicyRules; a rule with ``namespace`` applies only in that namespace."""

    name: str
    token: str = ""
    groups: tuple[str, ...] = ()
    rules: tuple[Json, ...] = field(default=(), hash=False)


@dataclass(frozen=True)
class Attributes:
    """One question: is this verb allowed on this resource (or, with ``path``, on this URL)?"""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def full_resource(self) -> str:
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def read_users(source: pathlib.Path) -> list[User]:
    """The users declared in a YAML file: a list of ``name``, ``token``, ``groups``, ``rules``."""
    try:
        declared = yaml.safe_load(source.read_text(encoding="utf-8")) or []
    except yaml.YAMLError as why:
        raise ValueError(f"{source} is not YAML: {' '.join(str(why).split())}") from why
    if not isinstance(declared, list):
        raise ValueError(f"{source}: users must be a list, not {declared!r}")
    return [make_user(entry) for entry in declared]


def make_user(entry: Any) -> User:
    known = {"name", "token", "groups", "rules"}
    if not isinstance(entry, dict) or not entry.get("name") or set(entry) - known:
        raise ValueError(f"a user must be a map with a name and optional token, groups and rules, not {entry!r}")
    for rule in entry.get("rules") or []:
        allowed = {"apiGroups", "resources", "verbs", "resourceNames", "nonResourceURLs", "namespace"}
        if not isinstance(rule, dict) or "verbs" not in rule or set(rule) - allowed:
            raise ValueError(f"user {entry['name']}: a rule has verbs and {sorted(allowed - {'verbs'})}, not {rule!r}")
    return User(
        name=entry["name"],
        token=entry.get("token") or secrets.token_urlsafe(16),
        groups=tuple(entry.get("groups") or ()),
        rules=tuple(entry.get("rules") or ()),
    )


class Access:
    """Authentication and authorization. ``admin`` may do everything, as a member of ``system:masters``."""

    def __init__(self, users: list[User], store: Store) -> None:
        self.admin = User("admin", secrets.token_urlsafe(16), ("system:masters",))
        self.users = [self.admin, *users]
        self._store = store
        self._by_token = {user.token: user for user in self.users}

    def authenticate(self, header: str | None) -> User:
        """The user of an ``Authorization`` header; anonymous without one. Raises 401 for an unknown token."""
        if not header:
            return User(ANONYMOUS, groups=("system:unauthenticated",))
        scheme, _space, token = header.partition(" ")
        user = self._by_token.get(token.strip())
        if scheme.lower() != "bearer" or user is None:
            raise errors.unauthorized()
        return User(user.name, groups=(*user.groups, "system:authenticated"), rules=user.rules)

    def impersonate(self, user: User, name: str, groups: list[str]) -> User:
        """The user that ``user`` impersonates (headers ``Impersonate-*``). Raises 403 without the right."""
        for resource, wanted in [("users", name), *(("groups", group) for group in groups)]:
            self.require(user, Attributes("impersonate", resource=resource, name=wanted))
        declared = next((found for found in self.users if found.name == name), None)
        rules = declared.rules if declared else ()
        return User(name, groups=(*groups, "system:authenticated"), rules=rules)

    def allowed(self, user: User, asked: Attributes) -> bool:
        if "system:masters" in user.groups:
            return True
        return any(_covers(rule, asked) for rule in self.rules(user, asked.namespace))

    def require(self, user: User, asked: Attributes) -> None:
        """Raise the API server's 403 unless ``user`` has the right."""
        if self.allowed(user, asked):
            return
        if asked.path:
            raise errors.forbidden_path(f'User "{user.name}" cannot {asked.verb} path "{asked.path}"')
        where = f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
        why = (
            f'User "{user.name}" cannot {asked.verb} resource "{asked.full_resource}" '
            f'in API group "{asked.group}" {where}'
        )
        raise errors.forbidden(asked.group, asked.resource, asked.name, why)

    def rules(self, user: User, namespace: str) -> Iterator[Json]:
        """The rules of ``user`` in ``namespace``, including cluster-wide ones."""
        yield {"nonResourceURLs": _PUBLIC_PATHS, "verbs": ["get"]}
        if "system:authenticated" in user.groups:
            yield {"nonResourceURLs": _DISCOVERY_PATHS, "verbs": ["get"]}
            for group, resources in _SELF_REVIEWS.items():
                yield {"apiGroups": [group], "resources": resources, "verbs": ["create"]}
        yield from (rule for rule in user.rules if rule.get("namespace") in (None, "", namespace))
        yield from self._bound(user, namespace)

    def _bound(self, user: User, namespace: str) -> Iterator[Json]:
        """The rules from stored RoleBindings and ClusterRoleBindings."""
        bindings = list(self._store.items(of_kind("ClusterRoleBinding")))
        if namespace:
            bindings += self._store.items(of_kind("RoleBinding"), namespace)
        for binding in bindings:
            if any(_is_subject(subject, user) for subject in binding.get("subjects") or []):
                reference = binding["roleRef"]
                within = binding["metadata"].get("namespace", "") if reference["kind"] == "Role" else ""
                role = self._store.peek(of_kind(reference["kind"]), within, reference["name"])
                yield from (role or {}).get("rules") or []

    def review(self, resource: Resource, user: User, item: Json) -> Json:
        """Answer a review of a user's own rights."""
        spec = item.get("spec") or {}
        if resource.kind == "SelfSubjectReview":
            info = {"username": user.name, "groups": list(user.groups)}
            return {"userInfo": info}
        if resource.kind == "SelfSubjectRulesReview":
            return self._rules_review(user, spec.get("namespace", ""))
        return {"allowed": self.allowed(user, _attributes(item, spec))}

    def _rules_review(self, user: User, namespace: str) -> Json:
        if not namespace:
            raise errors.bad_request("no namespace on request")
        if "system:masters" in user.groups:
            rules: list[Json] = [
                {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
                {"verbs": ["*"], "nonResourceURLs": ["*"]},
            ]
        else:
            rules = [{k: v for k, v in rule.items() if k != "namespace"} for rule in self.rules(user, namespace)]
        return {
            "resourceRules": [rule for rule in rules if "resources" in rule],
            "nonResourceRules": [rule for rule in rules if "nonResourceURLs" in rule],
            "incomplete": False,
        }


def _attributes(item: Json, spec: Json) -> Attributes:
    of_resource, of_path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (of_resource is None) == (of_path is None):
        why = errors.invalid_value(
            "spec.resourceAttributes", of_resource, "exactly one of nonResourceAttributes or resourceAttributes"
            " must be specified",
        )  # fmt: skip
        raise errors.invalid("authorization.k8s.io", item["kind"], "", [why])
    if of_path is not None:
        return Attributes(of_path.get("verb", ""), path=of_path.get("path", ""))
    keys = ("verb", "group", "resource", "subresource", "namespace", "name")
    return Attributes(**{key: (of_resource or {}).get(key, "") for key in keys})


def _is_subject(subject: Json, user: User) -> bool:
    if subject["kind"] == "ServiceAccount":
        return user.name == f"system:serviceaccount:{subject.get('namespace')}:{subject['name']}"
    return bool(subject["name"] == user.name if subject["kind"] == "User" else subject["name"] in user.groups)


def _covers(rule: Json, asked: Attributes) -> bool:
    if not {"*", asked.verb} & set(rule["verbs"]):
        return False
    if asked.path:
        return any(
            url == "*" or url == asked.path or (url.endswith("*") and asked.path.startswith(url[:-1]))
            for url in rule.get("nonResourceURLs") or []
        )
    wanted = {"*", asked.full_resource} | ({f"*/{asked.subresource}"} if asked.subresource else set())
    names = rule.get("resourceNames") or []
    return (
        bool({"*", asked.group} & set(rule.get("apiGroups") or []))
        and bool(wanted & set(rule.get("resources") or []))
        and (not names or asked.name in names)
    )
