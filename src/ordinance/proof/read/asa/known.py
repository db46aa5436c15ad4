"""Commands of the ASA that change nothing in which packets its access rules let through.

A command that is neither read nor named here is an unknown.
"""

from __future__ import annotations

#: First words, at the left margin.
_TOP = """
    ASA Cryptochecksum PIX aaa aaa-server anyconnect anyconnect-custom-attr anyconnect-essentials app-agent arp as-path
    asdm asp auth-prompt authentication auto-update banner bfd bfd-template bgp boot call-home checkheaps class
    class-map client-update clock cluster community-list compression configure console coredump cpu crashinfo crypto csd
    ctl-file ctl-provider cts default default-information description dhcp-client dhcp-network-scope dhcpd dhcprelay dns
    dns-group dns-guard domain-name dp-tcp-proxy dynamic-access-policy-config dynamic-access-policy-record
    dynamic-filter eigrp eject email enable end event exit expanded-client failover file-bookmarks filter fips
    flow-export flow-mobility flow-offload fragment ftp ftp-map group-delimiter group-policy gtp-map h225-map help
    hostname hpm hpm-client http http-map hw-module icmp igmp imap4s interface-policy ip ip-comp ipsec-udp ipv6 isakmp
    isis jumbo-frame kcd-server keepout key l2tp lacp ldap license license-server lldp load-balance logging logout
    mac-address mac-address-table mac-learn mac-list macsec management-access map-name mgcp-map migration mka
    monitor-interface mount mroute mtu multicast-routing network-object no ntp num-packets nve object-group-search
    object-track ospf pager passwd password password-policy pim pki police policy-list policy-map policy-route pop3s
    port-channel port-forward preempt prefix-list priority-queue privilege profile prompt protocol-violation ptp quit
    quota radius-server regex reload remote-access resource rest-api rip route route-map router routing-interface
    rtp-conformance saml scansafe scep-enrollment secure-unit-authentication service service-module service-policy
    session sip-map sla smart-tunnel smtp-server smtps snmp snmp-map snmp-server software-version speed split-dns ssh
    ssl sso-server summary-address sunrpc-server svc tcp-map telnet terminal test tftp-server threat-detection timeout
    tls-proxy track traffic-forward tunnel-group tunnel-group-map tunnel-limit umbrella-global url-block url-cache
    url-list url-server user-identity user-statistics username validation-policy version virtual vlan vpdn vpn
    vpn-addr-assign vpn-sessiondb vpnclient vpnsetup vxlan web-applications webvpn write xlate zone zonelabs-integrity
"""
TOP = frozenset(_TOP.split())
#: First words beneath an interface that change nothing in what passes it.
_INTERFACE = """
    authentication bfd channel-group cluster-interface cts ddns delay description dhcp dhcpd dhcprelay duplex eigrp fec
    flowcontrol forward hello-interval hold-time igmp ip ipv6 isis keepalive lacp lldp mac-address mac-learn
    management-only media-type member-interface mfib mtu multicast nameif nat-assigned-to-public-ip negotiate no
    nve-only ospf pim policy-route poll-timer port-channel pppoe priority redundant rip security-level segment-id
    shutdown speed split-horizon summary-address switchport tunnel unicast-routing vlan vpdn vtep-nve zone-member
"""
INTERFACE = frozenset(_INTERFACE.split())
