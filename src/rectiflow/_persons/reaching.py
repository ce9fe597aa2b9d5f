"""How a person is reached (联系方式): telephone, mail, what is liked best, and addresses that were given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from rectiflow.engine.errors import NotFound, Reason, Refused
from rectiflow.engine.mail_address import faults_of
from rectiflow.engine.visibility import masked_phone
from rectiflow.notifiers.address import is_address
from rectiflow.notifiers.message import CHANNEL_TITLES
from rectiflow.notifiers.phone import mobile, reachable
from rectiflow.storage import incoming, organisation

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow.engine.directory import Person

__all__ = ["CHANNELS", "Reach", "reach", "restore", "set_reach"]

CHANNELS = CHANNEL_TITLES
ACTION = "登记联系方式"


class Reach(Struct, frozen=True, kw_only=True):
    """How somebody is reached; `troubles` says which address was given up and why; telephone numbers are masked."""

    person: str
    name: str
    phone: str | None
    email: str | None
    channels: tuple[str, ...]
    troubles: tuple[str, ...] = ()


def reach(flow: Rectiflow, person: str | None = None) -> list[Reach]:
    """Return how somebody is reached; without a name everybody who cannot be: no address, or one that was given up.

    Raises:
        NotFound, Ambiguous: no such person.
    """
    directory, dead = flow.directory(), incoming.faults(flow.store.engine, flow.district)
    why = {(f.channel, f.address): f"{_shown(f)} 已退回 {f.failures} 次（{f.detail}）" for f in dead if f.dead}
    chosen = [directory.find_person(person)] if person else list(directory.persons.values())
    found = [_reach(p, why) for p in chosen if person or directory.posts_of(p.id, flow.today())]
    return found if person else [r for r in found if r.troubles or not (r.phone or r.email)]


def set_reach(
    flow: Rectiflow,
    person: str,
    *,
    phone: str | None = None,
    email: str | None = None,
    channels: tuple[str, ...] | None = None,
    dry_run: bool = False,
) -> Reach:
    """Change how somebody is reached; what is not given stays, "" takes an address out. A new address begins afresh.

    Raises:
        NotFound, Ambiguous: no such person. Refused: with every address and channel that is none.
    """
    known = flow.directory().find_person(person)
    reasons = list(_reasons(phone, email, channels or ()))
    if reasons:
        raise Refused("", ACTION, reasons)
    changed = replace(
        known,
        phone=known.phone if phone is None else mobile(phone) or phone or None,
        email=known.email if email is None else email or None,
        channels=known.channels if channels is None else channels,
    )
    if not dry_run:
        organisation.write_organisation(flow.store.engine, flow.district, persons=[changed])
        flow.refresh()
        kept = {a for p in flow.directory().persons.values() for a in (p.phone, p.email)}
        gone = {known.phone, known.email} - kept  # what was said of an address that nobody has is over
        given = (changed.phone if phone else None, changed.email if email else None)
        for address in filter(None, {*given, *gone}):
            incoming.forgive(flow.store.engine, flow.district, address, now=flow.now())
        return reach(flow, changed.id)[0]
    return _reach(changed, {})


def restore(flow: Rectiflow, address: str) -> None:
    """Let messages go to an address again that was given up.

    Raises:
        NotFound: nothing had come back from it.
    """
    if not incoming.forgive(flow.store.engine, flow.district, address, now=flow.now()):
        raise NotFound(f"“{address}”没有退回记录，不用恢复；停发的地址见 rectiflow person reach。")


def _shown(fault: incoming.AddressFault) -> str:
    return (masked_phone(fault.address) or "") if fault.channel == "sms" else fault.address


def _reach(person: Person, why: dict[tuple[str, str], str]) -> Reach:
    ways = (("mail", person.email), ("sms", person.phone))
    return Reach(
        person=person.id,
        name=person.name,
        phone=masked_phone(person.phone),
        email=person.email,
        channels=person.channels,
        troubles=tuple(why[way, a] for way, a in ways if a and (way, a) in why),
    )


def _reasons(phone: str | None, email: str | None, channels: tuple[str, ...]) -> list[Reason]:
    unknown = set(channels) - set(CHANNELS)
    checks = (
        (
            bool(phone) and not reachable(phone or ""),
            "phone",
            f"号码“{phone}”应是 11 位手机号，或带区号的座机，如 0711-3866666",
        ),
        (
            bool(email) and not is_address(email),
            "email",
            f"邮箱“{email}”不是有效地址{_limits(email)}，应如 head@example.edu.cn",
        ),
        (bool(unknown), "channels", f"没有“{'、'.join(sorted(unknown))}”这种通道，可写 {'、'.join(CHANNELS.values())}"),
    )
    return [Reason(code="wrong", subject=subject, message=said) for wrong, subject, said in checks if wrong]


def _limits(email: str | None) -> str:
    faults = faults_of(email) if email and "@" in email else ()
    return f"（{'；'.join(faults)}）" if faults else ""
