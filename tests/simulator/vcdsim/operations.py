# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one table of all operations, and the list of known operations that answer 501."""

from __future__ import annotations

from vcdsim.resources import (
    alb_infrastructure,
    application_port_profiles,
    certificates,
    distributed_firewall,
    edge_gateways,
    entities,
    external_networks,
    firewall,
    firewall_rules,
    gateway_services,
    http_policies,
    ip_allocations,
    ip_space_assignments,
    ip_spaces,
    legacy,
    legacy_admin,
    legacy_networks,
    legacy_orgs,
    legacy_users,
    legacy_vdcs,
    log_in,
    metadata,
    nat_rules,
    network_context_profiles,
    network_dhcp,
    network_profiles,
    networks,
    orgs,
    pools,
    query_service,
    roles,
    routing,
    security_tags,
    segments,
    service_engine_groups,
    slaac,
    vdc_groups,
    vdc_storage,
    virtual_services,
    vpn,
)

OPERATIONS = (
    *log_in.OPERATIONS,
    *roles.OPERATIONS,
    *orgs.OPERATIONS,
    *vdc_groups.OPERATIONS,
    *external_networks.OPERATIONS,
    *edge_gateways.OPERATIONS,
    *slaac.OPERATIONS,
    *gateway_services.OPERATIONS,
    *routing.OPERATIONS,
    *vpn.OPERATIONS,
    *networks.OPERATIONS,
    *network_profiles.OPERATIONS,
    *network_dhcp.OPERATIONS,
    *segments.OPERATIONS,
    *nat_rules.OPERATIONS,
    *application_port_profiles.OPERATIONS,
    *alb_infrastructure.OPERATIONS,
    *service_engine_groups.OPERATIONS,
    *pools.OPERATIONS,
    *virtual_services.OPERATIONS,
    *http_policies.OPERATIONS,
    *firewall.OPERATIONS,
    *firewall_rules.OPERATIONS,
    *distributed_firewall.OPERATIONS,
    *network_context_profiles.OPERATIONS,
    *ip_spaces.OPERATIONS,
    *ip_allocations.OPERATIONS,
    *ip_space_assignments.OPERATIONS,
    *certificates.OPERATIONS,
    *entities.OPERATIONS,
    *security_tags.OPERATIONS,
    *legacy.OPERATIONS,
    *legacy_admin.OPERATIONS,
    *legacy_orgs.OPERATIONS,
    *legacy_vdcs.OPERATIONS,
    *legacy_networks.OPERATIONS,
    *vdc_storage.OPERATIONS,
    *legacy_users.OPERATIONS,
    *metadata.OPERATIONS,
    *query_service.OPERATIONS,
)

# Paths that go-vcloud-director sends only to Cloud Director, not to VCF Automation (assumed to be missing there)
_ONLY_HERE = (
    *(
        f"/cloudapi/1.0.0/{name}"
        for name in (
            "applicationPortProfiles",
            "edgeGateways",
            "externalNetworks",
            "firewallGroups",
            "loadBalancer",
            "nsxAlbResources",
            "orgVdcNetworks",
            "vdcGroups",
            "vdcs",
        )
    ),
    *(f"/api/{name}" for name in ("admin/vdc", "network", "vApp", "vdc")),
)


def only_in_cloud_director(path: str) -> bool:
    """Whether only Cloud Director has this path or path template, and VCF Automation, its successor, does not."""
    return any(path == start or path.startswith(f"{start}/") for start in _ONLY_HERE)


# Other paths of VCD's API, by how they begin
_FAMILIES = """
    accessLevels advisories apiFilters auditTrail brandingThemes cells crossVdcNetworks customEntityTypes
    definitions edgeClusters endpoints entity extensions externalEndpoints featureFlags globalRoles groups
    interfaces ldap logicalVmGroups metadataSummaries multiVcVms networkPools nsxTResources
    nsxVResources openIdProvider orgVdcStoragePolicies preferences providerVdcs proxies proxyConfigurations
    pvdcComputePolicies pvdcStoragePolicies quotaPolicies quotaPolicy rightsBundles rightsCategories sddcProxies
    sddcProxiesPac sddcs securityTags segmentProfileTemplates serviceAccounts serviceApps serviceItem site smtp
    storageContainers storagePolicies storagePolicySupportedEntityTypes testConnection tkgClusters transferSessions
    universalRouters users vapps vdcComputePolicies vgpuProfiles virtualCenters
"""
_EDGE = "/cloudapi/1.0.0/edgeGateways/{gatewayId}"
_CRUD = "GET PUT DELETE"
# (methods, path) of operations that VCD has and the simulator does not. They answer 501 instead of 404, so that a
# client's author learns that the simulator, not the request, is the problem.
NOT_BUILT = (
    ("DELETE", _EDGE + "/slaacProfile"),
    ("POST", "/cloudapi/1.0.0/applicationPortProfiles/sync"),
    ("POST", "/cloudapi/1.0.0/loadBalancer/analyticReports"),
    ("GET", "/cloudapi/1.0.0/loadBalancer/analyticReports/supportedMetrics"),
    ("GET", "/cloudapi/1.0.0/orgVdcNetworks/{vdcNetworkId}/allocatedIpAddresses"),
    ("GET", "/cloudapi/1.0.0/orgVdcNetworks/{vdcNetworkId}/secondaryAllocatedIpAddresses"),
    ("POST", "/cloudapi/1.0.0/orgVdcNetworks/{vdcNetworkId}/reset"),
    ("POST", "/cloudapi/1.0.0/orgs"),
    ("PUT DELETE", "/cloudapi/1.0.0/orgs/{orgUrn}"),
    ("GET", "/cloudapi/1.0.0/ipSpaces/ipPrefixSuggestions"),
    ("GET", "/cloudapi/1.0.0/ipSpaces/ipPrefixSequences"),
    ("POST", "/cloudapi/1.0.0/ipSpaces/orgAssignments"),
    ("DELETE", "/cloudapi/1.0.0/ipSpaces/orgAssignments/{assignmentId}"),
    ("POST", "/cloudapi/1.0.0/entities/{id}/behaviors/{behaviorId}/invocations"),
    ("GET POST", "/cloudapi/1.0.0/entities/{id}/metadata"),
    (_CRUD, "/cloudapi/1.0.0/entities/{id}/metadata/{metadataId}"),
    ("GET POST", "/cloudapi/1.0.0/entities/{objectId}/accessControls"),
    (_CRUD, "/cloudapi/1.0.0/entities/{objectId}/accessControls/{accessControlId}"),
    ("GET POST", "/cloudapi/1.0.0/entityTypes/{objectId}/accessControls"),
    ("GET", "/cloudapi/1.0.0/sessions/{id}/token"),
    ("GET", "/cloudapi/1.0.0/sessions/{id}/accessibleLocations"),
    ("GET POST", "/cloudapi/1.0.0/serviceAccounts"),
    (_CRUD, "/cloudapi/1.0.0/serviceAccounts/{id}"),
    ("POST", "/cloudapi/1.0.0/serviceAccounts/{id}/revoke"),
    ("POST", "/cloudapi/1.0.0/deviceLookup"),
    ("POST", "/cloudapi/1.0.0/deviceLookup/grant"),
    ("POST", "/cloudapi/1.0.0/deviceLookup/deny"),
    ("POST", "/oauth/tenant/{org}/device_authorization"),
    ("POST", "/oauth/provider/device_authorization"),
    ("GET POST", "/cloudapi/1.0.0/ssl/trustedCertificates"),
    ("POST PUT", "/cloudapi/1.0.0/ssl/certificateLibrary/{id}/consumers"),
    ("POST", "/cloudapi/1.0.0/networkContextProfiles"),
    ("PUT DELETE", "/cloudapi/1.0.0/networkContextProfiles/{profileId}"),
    ("DELETE", "/cloudapi/1.0.0/vdcGroups/{vdcGroupId}/dfwPolicies/{policyId}"),
    ("GET POST", "/cloudapi/1.0.0/users"),
    ("GET POST", "/cloudapi/1.0.0/rightsBundles"),
    ("GET", "/cloudapi/1.0.0/site/settings"),
    ("GET", _EDGE + "/l2vpn/tunnels/{tunnelId}/metrics"),
    ("GET POST", "/cloudapi/1.0.0/entityTypes/{id}/behaviors"),
    ("GET PUT DELETE", "/cloudapi/1.0.0/entityTypes/{id}/behaviors/{behaviorId}"),
    ("GET PUT DELETE", "/cloudapi/1.0.0/entityTypes/{objectId}/accessControls/{accessControlId}"),
    ("GET PUT", "/cloudapi/1.0.0/entities/{id}/metadata/{metadataId}/content"),
    ("GET", "/cloudapi/1.0.0/entities/{id}/behaviors/{behaviorId}/invocations/{invocationId}/log"),
    ("GET PUT", "/cloudapi/1.0.0/entityTypes/{id}/behaviorAccessControls"),
    ("GET", "/cloudapi/1.0.0/edgeGateways/{gatewayId}/ipsec/tunnels/{tunnelId}/statistics"),
    ("GET", "/cloudapi/1.0.0/edgeGateways/{gatewayId}/routing/bgp/neighbors/{neighborId}/status"),
    ("POST", "/cloudapi/1.0.0/vdcGroups/{vdcGroupId}/sync"),
    ("GET", "/cloudapi/1.0.0/vdcGroups/{vdcGroupId}/capabilities"),
    ("GET POST", "/cloudapi/1.0.0/vdcGroups/{vdcGroupId}/universalRouters"),
    ("GET", "/cloudapi/1.0.0/vdcGroups/{vdcGroupId}/crossVdcNetworks"),
    ("POST", "/cloudapi/1.0.0/orgVdcNetworks/{vdcNetworkId}/syncSyslog"),
    ("POST", "/cloudapi/1.0.0/orgVdcNetworks/{vdcNetworkId}/sync"),
    ("GET PUT", "/cloudapi/1.0.0/orgVdcNetworks/{vdcNetworkId}/dvpgProperties"),
    ("GET PUT", "/cloudapi/1.0.0/orgVdcNetworks/{vdcNetworkId}/additionalProperties"),
    ("GET", "/cloudapi/1.0.0/externalNetworks/{externalNetworkId}/usedIpAddresses"),
    ("GET", "/cloudapi/1.0.0/externalNetworks/{externalNetworkId}/availableIpAddresses"),
    ("GET", "/cloudapi/1.0.0/externalNetworks/{externalNetworkId}/topology/edgeGateways"),
    ("GET", "/cloudapi/1.0.0/externalNetworks/{externalNetworkId}/topology/ipSpaceUplinks"),
    ("GET POST", "/cloudapi/1.0.0/vdcs/{orgVdcId}/computePolicies"),
    ("GET", "/cloudapi/1.0.0/vdcs/{orgVdcId}/maxComputePolicy"),
    ("GET", "/cloudapi/1.0.0/orgs/{orgUrn}/quotaPolicy"),
    ("GET", "/cloudapi/1.0.0/orgs/{orgUrn}/quotas"),
    ("GET DELETE", "/cloudapi/1.0.0/ssl/trustedCertificates/{trustedCertificate}"),
    ("GET PUT", "/cloudapi/1.0.0/ssl/settings"),
    ("GET", "/cloudapi/2.0.0/vdcs/{orgVdcId}/maxComputePolicy"),
    *(("any", f"/cloudapi/1.0.0/{name}/**") for name in _FAMILIES.split()),
    ("any", "/cloudapi/2.0.0/pvdcComputePolicies/**"),
    ("any", "/cloudapi/2.0.0/vdcComputePolicies/**"),
    *(("any", f"/api/{name}/**") for name in ("admin", "catalog", "media", "network", "org", "vApp", "vdc")),
    ("POST", "/api/sessions"),
    ("DELETE", "/api/session"),
    ("POST", "/api/task/{id}/action/cancel"),
    ("GET", "/api/catalog/{id}"),
    ("GET", "/api/extension"),
)
