"""Members over HTTP."""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.users.permissions import UsersPermission as May
from nexafi.kernel.data.work import Begin, Work
from nexafi.kernel.trust.permissions import Anyone
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.paging import Page, PageQuery
from nexafi.users.members import actions, queries
from nexafi.users.members.schemas import AcceptIn, MemberAdded, MemberIn, MemberOut, RolePatch
from nexafi.users.passwords import hashes, rules
from nexafi.users.sessions import actions as sessions
from nexafi.users.sessions.schemas import signed_in
from nexafi.users.settings import UsersSettings
from nexafi.users.shapes import SignedIn

routes = Routes("/api/v1/users")


@routes.post("/members", needs=May.MEMBER_ADD, gives=MemberAdded, secret_answer=True)
def add_member(
    begin: Begin, body: MemberIn, secret: Secret, settings: UsersSettings
) -> MemberAdded:
    """Add a member: someone new, or a user of another organization, who keeps their password."""
    password_hash = None
    if body.password is not None:
        password = body.password.get_secret_value()
        rules.check(password, email=body.email)
        password_hash = hashes.make(secret, settings.bcrypt_cost, password)

    with begin() as work:
        member, token = actions.add(work, body.email, body.role, password_hash)
        shown = MemberOut.of(member, queries.user_of(work, member))
        return MemberAdded(member=shown, invitation=token)


@routes.get("/members", needs=May.MEMBER_READ, gives=Page[MemberOut])
def list_members(work: Work, query: PageQuery) -> Page[MemberOut]:
    """Return a page of the members of the organization, in the order in which they came."""
    rows = queries.members(work, query)
    users = queries.users(work, rows)
    return Page[MemberOut].of(rows, query, lambda row: MemberOut.of(row, users[row.user_id]))


@routes.patch("/members/<uuid:member_id>", needs=May.MEMBER_EDIT, gives=MemberOut)
def change_role(work: Work, member_id: UUID, body: RolePatch) -> MemberOut:
    """Give a member another role. One owner stays."""
    member = queries.member(work, member_id)
    actions.change_role(work, member, body.role)
    return MemberOut.of(member, queries.user_of(work, member))


@routes.delete("/members/<uuid:member_id>", needs=May.MEMBER_REMOVE)
def remove_member(work: Work, member_id: UUID) -> None:
    """Remove a member; their sessions in this organization end. One owner stays."""
    actions.remove(work, queries.member(work, member_id))


@routes.act(
    "/members/<uuid:member_id>/invite", needs=May.MEMBER_ADD, gives=MemberAdded, secret_answer=True
)
def invite_again(work: Work, member_id: UUID) -> MemberAdded:
    """Return a new invitation for a member who has no password yet; the old one is void."""
    member = queries.member(work, member_id)
    token = actions.invite(work, member)
    shown = MemberOut.of(member, queries.user_of(work, member))
    return MemberAdded(member=shown, invitation=token)


@routes.act("/invitations/accept", needs=Anyone.PUBLIC, gives=SignedIn, secret_answer=True)
def accept_invitation(
    begin: Begin, body: AcceptIn, secret: Secret, settings: UsersSettings
) -> SignedIn:
    """Choose a password with the token of an invitation, and sign in."""
    password = body.password.get_secret_value()
    with begin() as work:
        _, user = actions.invited(work, body.token)
    rules.check(password, email=user.email)

    password_hash = hashes.make(secret, settings.bcrypt_cost, password)

    with begin() as work:
        member = actions.accept(work, body.token, password_hash)
        return signed_in(work, sessions.start(work, secret, settings, member))
