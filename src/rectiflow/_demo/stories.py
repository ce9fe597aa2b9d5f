"""The tickets worth following: each a short script of who does what on which day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Any

from msgspec import Struct, field

from rectiflow.engine.moments import chinese_date
from rectiflow.engine.ticket import Ticket

from .cast import Cast

__all__ = ["STORIES", "Scene", "Story"]

Scene = Callable[[Cast, Ticket], object]


class Story(Struct):
    """One ticket with its scenes by day; `begin` reports it on the first day."""

    title: str
    first_day: date
    begin: Callable[[Cast], Ticket]
    scenes: dict[date, Scene] = field(default_factory=dict[date, Scene])
    number: str = ""

    def day(self, cast: Cast, day: date) -> None:
        """Play what the day holds."""
        if day == self.first_day:
            self.number = self.begin(cast).number
        scene = self.scenes.get(day)
        if scene is not None and self.number:
            scene(cast, cast.flow.ticket(self.number))

    def tell(self, cast: Cast) -> str:
        """Say how it stands."""
        if not self.number:
            return f"{self.title}：（没有开始）"
        ticket = cast.flow.ticket(self.number)
        workflow = cast.flow.workflow_of(ticket)
        closed = ticket.marks.get("closed_on")
        ended = f"，{chinese_date(date.fromisoformat(closed))}办结" if closed else ""
        return f"{self.number}  {self.title}：{workflow.title}，{workflow.states[ticket.state].title}{ended}"


def _report(workflow: str, unit: str, category: str, place: str, description: str) -> Callable[[Cast], Ticket]:
    def begin(cast: Cast) -> Ticket:
        return cast.flow.report(
            workflow,
            by=cast.post("safety_section"),
            source="bureau",
            found_on=cast.today.isoformat(),
            category=category,
            place=place,
            description=description,
            unit=unit,
        )

    return begin


def _act(trigger: str, role: str, **given: Any) -> Scene:
    def scene(cast: Cast, ticket: Ticket) -> object:
        by = cast.rectifier(ticket) if role == "rectifier" else cast.who(ticket, role)
        return cast.do(ticket, trigger, by or "", **given)

    return scene


def _assign(due_on: str) -> Scene:
    def scene(cast: Cast, ticket: Ticket) -> object:
        by, person = cast.who(ticket, "lead_section"), cast.rectifier(ticket)
        return cast.do(ticket, "assign", by or "", responsible_person=person, due_on=due_on)

    return scene


def _submit(measures: str, **given: Any) -> Scene:
    def scene(cast: Cast, ticket: Ticket) -> object:
        return cast.do(
            ticket,
            "submit",
            cast.rectifier(ticket) or "",
            measures=measures,
            completed_on=cast.today.isoformat(),
            evidence=[cast.photograph(ticket)],
            **given,
        )

    return scene


def _accept(trigger: str = "pass") -> Scene:
    def scene(cast: Cast, ticket: Ticket) -> object:
        by = cast.who(ticket, "verifier") or ""
        return cast.do(ticket, trigger, by, via="in-person", second_inspector=cast.other(ticket, by))

    return scene


def _ask(kind: str, role: str, level: str | None = None, **data: Any) -> Scene:
    def scene(cast: Cast, ticket: Ticket) -> object:
        by = cast.who(ticket, role) or ""
        return cast.attempt(ticket, lambda: cast.flow.ask(ticket.number, kind, by=by, level=level, **data))

    return scene


def _rule(kind: str, role: str, *, approve: bool = True, reason: str = "") -> Scene:
    """Decide on the pending request of a kind, and sign the paper drafted for it."""

    def scene(cast: Cast, ticket: Ticket) -> object:
        number, by = ticket.number, cast.who(ticket, role) or ""
        pending = [r.ordinal for r in cast.flow.snapshot(number).requests if r.kind == kind and r.status == "pending"]
        for ordinal in pending:
            rule = partial(cast.flow.rule, number, ordinal, by=by, approve=approve, reason=reason)
            cast.attempt(ticket, rule)
        drafts = [d.ordinal for d in cast.flow.snapshot(number).documents if d.status == "draft"]
        for ordinal in drafts:
            cast.attempt(ticket, partial(cast.flow.sign_off, number, ordinal, by=by))
        return pending

    return scene


def _by_telephone(trigger: str, role: str) -> Scene:
    def scene(cast: Cast, ticket: Ticket) -> object:
        return cast.do(ticket, trigger, cast.who(ticket, role) or "", **cast.by_telephone(trigger))

    return scene


def _close(role: str = "safety_section") -> Scene:
    """Strike it off, by somebody who neither rectified nor verified."""

    def scene(cast: Cast, ticket: Ticket) -> object:
        took = {e.actor for entries in ticket.taken.values() for e in entries}
        by = next((p for p in cast.all(ticket, role) if p not in took), None) or cast.who(ticket, role)
        return cast.do(ticket, "close", by or "")

    return scene


def _then(*scenes: Scene) -> Scene:
    """Play several scenes of one day, each on the ticket as the one before left it."""

    def scene(cast: Cast, ticket: Ticket) -> object:
        for each in scenes:
            each(cast, cast.flow.ticket(ticket.number))
            cast.later()
        return None

    return scene


def _day(text: str) -> date:
    month, day = map(int, text.split("-"))
    return date(2025 if month < 9 else 2024, month, day)


def _story(title: str, first: str, begin: Callable[[Cast], Ticket], scenes: dict[str, Scene]) -> Callable[[], Story]:
    return lambda: Story(title, _day(first), begin, {_day(d): s for d, s in scenes.items()})


_PLAN = {
    "guaranteed_measures": "是",
    "guaranteed_funds": "是",
    "guaranteed_deadline": "是",
    "guaranteed_person": "是",
    "guaranteed_emergency": "是",
    "plan_target": "十二月二十日前完成加固，消除坍塌风险",
    "plan_methods": "委托有资质单位设计，碳纤维与增大截面法加固",
    "plan_resources": "区级校舍维修资金三十八万元",
    "plan_duties": "校长牵头，发规股派驻监督，镇中心学校每周到场",
    "plan_schedule": "十月设计，十一月施工，十二月检测验收",
    "plan_safety": "外廊封闭，学生分流至实验楼，设应急撤离路线",
}

STORIES: Sequence[Callable[[], Story]] = (
    _story(
        "逾期未改，区级挂牌督办，验收摘牌后销号",
        "9-3",
        _report(
            "hazard",
            "示例一镇第一小学",
            "fire_exit",
            "教学楼",
            "教学楼东侧疏散楼梯被改作杂物间，两个班级无第二疏散通道",
        ),
        {
            "9-4": _assign("2024-09-13"),
            "9-5": _act("sign", "principal"),
            "9-20": _rule("supervision_letter", "bureau_leader"),
            "9-26": _rule("listing", "district_leader"),
            "10-10": _act("report_progress", "principal", progress="杂物已清出，施工队本周进场拆除隔墙"),
            "10-16": _submit("杂物间已拆除，疏散楼梯恢复并贴标识，指定专人每日巡查"),
            "10-17": _act("pass", "verifier"),  # refused: two accept a listed hazard, one of the level that listed it
            "10-18": _then(_accept(), _close()),  # the close is refused: not delisted yet
            "10-21": _ask("delisting", "safety_section"),
            "10-22": _rule("delisting", "district_leader"),
            "10-23": _close(),
        },
    ),
    _story(
        "资金未到位，申请延期获批，按新时限办结",
        "9-9",
        _report("hazard", "示例二镇第一小学", "building", "运动场", "看台挡土墙局部鼓胀，需请有资质单位加固"),
        {
            "9-10": _assign("2024-10-18"),
            "9-11": _act("sign", "principal"),
            "10-11": _ask(
                "extension",
                "principal",
                reason="加固设计需重新核算，施工队十月下旬进场",
                new_due_on="2024-11-29",
                interim="看台封闭停用，设警戒带",
            ),
            "10-12": _rule("extension", "lead_section"),
            "11-27": _submit("挡土墙加固完成，第三方检测合格", funds="4.8"),
            "11-28": _accept(),
            "11-29": _close(),
        },
    ),
    _story(
        "学校电话签收，交办有误撤回后改派，复查一次不合格",
        "9-18",
        _report("hazard", "示例三镇第一小学", "food", "食堂", "食堂操作间地面破损积水，防鼠板缺失"),
        {
            "9-19": _then(_assign("2024-10-10"), _by_telephone("sign", "principal")),
            "9-20": _act("recall", "lead_section", reason="应由后勤园长负责，责任人写错"),
            "9-23": _then(_assign("2024-10-15"), _by_telephone("sign", "principal")),
            "10-14": _submit("地面已修补，防鼠板已安装"),
            "10-15": _act("pass", "principal"),  # refused: who rectifies does not verify
            "10-16": _act("fail", "verifier", reason="操作间北墙仍渗水，防鼠板高度不足", due_on="2024-10-25"),
            "10-24": _submit("渗水点已做防水，防鼠板更换为六十厘米"),
            "10-25": _accept(),
            "10-28": _close(),
        },
    ),
    _story(
        "重大隐患：先停用管控，发现即挂牌，治理验收后恢复使用",
        "9-10",
        _report(
            "major_hazard", "示例二镇湖滨小学", "building", "教学楼", "教学楼西侧外廊两根承重柱开裂露筋，鉴定为危险构件"
        ),
        {
            "9-10": _then(
                _act("confirm", "lead_section", basis="教育系统重大事故隐患判定：校舍类，危险构件继续使用"),
                _act(
                    "control", "principal", control_measures="外廊及相邻三间教室停止使用，学生分流，拉警戒线，专人值守"
                ),
                _act("report_up", "safety_section", reported_up_to="区校安委会、市教育局", reported_up_on="2024-09-10"),
                _ask("listing", "safety_section", level="district"),
            ),
            "9-11": _then(_rule("listing", "district_leader"), _assign("2024-12-20")),
            "9-12": _act("sign", "principal"),
            "9-18": _act("plan", "principal", **_PLAN),
            "10-9": _act("report_progress", "principal", progress="图审通过，外廊支撑已架设"),
            "10-23": _act("report_progress", "principal", progress="两根柱外包钢完成一根"),
            "11-6": _act("report_progress", "principal", progress="外包钢全部完成，进入养护"),
            "12-18": _submit("加固完成，第三方检测合格，现场清理完毕", funds="38"),
            "12-24": _accept("accept"),
            "12-25": _act("resume_use", "bureau_leader"),
            "12-26": _ask("delisting", "safety_section"),
            "12-27": _rule("delisting", "district_leader"),
            "12-30": _close(),
        },
    ),
    _story(
        "改判为一时难以整改，列入年度建设规划，定期监测，漏一次即催",
        "9-24",
        _report("hazard", "示例三镇中心幼儿园", "building", "教学楼", "园舍屋面为旧预制板，板缝渗漏锈胀，需整体拆建"),
        {
            "9-25": _then(_assign("2024-10-31"), _act("sign", "principal")),
            "10-9": _act("reclassify", "lead_section", into="hard_to_rectify", reason="须整体拆建，不可能一个月内完成"),
            "10-10": _act("assign", "lead_section"),
            "10-11": _act("sign", "principal"),
            "10-14": _act(
                "secure",
                "principal",
                warning_sign="屋檐下设警示牌和围挡",
                monitoring_plan="每两周由园长带队查看板底裂缝并拍照",
                monitor_every="14",
                risk_measures="屋面下活动室停用，雨雪天全园停用该栋",
            ),
            "10-16": _act(
                "schedule",
                "lead_section",
                plan_year="2025",
                fund_source="省级学前教育专项和区级配套",
                due_on="2025-08-31",
            ),
            "10-28": _act("monitor", "principal", monitoring="裂缝宽度无变化，渗漏点一处"),
            "11-25": _act("monitor", "principal", monitoring="补测：新增细裂缝一条，已加密查看"),
            "12-9": _act("monitor", "principal", monitoring="无明显变化"),
            "12-23": _act("monitor", "principal", monitoring="无明显变化，屋面积雪已清"),
            "1-6": _act("monitor", "principal", monitoring="无明显变化"),
        },
    ),
)
