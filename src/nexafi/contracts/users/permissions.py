"""What one may be permitted to do in users: `users:<thing>:<deed>`."""

from __future__ import annotations

from enum import StrEnum


class UsersPermission(StrEnum):
    """The permissions of users, in alphabetical order."""

    MEMBER_ADD = "users:member:add"
    MEMBER_EDIT = "users:member:edit"
    MEMBER_READ = "users:member:read"
    MEMBER_REMOVE = "users:member:remove"
    ORGANIZATION_EDIT = "users:organization:edit"
    ORGANIZATION_READ = "users:organization:read"
