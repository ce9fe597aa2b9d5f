"""Who acts: the operating system's account is a person; acting as somebody else needs a grant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rectiflow.engine.errors import WorkplaceError
from rectiflow.engine.hands import ACT_AS
from rectiflow.engine.roles import standing

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["keeps_all", "require_grant", "require_keeper", "system_account", "who_acts"]


def system_account() -> str:
    """Return the account at the keyboard as the operating system knows it; the environment could be set to any name."""
    try:
        import pwd
    except ImportError:  # not a Unix: the login name is what there is
        import getpass

        return getpass.getuser()
    import os

    return pwd.getpwuid(os.getuid()).pw_name


def who_acts(flow: Rectiflow, account: str, acting: str | None, *, rehearsal: bool) -> str:
    """Return the id of the person who acts.

    Args:
        account: the account at the keyboard.
        acting: the person named with `--as`, by id or name.
        rehearsal: whether everybody may act as anybody.

    Raises:
        WorkplaceError: the account belongs to nobody, or has no grant to act as somebody else.
        NotFound, Ambiguous: no such person, or a name that fits several.
    """
    directory = flow.directory()
    own = directory.by_account(account)
    if acting is None:
        if own is None:
            hint = "演练工作区可用 --as 写明以谁的身份办理" if rehearsal else "请在人员表的“系统账号”列登记后重新导入"
            raise WorkplaceError(f"系统账号“{account}”没有对应的人员。{hint}。")
        return own.id
    person = directory.find_person(acting)
    if not rehearsal and (own is None or (own.id != person.id and ACT_AS not in own.grants)):
        raise WorkplaceError(
            f"系统账号“{account}”没有“代为操作”权限，不能以{person.name}的身份办理；代为录入请用 --for 和 --via。"
        )
    return person.id


def require_grant(flow: Rectiflow, person: str, grant: str, title: str) -> None:
    """Refuse who does not hold a grant.

    Raises:
        WorkplaceError: the person does not hold it.
    """
    holder = flow.directory().persons[person]
    if grant not in holder.grants:
        raise WorkplaceError(f"{holder.name}没有“{title}”权限，请由有权限的人员办理。")


def require_keeper(flow: Rectiflow, person: str, what: str) -> None:
    """Refuse who does not keep the ledger of any workflow (安全股).

    Raises:
        WorkplaceError: the person holds no keeper's role.
    """
    if not keeps_all(flow, person):
        raise WorkplaceError(f"{flow.directory().person_name(person)}不能{what}，请由安全股办理。")


def keeps_all(flow: Rectiflow, person: str) -> bool:
    """Tell whether a person keeps the ledger of the whole district (安全股): a keeper's role not tied to a unit."""
    day, directory = flow.today(), flow.directory()
    return any(
        standing(w, roles, {}, directory, person, day) is not None
        for w in flow.library.latest.values()
        if (roles := tuple(r for r in w.keepers if not w.roles[r].of and w.roles[r].holder_field is None))
    )
