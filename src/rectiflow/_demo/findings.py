"""What the inspections of the term find: day of the term, category, place, description."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FINDINGS", "Finding"]


class Finding(NamedTuple):
    """One finding; `week` counts the weeks of the term from 0, `source` is a choice of the field."""

    week: int
    source: str
    category: str
    place: str
    description: str


FINDINGS: tuple[Finding, ...] = (
    Finding(0, "bureau", "fire", "教学楼", "三楼西侧安全出口开学后仍上锁，钥匙不在现场"),
    Finding(0, "joint", "school_bus", "校车停放点", "一辆校车灭火器压力不足，随车照管员交接记录缺签字"),
    Finding(0, "town", "drowning", "校外水塘", "学校东侧水塘警示牌倒伏，救生圈缺失"),
    Finding(1, "bureau", "food", "食堂", "食品留样柜温度超标，两天留样无标签"),
    Finding(1, "self", "building", "围墙", "操场北侧围墙墙体开裂约四米，向外倾斜"),
    Finding(1, "town", "security", "校门", "一键报警装置未与公安联网，试按无回应"),
    Finding(2, "expert", "hazmat", "化学实验室", "强酸与强碱同柜存放，通风橱风机不转"),
    Finding(2, "bureau", "fire", "配电室", "配电室内堆放扫帚拖把等可燃杂物，未配灭火毯"),
    Finding(2, "complaint", "surroundings", "校门外", "校门对面三十米处便利店向学生出售彩票"),
    Finding(3, "town", "gathering", "操场", "秋季运动会预案未明确看台疏散路线和责任人"),
    Finding(3, "bureau", "fire", "宿舍", "宿舍疏散指示灯有六处不亮，应急照明断电不启动"),
    Finding(4, "joint", "school_bus", "校车线路", "雨后线路弯道路肩塌陷，校车未改道行驶"),
    Finding(5, "town", "food", "食堂", "餐具消毒柜故障一周未修，改用开水浸烫无记录"),
    Finding(5, "self", "security", "监控室", "校园西南角监控盲区，夜间无补光"),
    Finding(6, "bureau", "building", "厕所", "旱厕屋面檩条腐朽，局部瓦片松动"),
    Finding(6, "expert", "fire", "图书室", "图书室烟感探测器被防尘罩遮挡，未通电"),
    Finding(7, "town", "drowning", "灌溉渠", "上学路段灌溉渠护栏缺失约十米"),
    Finding(7, "bureau", "food", "食堂", "进货台账缺十月两批次肉类检疫证明"),
    Finding(8, "joint", "surroundings", "校园周边", "校门两侧占道摊点堵塞消防通道"),
    Finding(8, "town", "fire", "幼儿园", "午睡室插线板串接，取暖器靠近窗帘"),
    Finding(9, "bureau", "hazmat", "实验室", "过期试剂十二瓶未登记封存，未联系处置单位"),
    Finding(9, "self", "building", "楼梯", "教学楼东侧楼梯扶手立柱松动两处"),
    Finding(10, "superior", "fire", "食堂", "食堂燃气报警器失效，软管超期使用"),
    Finding(11, "bureau", "school_bus", "校车", "两名驾驶员九月以来未参加安全学习"),
    Finding(11, "town", "security", "门卫室", "夜间值守一人，巡查记录提前填写"),
    Finding(12, "joint", "gathering", "礼堂", "冬季文艺汇演临时搭台未验收，电缆过道未防护"),
    Finding(12, "bureau", "fire", "宿舍", "宿舍内使用电热毯、热得快，私拉电线三处"),
    Finding(13, "expert", "building", "食堂", "食堂屋面渗漏，吊顶石膏板局部脱落"),
    Finding(14, "town", "food", "食堂", "冬季供餐保温箱不足，中心温度低于六十度"),
    Finding(15, "bureau", "security", "校门", "防冲撞硬质隔离墩被移走两个"),
    Finding(15, "self", "fire", "锅炉房", "取暖锅炉安全阀超过校验日期"),
    Finding(16, "town", "surroundings", "校门外", "放学时段三轮车违规载客接送学生"),
    Finding(16, "bureau", "drowning", "人工湖", "校内景观水池结薄冰，未设围挡和值守"),
    Finding(17, "joint", "school_bus", "校车", "雪天防滑链配备不足，应急预案未演练"),
)
