"""Files that must be refused whole, in `_broken/<feed>/`; the default run does not see them."""

# ruff: noqa: E501 - a row or a case per line reads better than a wrapped one
from __future__ import annotations

import gzip
import json

from pipelines.simulate.delivery import Delivery, zipped
from pipelines.simulate.ugly.spares import spare

_SOCIAL_HEADER = "统一社会信用代码,费款所属期,参保人数,缴费基数总额,缴费状态"
_SOCIAL = "\n".join([_SOCIAL_HEADER, f"{spare(0)},202610,5,26000.00,已缴", f"{spare(1)},202610,6,31200.00,已缴", ""])
_TAX_HEADER = "纳税人识别号,纳税人名称,征收项目,税款所属期起,税款所属期止,申报期限,申报日期,入库日期,应补退税额,实缴税额,代扣代缴标志,税票号码"
_TAX_CELLS = f"{spare(0)},锦溪县备用00号商店,增值税,2026-10-01,2026-10-31,2026-11-16,2026-11-10,2026-11-10,100.00,100.00,否,BR000001"
_TAX = f"{_TAX_HEADER}\n{_TAX_CELLS}\n"
_REGISTER = f"统一社会信用代码,企业名称,注册日期,登记状态\n{spare(0)},锦溪县备用00号商店,2018-03-05,存续\n"


def _broken(feed: str, name: str, content: bytes, status: str, proves: str, control: str = "") -> Delivery:
    return Delivery(
        folder=f"_broken/{feed}", name=name, content=content, proves=proves, refusal=status, control=control
    )


def _without_last_column(text: str) -> str:
    return "".join(f"{line.rpartition(',')[0]}\n" for line in text.splitlines())


def _headers() -> list[Delivery]:
    titled = f"锦溪县税务局申报缴款明细表,,,,,,,,,,,\n{_TAX_CELLS}\n"
    misnamed = _SOCIAL.replace("统一社会信用代码", "统一社会信用代玛", 1)
    twice = _SOCIAL.replace("缴费状态", "参保人数", 1)
    return [
        _broken("tax__payments", "wrong_header_20261120.csv", titled.encode(), "refused", "a title line where the headings should be"),
        _broken("tax__payments", "missing_column_20261120.csv", _without_last_column(_TAX).encode(), "refused", "the required column 税票号码 is missing"),
        _broken("social__insurance", "misnamed_column_20261116.csv", misnamed.encode("gb18030"), "refused", "统一社会信用代玛: the message must name the nearest heading"),
        _broken("social__insurance", "column_twice_20261116.csv", twice.encode(), "refused", "two columns with the same heading: nobody can say which one counts"),
        _broken("tax__payments", "other_feed_20261116.csv", _SOCIAL.encode(), "refused", "a file of social__insurance in the folder of the tax office"),
        _broken("weather__stations", "readings_20261116.csv", b"station,value\n1,2\n", "unknown_feed", "a folder that is no feed"),
    ]  # fmt: skip


def _archives() -> list[Delivery]:
    whole_zip, whole_gz = zipped(_REGISTER.encode() * 40, "register.csv"), gzip.compress((_TAX * 40).encode(), mtime=0)
    return [
        _broken("registry__entities", "truncated_20261123.zip", whole_zip[: len(whole_zip) // 2], "refused", "half a zip: the transfer broke off"),
        _broken("registry__entities", "not_a_zip_20261123.zip", b"PK\x03\x04" + b"nothing of a zip" * 4, "refused", "begins like a zip and is none"),
        _broken("tax__payments", "truncated_20261120.csv.gz", whole_gz[:-12], "refused", "a gz without its end: the transfer broke off"),
    ]  # fmt: skip


def _contents() -> list[Delivery]:
    return [
        _broken("social__insurance", "empty_20261116.csv", b"", "refused", "no bytes at all"),
        _broken("social__insurance", "header_only_20261116.csv", f"{_SOCIAL_HEADER}\n".encode(), "gate_failed", "headings and no rows: a failed export"),
        _broken("registry__entities", "utf16_20261123.csv", _REGISTER.encode("utf-16"), "refused", "UTF-16, as Excel saves `Unicode text`"),
    ]  # fmt: skip


def _controls() -> list[Delivery]:
    content = _SOCIAL.encode()
    wrong_rows = json.dumps({"rows": 3}) + "\n"
    wrong_digest = f"rows=2\nsha256={'0' * 64}\n"
    return [
        _broken("social__insurance", "rows_disagree_20261116.csv", content, "waiting", "the control file states 3 rows, the file has 2", wrong_rows),
        _broken("social__insurance", "digest_disagrees_20261116.csv", content, "waiting", "the control file states another digest", wrong_digest),
    ]  # fmt: skip


def broken() -> list[Delivery]:
    """All files that must be refused."""
    return [*_headers(), *_archives(), *_contents(), *_controls()]
