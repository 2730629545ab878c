"""What one does to sort statement lines: suggest, accept, change, split, ignore, take back."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from nexafi.kernel.data.work import Work
from nexafi.kernel.errors import Problem
from nexafi.kernel.values.money import Money
from nexafi.ledger.banking import queries as banking
from nexafi.ledger.errors import (
    LineSettled,
    NothingSuggested,
    NothingToUndo,
    RuleUnfit,
    StatementLineNotFound,
)
from nexafi.ledger.reconciliation import actions as reconciliation
from nexafi.ledger.reconciliation import queries as reconciliations
from nexafi.ledger.reconciliation import rules as matching
from nexafi.ledger.reconciliation.actions import Booking, Match, Split
from nexafi.ledger.reconciliation.rules import Item, Proposal, Transfer
from nexafi.ledger.sorting import learning, queries, rules, suggesting
from nexafi.ledger.sorting.rules import Look, Outcome
from nexafi.ledger.sorting.suggesting import Knowledge, Suggestion
from nexafi.ledger.tables import BankAccount, Reconciliation, StatementLine
from nexafi.ledger.tables import Rule as RuleRow

# -- suggestions --------------------------------------------------------------------------------


def suggest(work: Work, looks: Sequence[Look]) -> dict[UUID, Suggestion]:
    """Return what to do with lines, those that are about to come in or are open.

    An open line of another account that turns out to be the other half of a
    transfer gets its suggestion too.
    """
    if not looks:
        return {}
    known = _knowledge(work, looks)
    by_id = {look.id: look for look in looks}
    found = {
        look.id: suggestion for look in looks if (suggestion := suggesting.suggest(look, known))
    }
    for line_id in known.transfers.keys() - by_id.keys():
        moved = known.transfers[line_id]
        other = found.get(moved.in_id if moved.out_id == line_id else moved.out_id)
        if other is not None and other.body["kind"] == "transfer":
            partner = moved.in_id if moved.out_id == line_id else moved.out_id
            body = {**other.body, "statement_line": str(partner)}
            found[line_id] = Suggestion(body, other.confidence)
    return found


def _knowledge(work: Work, looks: Sequence[Look]) -> Knowledge:
    decided = queries.decisions(work)
    history, trust = [], Counter[str]()
    tried = Counter[str]()
    for look, detail in decided:
        accounts = detail.get("accounts") or []
        if len(accounts) == 1:
            history.append((look, accounts[0]))
        said = detail.get("suggested") or {}
        if rule := said.get("rule"):
            tried[rule] += 1
            trust[rule] += bool(said.get("taken"))
    matches, entries = _certain(work, looks)
    return Knowledge(
        rules=compiled(queries.all_rules(work)),
        learned=learning.learn(history),
        trust={rule: (trust[rule], count) for rule, count in tried.items()},
        matches=matches,
        entries=entries,
        transfers=_transfers(work, looks),
    )


def compiled(rows: Sequence[RuleRow]) -> list[rules.Rule]:
    """Return the rules that are on, ready to be tried."""
    return [
        rules.Rule(
            row.id,
            row.name,
            tuple(rules.condition(each) for each in row.conditions),
            rules.outcome(row.outcome),
        )
        for row in rows
        if row.is_on
    ]


def _item(look: Look) -> Item:
    text = f"{look.description} {look.counterparty}"
    return Item(look.id, look.booked_on, look.minor, text, look.reference)


def _certain(work: Work, looks: Sequence[Look]) -> tuple[dict[UUID, Proposal], dict[UUID, UUID]]:
    """Return which of *looks* are certain to be in the books already, and in which entries."""
    found: dict[UUID, Proposal] = {}
    entries: dict[UUID, UUID] = {}
    for account in _accounts(work, {look.bank_account_id for look in looks}):
        own = [_item(look) for look in looks if look.bank_account_id == account.id]
        days = [each.on for each in own]
        books = reconciliations.open_in_books(work, account, since=min(days), until=max(days))
        if not books:
            continue
        ids = {each.id for each in own}
        others = [
            item
            for item, _, _ in reconciliations.open_at_bank(work, [account.id])
            if item.id not in ids
        ]
        certain = matching.certain([*own, *others], books)
        found |= {line_id: each for line_id, each in certain.items() if line_id in ids}
        entries |= {each.id: each.entry_id for each in books if each.entry_id is not None}
    return found, entries


def _accounts(work: Work, ids: Collection[UUID]) -> list[BankAccount]:
    return [each for each in banking.open_bank_accounts(work) if each.id in ids]


def _transfers(work: Work, looks: Sequence[Look]) -> dict[UUID, Transfer]:
    accounts = [each.id for each in banking.open_bank_accounts(work)]
    if len(accounts) < 2:
        return {}
    ids = {look.id for look in looks}
    lines = [(_item(look), look.bank_account_id, look.currency) for look in looks]
    around = dt.timedelta(days=matching.DRIFT_DAYS)
    days = [look.booked_on for look in looks]
    near = reconciliations.open_at_bank(
        work, accounts, since=min(days) - around, until=max(days) + around
    )
    lines += [each for each in near if each[0].id not in ids]
    return {
        line_id: moved
        for moved in matching.transfers(lines)
        for line_id in (moved.out_id, moved.in_id)
    }


def tell(work: Work, found: Mapping[UUID, Suggestion], *, besides: Collection[UUID]) -> None:
    """Keep suggestions for lines that were here before; those *besides* have theirs already."""
    others = found.keys() - set(besides)
    for line in banking.statement_lines_by_id(work, sorted(others)) if others else ():
        if not _is_users(line):
            line.suggestion, line.confidence = found[line.id].body, found[line.id].confidence
    work.session.flush()


def refresh(work: Work) -> int:
    """Suggest anew for the latest open lines, but for what people said; return how many changed."""
    rows = {row.id: row for row in queries.open_lines(work) if not _is_users(row)}
    found = suggest(work, [queries.look_of(row) for row in rows.values()])
    changed = 0
    for line_id, row in rows.items():
        suggestion = found.get(line_id)
        body = suggestion.body if suggestion else None
        if body != row.suggestion or (suggestion and suggestion.confidence != row.confidence):
            row.suggestion = body
            row.confidence = suggestion.confidence if suggestion else None
            changed += 1
    work.session.flush()
    return changed


def _is_users(row: StatementLine) -> bool:
    return row.suggestion is not None and row.suggestion.get("kind") == "user"


# -- decisions ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """What a person says of a line; what is None stays as suggested."""

    outcome: Outcome | None = None
    splits: tuple[Split, ...] | None = None
    description: str | None = None
    tags: Mapping[str, str] | None = None
    date: dt.date | None = None
    base: Money | None = None


def change(work: Work, line_id: UUID, said: Change) -> StatementLine:
    """Put what a person says in the place of the suggestion; nothing is posted yet."""
    line = banking.statement_line(work, line_id, lock=True)
    if line.state != "new":
        raise LineSettled("Somebody decided on it already; undo that first.")
    body = _body(line, said)
    _check_accounts(work, [each["account"] for each in body.get("splits", [])])
    line.suggestion = {**body, "kind": "user", "why": f"{work.context.actor} said so."}
    line.confidence = 1.0
    work.session.flush()
    return line


def _body(line: StatementLine, said: Change) -> dict[str, Any]:
    """Return what is to be done with a line: what was suggested, and what *said* puts over it."""
    body = dict(line.suggestion or {})
    if said.outcome is not None:
        body = suggesting.body_of(queries.look_of(line), said.outcome)
    if said.splits is not None:
        body = {
            "account": said.splits[0].account if len(said.splits) == 1 else None,
            "splits": [
                {
                    "account": split.account,
                    "amount": {"amount": split.amount.text, "currency": split.amount.currency},
                    **({"description": split.description} if split.description else {}),
                }
                for split in said.splits
            ],
        }
    if said.description is not None:
        body["description"] = said.description
    if said.tags is not None:
        body["tags"] = dict(said.tags)
    return body


def _check_accounts(work: Work, codes: Sequence[str]) -> None:
    if missing := sorted(set(codes) - queries.open_codes(work, set(codes))):
        raise RuleUnfit(f"The chart has no open account {missing[0]}.", accounts=missing)


def accept(work: Work, line_id: UUID, said: Change) -> Reconciliation:
    """Do with a line what was suggested, or what a person says instead."""
    made = _decide(work, banking.statement_line(work, line_id, lock=True), said)
    refresh(work)
    return made


def _decide(work: Work, line: StatementLine, said: Change) -> Reconciliation:
    if line.state != "new":
        raise LineSettled("Somebody decided on it already; undo that first.")
    body = _body(line, said)
    suggested = line.suggestion or {}
    if body.get("ignore"):
        return reconciliation.ignore(work, line, reason=body.get("why"))
    if splits := body.get("splits"):
        remembered = {
            "kind": suggested.get("kind"),
            "rule": suggested.get("rule"),
            "confidence": line.confidence,
            "taken": _ways(suggested) == _ways(body),
        }
        booking = Booking(
            tuple(
                Split(each["account"], Money.of(**each["amount"]), each.get("description"))
                for each in splits
            ),
            body.get("description"),
            said.date,
            said.base,
            body.get("tags") or {},
            {"suggested": remembered},
        )
        return reconciliation.post(work, line, booking)
    if lines := body.get("lines"):
        ids = [UUID(each) for each in lines]
        return reconciliation.match(work, Match(line.bank_account_id, [line.id], ids))
    if other := body.get("statement_line"):
        return reconciliation.transfer(work, line, _other_half(work, UUID(other)))
    raise NothingSuggested("Say an account, or ignore it.")


def _ways(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(each["account"], each["amount"]["amount"]) for each in body.get("splits") or []]


def _other_half(work: Work, line_id: UUID) -> StatementLine:
    try:
        return banking.statement_line(work, line_id, lock=True)
    except StatementLineNotFound:
        raise NothingSuggested("The other half of the transfer is gone.") from None


def accept_each(work: Work, ids: Sequence[UUID]) -> list[tuple[UUID, Reconciliation | Problem]]:
    """Accept lines as suggested, each for itself; return what became of each."""
    found = [(line_id, _accept_or_not(work, line_id)) for line_id in ids]
    refresh(work)
    return found


def _accept_or_not(work: Work, line_id: UUID) -> Reconciliation | Problem:
    try:
        with work.savepoint():
            line = banking.statement_line(work, line_id, lock=True)
            if held := _settled_with_another(work, line):
                return held
            return _decide(work, line, Change())
    except Problem as problem:
        return problem  # carrying on: it is the answer for this one


def _settled_with_another(work: Work, line: StatementLine) -> Reconciliation | None:
    """Return how the other half of a transfer settled this line a moment ago, if it did."""
    if line.state == "settled" and (line.suggestion or {}).get("kind") == "transfer":
        return reconciliations.of_statement_line(work, line.id)
    return None


def ignore(work: Work, line_id: UUID, *, reason: str | None) -> Reconciliation:
    """Leave a line out of the books."""
    line = banking.statement_line(work, line_id, lock=True)
    return reconciliation.ignore(work, line, reason=reason)


def undo(work: Work, line_id: UUID, *, day: dt.date | None, reason: str | None) -> StatementLine:
    """Take back what was decided on a line: it is in the queue again, its entry is reversed.

    On an open line, what a person said of it is taken back.
    """
    line = banking.statement_line(work, line_id, lock=True)
    if line.state == "new":
        if not _is_users(line):
            raise NothingToUndo("Nothing was decided on the line.")
        line.suggestion = line.confidence = None
    else:
        held = reconciliations.of_statement_line(work, line_id)
        assert held is not None, "what is settled is held by a reconciliation"
        reconciliation.undo(work, held.id, day=day, reason=reason)
    refresh(work)
    return line


# -- rules --------------------------------------------------------------------------------------


def add_rule(work: Work, facts: Mapping[str, Any]) -> RuleRow:
    """Add a rule at its place in the order; the last without one."""
    rows = list(queries.all_rules(work))
    if len(rows) >= queries.RULES_MAX:
        raise RuleUnfit(f"There are {queries.RULES_MAX} rules, which is all that are tried.")
    _check_rule(work, facts["conditions"], facts["outcome"])
    position = facts.get("position")
    made = RuleRow(
        name=facts["name"],
        position=len(rows),
        is_on=facts["is_on"],
        conditions=facts["conditions"],
        outcome=facts["outcome"],
    )
    work.session.add(made)
    _order(rows, made, len(rows) if position is None else position)
    work.session.flush()
    refresh(work)
    return made


def _order(rows: list[RuleRow], moved: RuleRow, position: int) -> None:
    """Put *moved* at *position* among *rows*, and number all from 0."""
    others = [row for row in rows if row is not moved]
    others.insert(min(position, len(others)), moved)
    for place, row in enumerate(others):
        row.position = place


def _check_rule(
    work: Work, conditions: Sequence[Mapping[str, Any]], outcome: Mapping[str, Any]
) -> rules.Rule:
    """Return a rule ready to be tried, or raise if it cannot be, or names what is not there."""
    tried = tuple(rules.condition(each) for each in conditions)
    then = rules.outcome(outcome)
    _check_accounts(work, [portion.account for portion in then.portions])
    for each in conditions:
        if each["kind"] == "bank_account":
            banking.bank_account(work, UUID(str(each["bank_account"])))
    return rules.Rule(None, "this", tried, then)


def change_rule(work: Work, rule_id: UUID, changes: Mapping[str, Any]) -> RuleRow:
    """Change a rule, move it, or turn it on or off."""
    rows = list(queries.all_rules(work))
    row = queries.rule(work, rule_id)
    _check_rule(
        work, changes.get("conditions", row.conditions), changes.get("outcome", row.outcome)
    )
    for name in ("name", "is_on", "conditions", "outcome"):
        if name in changes:
            setattr(row, name, changes[name])
    if "position" in changes:
        _order(rows, row, changes["position"])
    work.session.flush()
    refresh(work)
    return row


def remove_rule(work: Work, rule_id: UUID) -> None:
    """Remove a rule; what was decided by it stays."""
    rows = [row for row in queries.all_rules(work) if row.id != rule_id]
    work.session.delete(queries.rule(work, rule_id))
    for place, row in enumerate(rows):
        row.position = place
    work.session.flush()
    refresh(work)


@dataclass(frozen=True, slots=True)
class Hit:
    """A line that a rule would hit, and what it would do."""

    look: Look
    state: str
    body: dict[str, Any]
    was: list[str] | None
    """The accounts to which the line went, if somebody decided."""


def test_rule(
    work: Work, conditions: Sequence[Mapping[str, Any]], outcome: Mapping[str, Any]
) -> tuple[int, list[Hit]]:
    """Try a rule on past lines without keeping it; return how many were tried, and the hits."""
    rule = _check_rule(work, conditions, outcome)
    lines = queries.latest_lines(work)
    was = {
        look.id: detail["accounts"]
        for look, detail in queries.decisions(work, queries.TESTED_MAX)
        if detail.get("accounts")
    }
    hits = []
    for look, state in lines:
        if not rule.fits(look):
            continue
        try:
            body = suggesting.body_of(look, rule.outcome)
        except Problem as problem:  # carrying on: it is what would happen
            body = {"problem": problem.detail}
        hits.append(Hit(look, state, body, was.get(look.id)))
    return len(lines), hits
