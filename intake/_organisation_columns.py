"""The sheets and columns of the workbook of units, posts and persons, with the titles offices give them."""

from __future__ import annotations

import re

from ._header import Column, Titles


def _column(key: str, title: str, synonyms: str = "", *, needed: bool = False) -> Column:
    return Column(key=key, title=title, synonyms=tuple(synonyms.split()), needed=needed)


UNIT_TITLES = Titles(
    (
        _column("serial", "序号", "序 号 NO"),
        _column("code", "单位编码", "编码 单位代码 代码 单位编号 编号 统一社会信用代码 学校标识码"),
        _column("name", "单位名称", "单位 名称 单位全称 全称 学校名称 机构名称 学校（单位）", needed=True),
        _column("aliases", "简称/别名", "简称 别名 单位简称 又名 其他名称 曾用名 简称或别名 别名简称 简称及别名"),
        _column("kind", "单位类型", "类型 单位类别 类别 单位性质 性质 学段 办学类型", needed=True),
        _column("parent", "上级单位", "上级 主管单位 隶属单位 隶属 上级主管单位 所属单位 归属单位"),
        _column("status", "状态", "单位状态 是否正常 使用状态"),
        _column("successor", "继任单位", "并入单位 承继单位 接续单位 合并到 撤并后单位 并入"),
        _column("remarks", "备注", "说明"),
    ),
    repeated=frozenset({"serial", "remarks"}),
)
POST_TITLES = Titles(
    (
        _column("serial", "序号", "序 号 NO"),
        _column("title", "岗位名称", "岗位 职务 职务名称 岗位（职务）", needed=True),
        _column("unit", "所在单位", "单位 单位名称 所属单位 任职单位 学校 学校名称", needed=True),
        _column("roles", "职责角色", "角色 职责 承担角色 流程角色 岗位职责 担任角色"),
        _column("remarks", "备注", "说明"),
    ),
    repeated=frozenset({"serial", "remarks"}),
)
PERSON_TITLES = Titles(
    (
        _column("serial", "序号", "序 号 NO"),
        _column("name", "姓名", "人员 人员姓名 名字 联系人", needed=True),
        _column("post", "岗位", "岗位名称 职务 担任岗位 任职岗位", needed=True),
        _column("unit", "单位", "所在单位 单位名称 任职单位 工作单位 所属单位 学校 学校名称"),
        _column("phone", "手机", "手机号 手机号码 联系电话 电话 移动电话 联系方式"),
        _column("email", "邮箱", "电子邮箱 电子邮件 邮件 Email E-mail 邮箱地址"),
        _column("account", "系统账号", "账号 账户 登录账号 用户名 登录名 系统账户"),
        _column("since", "任职起", "任职起始 任职时间 任职日期 任职开始 任职起始日期 到任时间 任职开始日期"),
        _column("until", "任职止", "任职结束 任职截止 离任时间 离任日期 任职终止 任职结束日期"),
        _column("deputy", "代理人", "代理 代班人 临时代理人 委托代理人"),
        _column("deputy_since", "代理起", "代理开始 代理起始 代理开始日期 代理起始日期"),
        _column("deputy_until", "代理止", "代理结束 代理截止 代理结束日期 代理截止日期"),
        _column("grants", "权限", "授权 系统权限 特别授权"),
        _column("remarks", "备注", "说明"),
    ),
    repeated=frozenset({"serial", "remarks"}),
)

SHEET_NAMES = (  # the first that fits: 单位人员 is a sheet of persons
    ("persons", re.compile("人员|通讯录|花名册|名册|联系人")),
    ("posts", re.compile("岗位|职务|职责")),
    ("units", re.compile("单位|机构|学校|组织|部门")),
)

KINDS = (  # the first that fits
    ("committee", re.compile("committee|.*(?:领导小组|委员会|安委会|专委会|专班|安委|委员)")),
    ("government", re.compile("government|.*(?:政府|街道办|办事处)")),
    ("kindergarten", re.compile("kindergarten|.*(?:幼儿园|幼教|园所|托幼)")),
    ("town", re.compile("town|.*(?:中心学校|中心校|教办|学区|教育办|教育总支|教育组)")),
    ("affiliate", re.compile("affiliate|.*(?:二级单位|直属单位|下属单位|事业单位|直属机构)")),
    ("section", re.compile("section|.*(?:股室|科室|股|内设.*|科)|办公室")),
    ("bureau", re.compile("bureau|.*(?:教育局|教体局|局机关|教育行政部门)|局")),
    ("school", re.compile("school|.*(?:中学|小学|学校|初中|高中|完小|村小|职校|中职|教学点|一贯制|特校)")),
    ("village", re.compile("village|.*(?:村|社区|村组|村委会|居委会)(?:[(].*[)])?")),
    ("partner", re.compile("partner|.*(?:部门|成员单位|协作单位|配合单位|外单位)")),
)
KIND_WORDS = (
    "教育局、股室、二级单位、镇中心学校、园区教办、中学、小学、高中、幼儿园、村（社区）、部门、政府、领导小组（委员会）"
)

GRANTS = (
    ("act_for_others", re.compile(r"act_for_others|代为操作|代操作|代办|代录|代为办理")),
    ("see_restricted", re.compile(r"see_restricted|(?:查看|可看)?受限(?:类别|隐患)?|查看受限.*")),
)

ACTIVE = re.compile(r"正常|在用|启用|在办|有效|是|active")
GONE = re.compile(r"撤并|撤销|停办|合并|并入|停用|注销|已.*(?:撤|并|停).*|merged|closed")
