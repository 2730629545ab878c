"""What each role permits. Pure: the permissions are read from the contracts of all services.

The rule goes by the names of the permissions, ``service:thing:deed``, so a new
service or a new permission needs no word here.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from nexafi import contracts
from nexafi.contracts.users.permissions import UsersPermission


class Role(StrEnum):
    """What a member is in an organization."""

    OWNER = "owner"
    ACCOUNTANT = "accountant"
    VIEWER = "viewer"


READS = "read"
"""The deed that changes nothing."""


@cache
def all_permissions() -> frozenset[str]:
    """Return the permissions of every service, whether it runs here or not."""
    found: set[str] = set()
    for service in iter_modules(contracts.__path__):
        names = {each.name for each in iter_modules([f"{contracts.__path__[0]}/{service.name}"])}
        if "permissions" in names:
            module = import_module(f"{contracts.__name__}.{service.name}.permissions")
            kinds = [kind for kind in vars(module).values() if isinstance(kind, type)]
            found |= {str(each) for kind in kinds if issubclass(kind, StrEnum) for each in kind}
    return frozenset(found)


@cache
def permissions(role: Role) -> frozenset[str]:
    """Return what a member of *role* may do.

    An owner everything; an accountant everything except deciding who belongs
    to the organization and what it is; a viewer only what reads.
    """
    if role is Role.OWNER:
        return all_permissions()
    reads = frozenset(each for each in all_permissions() if each.rpartition(":")[2] == READS)
    if role is Role.VIEWER:
        return reads
    return (all_permissions() - frozenset(UsersPermission)) | reads
