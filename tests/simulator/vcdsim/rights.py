# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rights under VCD's names, and the roles that have them.

The names are those of VCD's rights list. Which operation needs which right is *assumed*, because there is no public
table: view to read, configure or manage to write. System administrators have every right.
"""

from __future__ import annotations

ORGANIZATION_VIEW = "Organization: View"
VDC_VIEW = "Organization vDC: View"
VDC_GROUP_VIEW = "vDC Group: View"
VM_VIEW = "vApp: View VM metrics"
GATEWAY_VIEW = "Organization vDC Gateway: View"
GATEWAY_EDIT = "Organization vDC Gateway: Update Properties"
NAT_VIEW = "Organization vDC Gateway: View NAT"
NAT_CONFIGURE = "Organization vDC Gateway: Configure NAT"
LB_VIEW = "Organization vDC Gateway: View Load Balancer"
LB_CONFIGURE = "Organization vDC Gateway: Configure Load Balancer"
FIREWALL_VIEW = "Organization vDC Gateway: View Firewall"
FIREWALL_CONFIGURE = "Organization vDC Gateway: Configure Firewall"
NETWORK_VIEW = "Organization vDC Network: View Properties"
NETWORK_EDIT = "Organization vDC Network: Edit Properties"
PROFILE_VIEW = "Application Port Profiles: View"
PROFILE_MANAGE = "Application Port Profiles: Manage"
CERTIFICATE_VIEW = "Certificate Library: View"
CERTIFICATE_MANAGE = "Certificate Library: Manage"
IP_SPACE_VIEW = "IP Spaces: View"
IP_SPACE_ALLOCATE = "IP Spaces: Allocate"
IP_SPACE_MANAGE = "IP Spaces: Manage"
ENTITY_VIEW = "vmware:capvcdCluster: View"
ENTITY_EDIT = "vmware:capvcdCluster: Edit"
TOKEN_OWN = "API Tokens: Manage"
# Not a right of VCD. It marks operations that only the System organisation may use.
PROVIDER = "System administrator"

VIEW = frozenset(
    {
        ORGANIZATION_VIEW,
        VDC_VIEW,
        VM_VIEW,
        GATEWAY_VIEW,
        NAT_VIEW,
        LB_VIEW,
        FIREWALL_VIEW,
        NETWORK_VIEW,
        PROFILE_VIEW,
        CERTIFICATE_VIEW,
        IP_SPACE_VIEW,
        ENTITY_VIEW,
    }
)
CLOUD_PROVIDER = VIEW | {
    NAT_CONFIGURE,
    LB_CONFIGURE,
    PROFILE_MANAGE,
    IP_SPACE_ALLOCATE,
    ENTITY_EDIT,
    TOKEN_OWN,
}
TENANT = CLOUD_PROVIDER | {
    VDC_GROUP_VIEW,
    GATEWAY_EDIT,
    FIREWALL_CONFIGURE,
    NETWORK_EDIT,
    CERTIFICATE_MANAGE,
    IP_SPACE_MANAGE,
}

ROLES: dict[str, frozenset[str]] = {
    "Kubernetes Cloud Provider": CLOUD_PROVIDER,
    "Organization Administrator": TENANT,
    "View Only": VIEW,
    "System Administrator": TENANT | {PROVIDER},
}
ALL = ROLES["System Administrator"]
