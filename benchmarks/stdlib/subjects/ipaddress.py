# SPDX-License-Identifier: MIT
"""ipaddress."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, op, shared

_networks = st.sampled_from(
    ["10.0.0.0/8", "192.168.1.0/30", "2001:db8::/126", "::1/128", "1.2.3.4", "bad/33", "0.0.0.0/0"]
)
_addresses = st.sampled_from(["10.0.0.1", "255.255.255.255", "::1", "::ffff:1.2.3.4", "fe80::1%eth0", "x", "224.0.0.1"])
_flags = ("is_private", "is_global", "is_multicast", "is_loopback", "is_reserved", "is_link_local", "is_unspecified")


def _asked(one):
    return [getattr(one, name) for name in _flags], str(one), repr(one), hash(one), one.compressed, one.exploded


SUBJECT = Subject(
    "ipaddress",
    calls=(
        op(lambda ip, text: _asked(ip.ip_network(text, strict=False)), _networks),
        op(lambda ip, text: _asked(ip.ip_address(text)), _addresses),
        op(lambda ip, text: _asked(ip.ip_interface(text)), _networks),
        op(lambda ip, text: ip.ip_network(text, strict=False).subnets(1), _networks),
        op(lambda ip, text: ip.ip_network(text, strict=False).hosts(), _networks),
        op(lambda ip, a, b: ip.ip_network(a).address_exclude(ip.ip_network(b)), _networks, _networks),
        op(lambda ip, texts: ip.collapse_addresses(map(ip.ip_address, texts)), st.lists(_addresses, max_size=4)),
        op(lambda ip, a, b: ip.summarize_address_range(ip.ip_address(a), ip.ip_address(b)), _addresses, _addresses),
        op(
            lambda ip, text: [ip.ip_address(text).packed, ip.ip_address(text).reverse_pointer, ip.ip_address(text) + 1],
            _addresses,
        ),
        op(
            lambda ip, a, b: ip.get_mixed_type_key(ip.ip_address(a)) < ip.get_mixed_type_key(ip.ip_network(b)),
            _addresses,
            _networks,
        ),
        op(lambda ip, text: [ip.ip_address(text).teredo, ip.ip_address(text).sixtofour], _addresses),
    ),
    objects=(
        shared(
            "IPv4Network",
            lambda ip: ip.ip_network("10.0.0.0/29"),
            op(_asked),
            *each("hosts supernet subnets"),
            op(
                lambda network: [
                    network.broadcast_address,
                    network.hostmask,
                    network.num_addresses,
                    network.with_netmask,
                ]
            ),
            promised="networks are immutable",
        ),
        shared(
            "IPv6Address",
            lambda ip: ip.ip_address("2001:db8::1"),
            op(_asked),
            op(lambda one: [one.ipv4_mapped, one.reverse_pointer, one.packed, one.max_prefixlen]),
            promised="addresses are immutable",
        ),
    ),
)
