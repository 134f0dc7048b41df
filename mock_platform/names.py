"""Names of enterprises, projects, places and persons, all of our own making.

The words are put together from rare characters, so that none of them is anybody's name on
purpose; telephone numbers begin with 100, which no mobile number does.
"""

from __future__ import annotations

import random

_FIRST = "岫砚霁黛槿榫筠翊漪琚菡骎嵊溆浛珺砾笕缦萦"
_SECOND = "汀屿弦埠苕畲濛砀葭珞岬湉璟穗箬堇瑭榆禾峤"
_TRADES = [
    ("羊绒制品", "绒毛及绒毛制品加工、销售", "1711"),
    ("汽车零部件", "汽车配件、密封件制造、销售", "3670"),
    ("新材料", "合金材料研发、制造、销售", "3240"),
    ("建筑工程", "房屋建筑工程、市政工程施工", "4710"),
    ("农业开发", "农作物种植、农产品收购", "0111"),
    ("供热服务", "热力生产和供应", "4430"),
    ("仓储物流", "普通货物仓储、道路货物运输", "5990"),
    ("置业", "房地产开发、销售", "7010"),
]
_WORKS = [
    "厂房扩建项目",
    "标准化车间建设项目",
    "仓储中心建设项目",
    "道路配套工程",
    "供热管网改造工程",
    "住宅小区建设项目",
    "污水处理设施工程",
    "光伏发电项目",
]
_OFFICES = [
    "水务工程建设服务中心",
    "乡村建设管理站",
    "教育设施建设中心",
    "公路养护管理站",
    "城市绿化服务中心",
]
_TOWNS = ["岫水镇", "砚汀镇", "霁川乡", "葭园街道", "榆弦镇", "筠溪乡"]
_FAMILY = "岳骆席桑蔚璩阮晏柯祁昝厉缪匡芮佘卞邴"
_GIVEN = "砚霁筠翊漪菡槿汀屿珞璟湉穗峤岫黛"


def word(rng: random.Random) -> str:
    """A two-character trade name."""
    return rng.choice(_FIRST) + rng.choice(_SECOND)


def enterprise(rng: random.Random, county: str) -> tuple[str, str, str]:
    """Name, business scope and industry code of an enterprise."""
    trade, scope, industry = rng.choice(_TRADES)
    return f"{county}{word(rng)}{trade}有限公司", scope, industry


def public_body(rng: random.Random, county: str) -> str:
    """Name of a public institution (事业单位), no market entity."""
    return f"{county}{word(rng)}{rng.choice(_OFFICES)}"


def project(rng: random.Random, owner: str) -> str:
    """Name of a construction project."""
    return f"{owner.removesuffix('有限公司')}{rng.choice(_WORKS)}"


def place(rng: random.Random, county: str) -> str:
    """An address in the county."""
    return f"{county}{rng.choice(_TOWNS)}{word(rng)}路{rng.randint(1, 399)}号"


def person(rng: random.Random) -> str:
    """A person's name."""
    return rng.choice(_FAMILY) + "".join(rng.sample(_GIVEN, rng.choice((1, 2))))


def telephone(rng: random.Random) -> str:
    """Eleven digits that are no mobile number."""
    return f"100{rng.randint(0, 99_999_999):08d}"
