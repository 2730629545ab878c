"""Where webhooks may be sent: to the internet, and never into a network of the operator.

A name is resolved by us and each of its addresses looked at; the connection then goes to the
very address that was found good, so a name that changes meanwhile gains nothing.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from nexafi.payments.errors import UrlUnfit

TUNNELS: Final = tuple(
    IPv6Network(each) for each in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)
"""IPv6 addresses that lead to an IPv4 address within them."""
INNER_NAMES: Final = (".localhost", ".local", ".internal", ".home.arpa")
PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a URL leads."""

    host: str
    ip: str
    port: int


def check(url: str, *, takes_private: bool) -> None:
    """Raise unless webhooks may be sent to *url*, as far as one can tell without asking a name."""
    parts, host = _parts(url)
    if parts.scheme not in PORTS or (parts.scheme == "http" and not takes_private):
        raise UrlUnfit("The address must begin with https://.", pointer="#/url")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise UrlUnfit("The address holds a user, a password or a fragment.", pointer="#/url")
    if takes_private:
        return
    known = _ip(host)
    is_inner = f".{host.lower().rstrip('.')}".endswith(INNER_NAMES)
    if is_inner or (known is not None and not is_public(known)):
        raise UrlUnfit("The address is of a private network.", pointer="#/url")


def resolve(url: str, *, takes_private: bool) -> Address:
    """Return where *url* leads by now; raise UrlUnfit if any of that is not public."""
    check(url, takes_private=takes_private)
    parts, host = _parts(url)
    port = parts.port or PORTS[parts.scheme]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UrlUnfit(f"{host} is not found.") from error
    ips = [str(each[4][0]) for each in found]
    if not ips:
        raise UrlUnfit(f"{host} is not found.")
    if not takes_private and not all(is_public(ip_address(each)) for each in ips):
        raise UrlUnfit(f"{host} leads into a private network.")
    return Address(host, ips[0], port)


def is_public(ip: IPv4Address | IPv6Address) -> bool:
    """Return whether an address is one of the internet, and not one of those with another use."""
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(ip.ipv4_mapped)
        if any(ip in each for each in TUNNELS):
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def _parts(url: str) -> tuple[SplitResult, str]:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise UrlUnfit("This is no address.", pointer="#/url") from error
    if not host:
        raise UrlUnfit("The address names no host.", pointer="#/url")
    return parts, host


def _ip(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None  # carrying on: it is a name
