"""The literal facts of the county: trades, towns, name parts, lenders.

Everything but the industry and division codes is invented.
"""

from __future__ import annotations

from typing import NamedTuple

COUNTY = "锦溪县"
"""Invented; it borrows the division code of a Sichuan county, so that codes and registers can be checked."""

DIVISION = "510623"
DIVISIONS_OF_REGISTRATION = {"510623": 0.94, "510600": 0.04, "510626": 0.02}
"""Where codes were issued: here, by the city, or in a division that no longer exists."""


class Trade(NamedTuple):
    """One class of GB/T 4754-2017 as the county knows it; the weights say how common it is by kind of entity."""

    code: str
    word: str
    shop: str
    scope: str
    individuals: float
    enterprises: float
    cooperatives: float


TRADES = (
    Trade("A0111", "粮油种植", "种植园", "稻谷、玉米种植及销售", 2, 3, 34),
    Trade("A0141", "蔬菜种植", "菜园", "蔬菜种植、销售", 2, 3, 22),
    Trade("A0313", "生猪养殖", "养殖场", "生猪养殖、销售", 2, 3, 20),
    Trade("A0153", "柑橘种植", "果园", "柑橘类水果种植、销售", 1, 2, 18),
    Trade("C1311", "粮食加工", "米坊", "稻谷加工、粮食收购", 2, 5, 2),
    Trade("C1353", "肉制品", "腊味坊", "肉制品及副产品加工、销售", 3, 4, 2),
    Trade("C1371", "蔬菜加工", "酱菜坊", "蔬菜加工、食品销售", 2, 4, 2),
    Trade("C2110", "家具", "家具厂", "木质家具制造、销售", 2, 6, 0),
    Trade("C3311", "金属结构", "铁艺加工部", "金属结构制造、金属门窗工程施工", 3, 8, 0),
    Trade("C3591", "环保设备", "设备维修部", "环境保护专用设备制造、销售", 0.2, 4, 0),
    Trade("C4220", "再生资源", "回收站", "非金属废料和碎屑加工处理、再生资源回收", 1, 3, 0),
    Trade("D4416", "光伏发电", "光伏服务部", "太阳能发电技术服务、光伏设备安装", 0.3, 3, 0),
    Trade("E4790", "建筑工程", "工程队", "房屋建筑工程施工", 1, 8, 0),
    Trade("E5012", "装饰工程", "装饰部", "住宅装饰和装修", 4, 6, 0),
    Trade("F5123", "果蔬批发", "果蔬批发部", "果品、蔬菜批发", 7, 4, 0),
    Trade("F5165", "建材贸易", "建材批发部", "建材、五金产品批发", 8, 8, 0),
    Trade("F5211", "百货", "百货店", "日用百货、食品销售", 16, 3, 0),
    Trade("F5212", "超市", "超市", "食品、日用品零售", 12, 3, 0),
    Trade("F5232", "服饰", "服装店", "服装、鞋帽零售", 9, 2, 0),
    Trade("F5281", "五金", "五金经营部", "五金、水暖器材零售", 7, 3, 0),
    Trade("G5431", "物流", "货运部", "普通货物道路运输", 4, 6, 0),
    Trade("G5930", "冷链仓储", "冷库", "低温仓储、装卸搬运", 0.5, 3, 0),
    Trade("H6110", "酒店", "客栈", "住宿服务", 2, 2, 0),
    Trade("H6210", "餐饮", "饭店", "餐饮服务", 16, 4, 0),
    Trade("H6291", "小吃", "小吃店", "小吃服务", 9, 0.5, 0),
    Trade("I6513", "软件", "网络服务部", "应用软件开发、信息技术咨询", 0.5, 6, 0),
    Trade("K7020", "物业服务", "物业服务部", "物业管理", 0.2, 3, 0),
    Trade("L7251", "广告传媒", "广告部", "广告设计、制作、发布", 2, 5, 0),
    Trade("N7723", "环境治理", "清运部", "固体废物治理", 0.2, 2, 0),
    Trade("O8010", "家政服务", "家政服务部", "家庭服务、保洁服务", 2, 3, 0),
    Trade("O8111", "汽车服务", "汽修厂", "汽车修理与维护", 4, 3, 0),
    Trade("P8391", "职业培训", "培训部", "职业技能培训", 0.5, 2, 0),
)

GREEN_FIELDS = {
    "D4416": "新能源技术应用",
    "C3591": "节能环保设备制造",
    "C4220": "循环经济服务",
    "N7723": "循环经济服务",
}
"""Trades of the priority fields (S21); other trades on the green register are of `OTHER_GREEN_FIELD`."""

OTHER_GREEN_FIELD = "绿色农业与制造"

TECHNOLOGY = ("I6513", "C3591", "D4416", "C3311")
"""Trades whose firms tend to be certified and to sit in parks."""

TOWNS = (
    "云集镇",
    "白鹤镇",
    "双桥镇",
    "青石镇",
    "柳溪镇",
    "金坪镇",
    "永宁镇",
    "东岳镇",
    "凤鸣镇",
    "石梯镇",
    "龙泉乡",
    "太和乡",
)
STREETS = ("人民路", "建设街", "滨河路", "文昌街", "迎宾大道", "新华街", "桂花巷", "园区一路")

FIRST_CHARACTERS = "瑞恒鑫盛华宏锦嘉德顺福永泰安康隆兴旺达丰裕祥和美佳源广茂昌利金玉春秋明远东川蜀锐众诚信义百汇"
SECOND_CHARACTERS = "丰源达通顺昌盛兴隆祥和泰安康利发旺裕茂聚汇宝珍香鲜味福满堂润泽森林海川峰岭原野辉耀明亮诚信"

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"

OWN_BANK = "本行（锦溪农村商业银行）"
LENDERS = (OWN_BANK, "锦溪村镇银行", "川江银行锦溪支行", "蜀通银行德江分行", "天府互联网小额贷款公司")
MANAGERS = ("客户经理甲", "客户经理乙", "客户经理丙", "客户经理丁", "客户经理戊", "客户经理己")

SEASON = {"F": 0, "H": 0, "A": 1, "C": 2}
"""Section of the trade -> row of `SEASONS`; all others use the last row."""

SEASONS = (
    (135, 105, 88, 92, 100, 94, 92, 95, 101, 108, 98, 112),
    (70, 62, 85, 95, 102, 96, 90, 105, 138, 142, 118, 97),
    (92, 62, 104, 104, 103, 101, 97, 99, 106, 103, 110, 119),
    (90, 70, 102, 101, 102, 103, 100, 100, 104, 101, 108, 119),
)
"""Turnover by calendar month, percent of the yearly mean: shops, farms, industry, others."""
