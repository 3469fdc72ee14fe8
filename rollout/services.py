"""Opening and closing areas: what a change would do, and doing it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from hashlib import sha256
from uuid import uuid4

from django.db import connection, transaction
from django_tenants.utils import schema_context

from accounts.models import Account
from rollout import hooks
from rollout.areas import AREAS, Area
from rollout.models import AreaFlag, Change
from rollout.selectors import setting_of
from rollout.settings import Mode, Setting

LOCK = 7_403  # of the transaction that changes areas: the log's last line is the last to commit
Wanted = Callable[[Setting], Setting]  # what it was set to → what it shall be
OPEN_TO = {Mode.EVERYBODY: True, Mode.NOBODY: False, Mode.SOME: None}


class ChangedMeanwhileError(Exception):
    """The area, or the accounts there are, changed since the effect was shown."""


@dataclass(frozen=True)
class Effect:
    """What a change does, account by account (schemas)."""

    before: Setting
    after: Setting
    opens: tuple[str, ...]
    closes: tuple[str, ...]
    open_after: int
    accounts: int

    @property
    def fingerprint(self) -> str:
        """What was agreed to, in a form field: another change meanwhile, or another account, shows in it."""
        told = [self.before.as_json(), self.after.as_json(), self.opens, self.closes, self.accounts]
        return sha256(json.dumps(told).encode()).hexdigest()[:32]


def setting_now(area: Area) -> Setting:
    flag = AreaFlag.objects.filter(name=area.key).first()
    return setting_of(flag) if flag is not None else Setting()


def every_schema() -> list[str]:
    return list(
        Account.objects.exclude(schema_name="public").order_by("schema_name").values_list("schema_name", flat=True)
    )


def effect_of(area: Area, after: Setting) -> Effect:
    """What setting the area so would open and close."""
    before, schemas = setting_now(area), every_schema()
    was = {schema for schema in schemas if before.admits(area.key, schema)}
    will = [schema for schema in schemas if after.admits(area.key, schema)]
    return Effect(
        before=before,
        after=after,
        opens=tuple(schema for schema in will if schema not in was),
        closes=tuple(sorted(was.difference(will))),
        open_after=len(will),
        accounts=len(schemas),
    )


def change(area: Area, to: Setting | Wanted, *, who: str, now: datetime, agreed: str | None = None) -> Effect:
    """Sets the area, and leaves a line in the log. `agreed`: the fingerprint of the effect that was agreed to.

    `to`: what to set it to; or, where that follows from what it is set to, a function of it, called under the lock.
    Raises: ChangedMeanwhileError, if the effect is not that of now; what `to` raises.
    """
    with schema_context("public"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        after = to if isinstance(to, Setting) else to(setting_now(area))
        effect = effect_of(area, after)
        if agreed is not None and agreed != effect.fingerprint:
            raise ChangedMeanwhileError
        if after == effect.before:
            return effect
        flag = AreaFlag.objects.filter(name=area.key).first() or AreaFlag(name=area.key)
        flag.everyone, flag.percent = OPEN_TO[after.mode], after.share
        flag.named, flag.left_out = sorted(after.named), sorted(after.left_out)
        flag.save()
        note(area, effect, who=who, now=now)
        schemas = (*effect.opens, *effect.closes)
        for tell in hooks.moved:
            transaction.on_commit(partial(tell, schemas, now), robust=True)
    return effect


def note(area: Area, effect: Effect, *, who: str, now: datetime) -> None:
    Change.objects.create(
        at=now,
        who=who[:300],
        area=area.key,
        before=effect.before.as_json(),
        after=effect.after.as_json(),
        opened=len(effect.opens),
        closed=len(effect.closes),
        accounts=effect.accounts,
        stamp=uuid4(),
    )


def forget(account: Account, now: datetime) -> None:
    """A deleted account is named nowhere: one that gets its name later begins anew."""
    gone = {account.schema_name}

    def without(before: Setting) -> Setting:
        return replace(before, named=before.named - gone, left_out=before.left_out - gone)

    for area in AREAS.values():
        change(area, without, who=f"account {account.schema_name} deleted", now=now)
