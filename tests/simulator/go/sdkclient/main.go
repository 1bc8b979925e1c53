// Copyright: (c) 2026, the vcd.kubernetes authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Command sdkclient does with go-vcloud-director what an operator's tools do: it logs in by password or by API token,
// and creates, reads, updates, lists over several pages and deletes each kind of object. It prints one line for each
// step and stops at the first one that goes wrong. Settings come from VCD_URL, VCD_ORG, VCD_USER, VCD_PASSWORD,
// VCD_API_TOKEN, VCD_VDC, VCD_EDGE, VCD_NETWORK, VCD_CERTIFICATE (a PEM file, for the library) and VCD_IP_SPACE; with
// VCD_HTTP_POLICIES it writes HTTP policies, which need API 38.0. The server is verified with SSL_CERT_FILE.
package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/vmware/go-vcloud-director/v3/govcd"
	"github.com/vmware/go-vcloud-director/v3/types/v56"
)

// scene is what all steps share.
type scene struct {
	client *govcd.VCDClient
	org    *govcd.Org
	vdc    *govcd.Vdc
	edge   *govcd.NsxtEdgeGateway
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "failed:", err)
		os.Exit(1)
	}
}

func run() error {
	client, err := logIn()
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	fmt.Println("logged in")
	s, err := lookUp(client)
	if err != nil {
		return fmt.Errorf("look up: %w", err)
	}
	fmt.Println("found", s.vdc.Vdc.Name, s.edge.EdgeGateway.Name)
	if os.Getenv("VCD_IP_SPACE") != "" {
		return step("IP Space allocation", s.ipSpaces)
	}
	if os.Getenv("VCD_HTTP_POLICIES") != "" {
		return step("HTTP policies", s.httpPolicies)
	}
	for _, one := range []struct {
		name string
		do   func() error
	}{
		{"application port profile", s.profiles},
		{"NAT rule", s.natRules},
		{"load balancer", s.loadBalancer},
		{"firewall", s.firewall},
		{"groups", s.groups},
		{"certificate", s.certificates},
		{"virtual machine", s.machines},
	} {
		if err := step(one.name, one.do); err != nil {
			return err
		}
	}
	return nil
}

func step(name string, do func() error) error {
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Println("done:", name)
	return nil
}

func logIn() (*govcd.VCDClient, error) {
	address, err := url.Parse(os.Getenv("VCD_URL") + "/api")
	if err != nil {
		return nil, err
	}
	client := govcd.NewVCDClient(*address, false)
	if token := os.Getenv("VCD_API_TOKEN"); token != "" {
		return client, client.SetToken(os.Getenv("VCD_ORG"), govcd.ApiTokenHeader, token)
	}
	return client, client.Authenticate(os.Getenv("VCD_USER"), os.Getenv("VCD_PASSWORD"), os.Getenv("VCD_ORG"))
}

func lookUp(client *govcd.VCDClient) (*scene, error) {
	org, err := client.GetOrgByName(os.Getenv("VCD_ORG"))
	if err != nil {
		return nil, err
	}
	vdc, err := org.GetVDCByName(os.Getenv("VCD_VDC"), false)
	if err != nil {
		return nil, err
	}
	edge, err := org.GetNsxtEdgeGatewayByNameAndOwnerId(os.Getenv("VCD_EDGE"), vdc.Vdc.ID)
	if err != nil {
		return nil, err
	}
	return &scene{client, org, vdc, edge}, nil
}

// onePageOf asks for pages of two, so that a list of more takes several requests.
func onePageOf() url.Values {
	return url.Values{"pageSize": []string{"2"}}
}

// want says what is wrong if got is not what was wanted.
func want[T comparable](what string, got, wanted T) error {
	if got != wanted {
		return fmt.Errorf("%s is %v, wanted %v", what, got, wanted)
	}
	return nil
}

// gone turns "not found" into success and success into an error.
func gone(what string, err error) error {
	if err == nil {
		return fmt.Errorf("%s is still there", what)
	}
	if !govcd.ContainsNotFound(err) {
		return fmt.Errorf("%s: wanted 'not found', got: %w", what, err)
	}
	return nil
}

func pointer[T any](value T) *T { return &value }

func (s *scene) profileOf(name, port string) *types.NsxtAppPortProfile {
	return &types.NsxtAppPortProfile{
		Name:             name,
		ContextEntityId:  s.vdc.Vdc.ID,
		OrgRef:           &types.OpenApiReference{ID: s.org.Org.ID},
		Scope:            types.ApplicationPortProfileScopeTenant,
		ApplicationPorts: []types.NsxtAppPortProfilePort{{Protocol: "TCP", DestinationPorts: []string{port}}},
	}
}

func (s *scene) profiles() error {
	for number := range 5 {
		if _, err := s.org.CreateNsxtAppPortProfile(s.profileOf(fmt.Sprintf("profile-%d", number), "80")); err != nil {
			return err
		}
	}
	all, err := s.org.GetAllNsxtAppPortProfiles(onePageOf(), types.ApplicationPortProfileScopeTenant)
	if err != nil {
		return err
	}
	if err := want("profiles", len(all), 5); err != nil {
		return err
	}
	changed := s.profileOf("profile-0", "8080")
	changed.ID = all[0].NsxtAppPortProfile.ID
	updated, err := all[0].Update(changed)
	if err != nil {
		return err
	}
	if err := want("port", updated.NsxtAppPortProfile.ApplicationPorts[0].DestinationPorts[0], "8080"); err != nil {
		return err
	}
	for _, one := range all {
		if err := one.Delete(); err != nil {
			return err
		}
	}
	_, err = s.org.GetNsxtAppPortProfileById(all[0].NsxtAppPortProfile.ID)
	return gone("the profile", err)
}

func (s *scene) natRules() error {
	profile, err := s.org.CreateNsxtAppPortProfile(s.profileOf("for-nat", "80"))
	if err != nil {
		return err
	}
	for number := range 5 {
		made, err := s.edge.CreateNatRule(&types.NsxtNatRule{
			Name:                   fmt.Sprintf("nat-%d", number),
			Enabled:                true,
			Type:                   types.NsxtNatRuleTypeDnat,
			ExternalAddresses:      "203.0.113.20",
			InternalAddresses:      "192.168.8.2",
			DnatExternalPort:       fmt.Sprint(8000 + number),
			ApplicationPortProfile: &types.OpenApiReference{ID: profile.NsxtAppPortProfile.ID},
		})
		if err != nil {
			return err
		}
		if err := want("firewallMatch", made.NsxtNatRule.FirewallMatch, "MATCH_INTERNAL_ADDRESS"); err != nil {
			return err
		}
	}
	all, err := s.edge.GetAllNatRules(onePageOf())
	if err != nil {
		return err
	}
	if err := want("NAT rules", len(all), 5); err != nil {
		return err
	}
	rule := *all[0].NsxtNatRule
	rule.Description, rule.Version = "changed", nil
	updated, err := all[0].Update(&rule)
	if err != nil {
		return err
	}
	if err := want("description", updated.NsxtNatRule.Description, "changed"); err != nil {
		return err
	}
	if profile.Delete() == nil {
		return errors.New("a profile in use could be deleted")
	}
	for _, one := range all {
		if err := one.Delete(); err != nil {
			return err
		}
	}
	_, err = s.edge.GetNatRuleByName("nat-0")
	if err := gone("the NAT rule", err); err != nil {
		return err
	}
	return profile.Delete()
}

func (s *scene) poolOf(name string, port int) *types.NsxtAlbPool {
	return &types.NsxtAlbPool{
		Name:           name,
		GatewayRef:     types.OpenApiReference{ID: s.edge.EdgeGateway.ID},
		Enabled:        pointer(true),
		DefaultPort:    pointer(port),
		HealthMonitors: []types.NsxtAlbPoolHealthMonitor{{Type: "TCP"}},
		Members:        []types.NsxtAlbPoolMember{{Enabled: true, IpAddress: "10.10.0.11", Port: port, Ratio: pointer(1)}},
	}
}

func (s *scene) loadBalancer() error {
	settings, err := s.edge.GetAlbSettings()
	if err != nil {
		return err
	}
	if err := want("load balancer enabled", settings.Enabled, true); err != nil {
		return err
	}
	filter := url.Values{"filter": []string{"gatewayRef.id==" + s.edge.EdgeGateway.ID}}
	groups, err := s.client.GetAllAlbServiceEngineGroupAssignments(filter)
	if err != nil {
		return err
	}
	group := groups[0].NsxtAlbServiceEngineGroupAssignment.ServiceEngineGroupRef.ID
	var pools []*govcd.NsxtAlbPool
	for number := range 3 {
		pool, err := s.client.CreateNsxtAlbPool(s.poolOf(fmt.Sprintf("pool-%d", number), 30080+number))
		if err != nil {
			return err
		}
		if err := want("health", pool.NsxtAlbPool.HealthMessage, "The pool is unassigned."); err != nil {
			return err
		}
		pools = append(pools, pool)
	}
	summaries, err := s.client.GetAllAlbPoolSummaries(s.edge.EdgeGateway.ID, onePageOf())
	if err != nil {
		return err
	}
	if err := want("pools", len(summaries), 3); err != nil {
		return err
	}
	changed := *pools[0].NsxtAlbPool
	changed.Algorithm = "ROUND_ROBIN"
	if _, err := pools[0].Update(&changed); err != nil {
		return err
	}
	if err := s.virtualServices(pools, group); err != nil {
		return err
	}
	for _, pool := range pools {
		if err := pool.Delete(); err != nil {
			return err
		}
	}
	_, err = s.client.GetAlbPoolById(pools[0].NsxtAlbPool.ID)
	return gone("the pool", err)
}

// virtualServices makes three that share one address on three ports, and takes them away again.
func (s *scene) virtualServices(pools []*govcd.NsxtAlbPool, group string) error {
	for number, pool := range pools {
		made, err := s.client.CreateNsxtAlbVirtualService(&types.NsxtAlbVirtualService{
			Name:                  fmt.Sprintf("vs-%d", number),
			Enabled:               pointer(true),
			ApplicationProfile:    types.NsxtAlbVirtualServiceApplicationProfile{Type: "HTTP"},
			GatewayRef:            types.OpenApiReference{ID: s.edge.EdgeGateway.ID},
			LoadBalancerPoolRef:   types.OpenApiReference{ID: pool.NsxtAlbPool.ID},
			ServiceEngineGroupRef: types.OpenApiReference{ID: group},
			VirtualIpAddress:      "203.0.113.30",
			ServicePorts: []types.NsxtAlbVirtualServicePort{{
				PortStart:     pointer(8080 + number),
				TcpUdpProfile: &types.NsxtAlbVirtualServicePortTcpUdpProfile{Type: "TCP_PROXY"},
			}},
		})
		if err != nil {
			return err
		}
		if err := want("address", made.NsxtAlbVirtualService.VirtualIpAddress, "203.0.113.30"); err != nil {
			return err
		}
	}
	if pools[0].Delete() == nil {
		return errors.New("a pool in use could be deleted")
	}
	all, err := s.client.GetAllAlbVirtualServiceSummaries(s.edge.EdgeGateway.ID, onePageOf())
	if err != nil {
		return err
	}
	if err := want("virtual services", len(all), 3); err != nil {
		return err
	}
	used, err := s.edge.GetUsedIpAddresses(onePageOf())
	if err != nil {
		return err
	}
	if err := want("used addresses", len(used), 2); err != nil {
		return err
	}
	for number := range pools {
		one, err := s.client.GetAlbVirtualServiceByName(s.edge.EdgeGateway.ID, fmt.Sprintf("vs-%d", number))
		if err != nil {
			return err
		}
		config := *one.NsxtAlbVirtualService
		config.Description = "changed"
		updated, err := one.Update(&config)
		if err != nil {
			return err
		}
		if err := want("description", updated.NsxtAlbVirtualService.Description, "changed"); err != nil {
			return err
		}
		config.VirtualIpAddress = "203.0.113.31"
		if _, err := one.Update(&config); err == nil && number < len(pools)-1 {
			return errors.New("a shared address could be changed")
		}
		if err := one.Delete(); err != nil {
			return err
		}
	}
	return nil
}

func (s *scene) firewall() error {
	group, err := s.edge.CreateNsxtFirewallGroup(&types.NsxtFirewallGroup{
		Name:        "clients",
		TypeValue:   types.FirewallGroupTypeIpSet,
		OwnerRef:    &types.OpenApiReference{ID: s.edge.EdgeGateway.ID},
		IpAddresses: []string{"198.51.100.0/24"},
	})
	if err != nil {
		return err
	}
	rules := &types.NsxtFirewallRuleContainer{UserDefinedRules: []*types.NsxtFirewallRule{{
		Name:                 "allow",
		ActionValue:          "ALLOW",
		Enabled:              true,
		SourceFirewallGroups: []types.OpenApiReference{{ID: group.NsxtFirewallGroup.ID}},
		IpProtocol:           "IPV4",
		Direction:            "IN_OUT",
	}}}
	firewall, err := s.edge.UpdateNsxtFirewall(rules)
	if err != nil {
		return err
	}
	if err := want("rules", len(firewall.NsxtFirewallRuleContainer.UserDefinedRules), 1); err != nil {
		return err
	}
	if err := firewall.DeleteAllRules(); err != nil {
		return err
	}
	return group.Delete()
}

// groups makes a pool whose members are those of an IP set, and a group of the machines in a network.
func (s *scene) groups() error {
	network, err := s.vdc.GetOpenApiOrgVdcNetworkByName(os.Getenv("VCD_NETWORK"))
	if err != nil {
		return err
	}
	owner := &types.OpenApiReference{ID: s.edge.EdgeGateway.ID}
	nodes, err := s.edge.CreateNsxtFirewallGroup(&types.NsxtFirewallGroup{
		Name:     "nodes",
		Type:     types.FirewallGroupTypeSecurityGroup,
		OwnerRef: owner,
		Members:  []types.OpenApiReference{{ID: network.OpenApiOrgVdcNetwork.ID}},
	})
	if err != nil {
		return err
	}
	machines, err := nodes.GetAssociatedVms()
	if err != nil {
		return err
	}
	if err := want("machines of the network", len(machines), 3); err != nil {
		return err
	}
	servers, err := s.edge.CreateNsxtFirewallGroup(&types.NsxtFirewallGroup{
		Name:        "servers",
		TypeValue:   types.FirewallGroupTypeIpSet,
		Type:        types.FirewallGroupTypeIpSet,
		OwnerRef:    owner,
		IpAddresses: []string{"10.10.0.11"},
	})
	if err != nil {
		return err
	}
	config := s.poolOf("of-a-group", 30080)
	config.Members, config.MemberGroupRef = nil, &types.OpenApiReference{ID: servers.NsxtFirewallGroup.ID}
	pool, err := s.client.CreateNsxtAlbPool(config)
	if err != nil {
		return err
	}
	if servers.Delete() == nil {
		return errors.New("a group in use could be deleted")
	}
	changed := *servers.NsxtFirewallGroup
	changed.IpAddresses = append(changed.IpAddresses, "10.10.0.12")
	updated, err := servers.Update(&changed)
	if err != nil {
		return err
	}
	if err := want("addresses", len(updated.NsxtFirewallGroup.IpAddresses), 2); err != nil {
		return err
	}
	read, err := s.client.GetAlbPoolById(pool.NsxtAlbPool.ID)
	if err != nil {
		return err
	}
	if err := want("members", read.NsxtAlbPool.MemberCount, 2); err != nil {
		return err
	}
	for _, one := range []interface{ Delete() error }{pool, servers, nodes} {
		if err := one.Delete(); err != nil {
			return err
		}
	}
	return nil
}

func (s *scene) certificates() error {
	text, err := os.ReadFile(os.Getenv("VCD_CERTIFICATE"))
	if err != nil {
		return err
	}
	item := &types.CertificateLibraryItem{Alias: "of-the-sdk", Certificate: string(text)}
	made, err := s.client.Client.AddCertificateToLibrary(item)
	if err != nil {
		return err
	}
	made.CertificateLibrary.Alias = "renamed"
	if _, err := made.Update(); err != nil {
		return err
	}
	found, err := s.client.Client.GetCertificateFromLibraryByName("renamed")
	if err != nil {
		return err
	}
	if err := want("certificate", found.CertificateLibrary.Id, made.CertificateLibrary.Id); err != nil {
		return err
	}
	if err := found.Delete(); err != nil {
		return err
	}
	_, err = s.client.Client.GetCertificateFromLibraryByName("renamed")
	return gone("the certificate", err)
}

// httpPolicies writes one rule of each kind for a virtual service, reads them, and takes them away.
func (s *scene) httpPolicies() error {
	filter := url.Values{"filter": []string{"gatewayRef.id==" + s.edge.EdgeGateway.ID}}
	groups, err := s.client.GetAllAlbServiceEngineGroupAssignments(filter)
	if err != nil {
		return err
	}
	pool, err := s.client.CreateNsxtAlbPool(s.poolOf("with-policies", 30080))
	if err != nil {
		return err
	}
	service, err := s.client.CreateNsxtAlbVirtualService(&types.NsxtAlbVirtualService{
		Name:                  "with-policies",
		Enabled:               pointer(true),
		ApplicationProfile:    types.NsxtAlbVirtualServiceApplicationProfile{Type: "HTTP"},
		GatewayRef:            types.OpenApiReference{ID: s.edge.EdgeGateway.ID},
		LoadBalancerPoolRef:   types.OpenApiReference{ID: pool.NsxtAlbPool.ID},
		ServiceEngineGroupRef: *groups[0].NsxtAlbServiceEngineGroupAssignment.ServiceEngineGroupRef,
		VirtualIpAddress:      "203.0.113.30",
		ServicePorts:          []types.NsxtAlbVirtualServicePort{{PortStart: pointer(80)}},
	})
	if err != nil {
		return err
	}
	path := &types.AlbVsHttpRequestRulePathMatch{MatchCriteria: "BEGINS_WITH", MatchStrings: []string{"/old"}}
	header := &types.AlbVsHttpRequestRuleHeaderActions{Action: "ADD", Name: "X-Seen", Value: "yes"}
	requests := types.AlbVsHttpRequestRules{Values: []types.AlbVsHttpRequestRule{{
		Name:          "request",
		Active:        true,
		MatchCriteria: types.AlbVsHttpRequestAndSecurityRuleMatchCriteria{PathMatch: path},
		HeaderActions: []*types.AlbVsHttpRequestRuleHeaderActions{header},
	}}}
	if _, err := service.UpdateHttpRequestRules(&requests); err != nil {
		return err
	}
	responses := types.AlbVsHttpResponseRules{Values: []types.AlbVsHttpResponseRule{{
		Name:          "response",
		Active:        true,
		MatchCriteria: types.AlbVsHttpResponseRuleMatchCriteria{PathMatch: path},
		HeaderActions: []*types.AlbVsHttpRequestRuleHeaderActions{header},
	}}}
	if _, err := service.UpdateHttpResponseRules(&responses); err != nil {
		return err
	}
	security := types.AlbVsHttpSecurityRules{Values: []types.AlbVsHttpSecurityRule{{
		Name:                  "security",
		Active:                true,
		MatchCriteria:         types.AlbVsHttpRequestAndSecurityRuleMatchCriteria{PathMatch: path},
		RedirectToHTTPSAction: &types.AlbVsHttpSecurityRuleRedirectToHTTPSAction{Port: 443},
	}}}
	if _, err := service.UpdateHttpSecurityRules(&security); err != nil {
		return err
	}
	read, err := service.GetAllHttpRequestRules(nil)
	if err != nil {
		return err
	}
	if err := want("header", read[0].HeaderActions[0].Name, "X-Seen"); err != nil {
		return err
	}
	answers, err := service.GetAllHttpResponseRules(nil)
	if err != nil {
		return err
	}
	guards, err := service.GetAllHttpSecurityRules(nil)
	if err != nil {
		return err
	}
	if err := want("rules", len(read)+len(answers)+len(guards), 3); err != nil {
		return err
	}
	if _, err := service.UpdateHttpRequestRules(&types.AlbVsHttpRequestRules{}); err != nil {
		return err
	}
	if read, err = service.GetAllHttpRequestRules(nil); err != nil {
		return err
	}
	if err := want("request rules", len(read), 0); err != nil {
		return err
	}
	if err := service.Delete(); err != nil {
		return err
	}
	return pool.Delete()
}

func (s *scene) machines() error {
	found, err := s.vdc.QueryVmByName("acme-worker-1")
	if err != nil {
		return err
	}
	return want("address", found.VM.NetworkConnectionSection.NetworkConnection[0].IPAddress, "10.10.0.11")
}

func (s *scene) ipSpaces() error {
	space, err := s.client.GetIpSpaceByName(os.Getenv("VCD_IP_SPACE"))
	if err != nil {
		return err
	}
	for range 3 {
		request := &types.IpSpaceIpAllocationRequest{Type: "FLOATING_IP", Quantity: pointer(1)}
		if _, err := space.AllocateIp(s.org.Org.ID, s.org.Org.Name, request); err != nil {
			return err
		}
	}
	all, err := space.GetAllIpSpaceAllocations("FLOATING_IP", onePageOf())
	if err != nil {
		return err
	}
	if err := want("allocations", len(all), 3); err != nil {
		return err
	}
	config := *all[0].IpSpaceIpAllocation
	config.UsageState, config.Description = "USED_MANUAL", "for a test"
	updated, err := all[0].Update(&config)
	if err != nil {
		return err
	}
	if err := want("usage", updated.IpSpaceIpAllocation.UsageState, "USED_MANUAL"); err != nil {
		return err
	}
	config.UsageState, config.Description = "UNUSED", ""
	if _, err := all[0].Update(&config); err != nil {
		return err
	}
	for _, one := range all {
		if err := one.Delete(); err != nil {
			return err
		}
	}
	_, err = s.org.GetIpSpaceAllocationById(space.IpSpace.ID, all[0].IpSpaceIpAllocation.ID)
	return gone("the allocation", err)
}
