# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The plan of a run: one document with the plans of all its clusters, written and read again. Pure.

Its form is published in docs/shared-ip-plan.schema.json. The document's ``digest`` covers the names of the clusters and
the digests of their plans; no digest covers ``made`` (when and by whom).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._canonical import (
    canonical,
    digest_of,
    is_digest,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput, as_text
from ansible_collections.vcd.kubernetes.plugins.module_utils._json import JsonRefused, parse_json
from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import Reader
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.binding.cluster_plan import DIGEST, digest_of_plan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import pluralize
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.fleet import statistics_key

Facts = Mapping[str, Any]
KIND, VERSION = "vcd.kubernetes shared IP plan", 1
OPTION = "shared_ip_apply"
ARTIFACTS = "artifacts"  # the option's value where each cluster's own artifact says what is approved
ARTIFACT, RUN_DIGEST = "shared_ip_plan_of_", "shared_ip_plan_digest"
CLUSTER_DIGEST = "shared_ip_plan_digest_of_"
MOST_BYTES = 64 * 1024  # all plans of a run in the artifacts of its job, which travel with each job that follows
NOT_REACHED = "the run did not reach it"
MAKE_ONE = "make one with --check and shared_ip_plan_file"


def run_plan(clusters: Mapping[str, Facts], made: Facts) -> dict[str, Any]:
    """The document. Each of ``clusters`` has ``plan``, or ``failure`` with the reason why it has no plan.

    ``made`` has ``at`` and, where they are known, ``by`` and ``job``.
    """
    found = {name: _entry(one) for name, one in sorted(clusters.items())}
    _mark_conflicts(found)
    return {
        "kind": KIND,
        "version": VERSION,
        "made": dict(made),
        DIGEST: digest_of_run(_digests(found)),
        "clusters": found,
    }


def _entry(known: Facts) -> dict[str, Any]:
    plan, failure = known.get("plan"), known.get("failure")
    if failure or not plan:
        return {"state": "failed", "reason": " ".join(str(failure or NOT_REACHED).split()), "plan": None}
    return {"state": "planned" if plan["changes"] else "nothing to do", "reason": "", "plan": dict(plan)}


def _mark_conflicts(clusters: dict[str, dict[str, Any]]) -> None:
    """Clusters of one edge gateway that were planned at the same time may have been given the same internal address."""
    taken: dict[tuple[str, str], str] = {}
    for name, one in clusters.items():
        plan = one["plan"] or {"services": []}
        own = {(plan["edge_gateway"]["id"], ip) for service in plan["services"] for ip in service["internal_ips"]}
        rivals = sorted((taken[key], key[1]) for key in own if key in taken)
        if rivals:
            other, address = rivals[0]
            reason = f"the plan of {other} takes {address} on the same edge gateway, too: apply that, then plan again"
            clusters[name] = {"state": "failed", "reason": reason, "plan": None}
        else:
            taken.update(dict.fromkeys(own, name))


def _digests(clusters: Mapping[str, Facts]) -> dict[str, str]:
    return {name: one["plan"][DIGEST] for name, one in clusters.items() if one["plan"]}


def digest_of_run(digests: Mapping[str, str]) -> str:
    """The digest of a run, from those of its clusters that were planned."""
    return digest_of({"clusters": dict(digests)})


def parse_run_plan(text: str, source: str) -> dict[str, Any]:
    """The document in a file. Raises InvalidInput for another file, version or content than a run has written."""
    try:
        found = parse_json(text)
    except JsonRefused as error:
        raise InvalidInput(OPTION, source, f"is not a plan (the document {error}): {MAKE_ONE}") from None
    if not isinstance(found, Mapping) or found.get("kind") != KIND:
        raise InvalidInput(OPTION, source, f"is not a plan of a run: {MAKE_ONE}")
    if found.get("version") != VERSION or isinstance(found.get("version"), bool):
        known = f"is of version {as_text(found.get('version'))}, and this release reads version {VERSION}"
        raise InvalidInput(OPTION, source, f"{known}: {MAKE_ONE}")
    clusters = Reader(found, source).mapping("clusters")
    for name in clusters.value:
        plan = clusters.mapping(name).mapping_or_none("plan")
        if plan:
            checked_plan(plan.value, source, name)
    if digest_of_run(_digests(found["clusters"])) != found.get(DIGEST):
        raise InvalidInput(OPTION, source, f"was changed after it was made (its digest does not fit): {MAKE_ONE}")
    return dict(found)


def checked_plan(plan: Facts, source: str, cluster: str = "") -> None:
    """Raise InvalidInput unless a plan has the digest that it names."""
    try:
        same = digest_of_plan(plan) == plan.get(DIGEST)
    except ValueError:
        same = False
    if not same:
        which = f"the plan of {cluster}" if cluster else "the plan"
        raise InvalidInput(
            OPTION, source, f"{which} was changed after it was made (its digest does not fit): {MAKE_ONE}"
        )


def approved_of(document: Facts, cluster: str, source: str) -> dict[str, Any]:
    """What a document approves for one cluster: the option ``approved`` of vcd_cluster_shared_ip.

    Raises InvalidInput where the document has no plan for the cluster.
    """
    entry = document["clusters"].get(cluster)
    if entry is None:
        names = ", ".join(document["clusters"]) or "none"
        raise InvalidInput(OPTION, source, f"has no plan for {cluster}; it has {names}: limit the run to these")
    if not entry["plan"]:
        remedy = f"{cluster} could not be planned ({entry['reason']}): plan it again, or limit the run to the others"
        raise InvalidInput(OPTION, source, remedy)
    return {"cluster": cluster, DIGEST: entry["plan"][DIGEST], "plan": entry["plan"], "source": source}


def approved_by_digest(digest: str, cluster: str, variables: Facts) -> dict[str, Any]:
    """What a digest approves for one cluster, with what the artifacts among a job's variables say about it.

    A digest of a run counts for a cluster only if the artifacts of all clusters of that run are there. Raises
    InvalidInput for an artifact that was changed, or that belongs to another plan.
    """
    artifacts = _artifacts(variables)
    mine = _artifact_of(cluster, artifacts)
    found: dict[str, Any] = {"cluster": cluster, DIGEST: digest, "source": digest}
    if mine is None or digest not in (mine.get("run"), mine.get(DIGEST)):
        return found
    if digest != mine[DIGEST]:
        run = {
            str(one["cluster"]): str(one[DIGEST]) for one in artifacts if one.get("run") == digest and one.get(DIGEST)
        }
        if digest_of_run(run) != digest:
            remedy = f"the artifacts {ARTIFACT}* of this job are not all of that run: give the plan's file"
            raise InvalidInput(OPTION, digest, remedy)
        found[DIGEST] = str(mine[DIGEST])
    return {**found, **_plan_in(mine, found)}


def approved_by_artifacts(cluster: str, variables: Facts) -> dict[str, Any]:
    """What a cluster's own artifacts among a job's variables approve, whichever job, slice or node planned it.

    Raises InvalidInput where they are missing, were changed, or belong to two plans.
    """
    name, whole = (statistics_key(cluster, prefix) for prefix in (CLUSTER_DIGEST, ARTIFACT))
    if name not in variables:
        remedy = f"plan {cluster} in a job that comes before this one in the workflow, or limit the run to the others"
        raise InvalidInput(OPTION, ARTIFACTS, f"this job has no variable {name}: {remedy}")
    digest = str(variables[name])
    if not is_digest(digest):
        remedy = (
            "is not a digest of a plan (sha256: and 64 hexadecimal digits): leave it as the job of the plan made it"
        )
        raise InvalidInput(name, variables[name], remedy)
    found = {"cluster": cluster, DIGEST: digest, "source": ARTIFACTS}
    mine = _artifact_of(cluster, _artifacts(variables))
    if mine is None:
        return found
    if mine.get(DIGEST) != digest:
        remedy = f"the variables {name} and {whole} are of two plans: plan {cluster} again"
        raise InvalidInput(OPTION, ARTIFACTS, remedy)
    return {**found, **_plan_in(mine, found)}


def clusters_of_artifacts(variables: Facts) -> list[str]:
    """The clusters that have a plan among a job's variables. Raises InvalidInput without any."""
    if not any(str(name).startswith(CLUSTER_DIGEST) for name in variables):
        remedy = "let it come after the job of the plan in a workflow, or give the plan's file or its digest"
        raise InvalidInput(OPTION, ARTIFACTS, f"this job has no variables {CLUSTER_DIGEST}*: {remedy}")
    return sorted(str(one["cluster"]) for one in _artifacts(variables) if one.get("cluster"))


def edge_gateways_of(variables: Facts, document: Facts | None = None) -> dict[str, str]:
    """The name of each cluster's edge gateway, from a document or from the artifacts of a job that planned."""
    plans = {str(one.get("cluster")): one.get("plan") for one in _artifacts(variables)}
    if document is not None:
        plans = {name: one["plan"] for name, one in document["clusters"].items()}
    return {name: str(plan["edge_gateway"]["name"]) for name, plan in plans.items() if plan and "edge_gateway" in plan}


def _artifacts(variables: Facts) -> list[Facts]:
    return [one for name, text in variables.items() if str(name).startswith(ARTIFACT) and (one := _mapping_in(text))]


def _mapping_in(text: Any) -> Facts:
    """The mapping that an artifact holds, empty if it holds something else."""
    try:
        found = parse_json(text) if isinstance(text, str) else {}
    except JsonRefused:
        return {}
    return found if isinstance(found, Mapping) else {}


def _artifact_of(cluster: str, artifacts: Sequence[Facts]) -> Facts | None:
    return next((one for one in artifacts if one.get("cluster") == cluster), None)


def _plan_in(artifact: Facts, found: Facts) -> dict[str, Any]:
    """The plan in an artifact, if it is the approved one. Raises InvalidInput if it was changed."""
    plan = artifact.get("plan")
    if not isinstance(plan, Mapping) or not plan:
        return {}
    checked_plan(plan, str(found["source"]), str(found["cluster"]))
    return {"plan": plan} if plan[DIGEST] == found[DIGEST] else {}


def compared_lines(planned: Collection[str], run: Sequence[str]) -> list[str]:
    """The clusters that only the plan or only the run has, for a person."""
    only_planned = [name for name in planned if name not in run]
    only_run = [name for name in run if name not in planned]
    lines = [f"planned, and not in this run: {', '.join(only_planned)}"] if only_planned else []
    return [*lines, *([f"in this run, and not planned: {', '.join(only_run)}"] if only_run else [])]


def artifacts_of(document: Facts) -> dict[str, Any]:
    """What a workflow hands on: the digest of the run, and variables for each planned cluster.

    A cluster's variables are its digest as text, and a mapping that holds the plan itself only if all plans together
    are short (see MOST_BYTES). Slices of a job and parallel nodes overwrite the digest of the run, but no cluster's
    variables. The mapping is JSON text: AWX would hand on each text in a real mapping separately, as ``!unsafe`` in
    YAML, and ansible-core from 2.19 on reads an empty one as null and '1' as a number, which would make another plan.
    """
    plans = {name: one["plan"] for name, one in document["clusters"].items() if one["plan"]}
    short = sum(len(canonical(one)) for one in plans.values()) <= MOST_BYTES
    found: dict[str, Any] = {RUN_DIGEST: document[DIGEST]}
    for name, plan in plans.items():
        entry = {"cluster": name, DIGEST: plan[DIGEST], "run": document[DIGEST]}
        found[statistics_key(name, CLUSTER_DIGEST)] = plan[DIGEST]
        found[statistics_key(name, ARTIFACT)] = canonical({**entry, "plan": plan} if short else entry)
    return found


def summary_lines(document: Facts) -> list[str]:
    """A summary of the document: a line for each cluster, with its digest or why it has none."""
    lines = [f"plan of {pluralize(len(document['clusters']), 'cluster')}, {document[DIGEST]}"]
    for name, one in document["clusters"].items():
        lines.append(f"  {name}: {one['state']}, {one['plan'][DIGEST] if one['plan'] else one['reason']}")
    return lines
