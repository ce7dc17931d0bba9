"""What the contract of a source says of its files."""

from __future__ import annotations

from dataclasses import dataclass

TAX_NATIONAL = (
    "VOUCHER TAXPAYER REGNO NAME TAXTYPE PERIODSTART PERIODEND REVENUE TAXDUE RELIEF RELIEFCODE PAID PAIDDATE VOID CORRECTION"
)
TAX_LOCAL = "PZH NSRSBH ZCH NSRMC ZSXM SSQS SSQZ JSSR YNSE JMSE JMDM SJSE RKRQ ZFBZ GZLX"


@dataclass(frozen=True)
class Layout:
    """`container`: csv, lines (`|` between fields), dbf or xlsx; `numbers`: the columns that may have control totals; `titles`:
    lines above the header of a workbook."""

    department: str
    header: str
    numbers: tuple[str, ...]
    container: str = "csv"
    encoding: str = "gb18030"
    kinds: tuple[str, ...] = ("full", "delta")
    titles: int = 0

    @property
    def columns(self) -> list[str]:
        return self.header.split()

    @property
    def extension(self) -> str:
        return "txt" if self.container == "lines" else self.container


LAYOUTS = {
    "registrations": Layout(
        "saic",
        "PRIPID REGNO UNISCID ENTNAME ENTTYPE ESTDATE APPRDATE REGSTATE CANDATE REVDATE EXITREASON INDATE OUTDATE INDUSTRYSTD"
        " INDUSTRYCO REGCAP REGCAPCUR LEREP LEREPCERNO FOUNDERGROUP SECONDVENTURE TOWN DOM OPSCOPE EMPNUM",
        ("REGCAP", "EMPNUM"),
    ),
    "tax_national": Layout("tax-national", TAX_NATIONAL, ("REVENUE", "TAXDUE", "RELIEF", "PAID"), container="lines"),
    "tax_local": Layout("tax-local", TAX_LOCAL, ("JSSR", "YNSE", "JMSE", "SJSE"), container="dbf", encoding="cp936"),
    "loans": Layout(
        "pboc",
        "合同号 事件序号 事件 事件日期 金额 借款人姓名 借款人证件号 人员类别 注册号 经办行 担保机构 贷款类别 年利率 到期日",
        ("事件序号", "金额", "年利率"),
        container="xlsx",
        titles=1,
    ),
    "employment": Layout(
        "hrss",
        "AAC001 AAC002 AAC003 AAC004 AAC006 AAB001 AAB003 AAB004 AAE030 AAE031 AAC008 ACC031 ACC032 ACC033 ACC034 TOWN",
        (),
    ),
    "training": Layout(
        "hrss",
        "班次号 培训机构 课程 姓名 证件号 人员类别 开班日 结班日 考核 证书号 补贴金额 创业日期 注册号 带动就业人数 TOWN",
        ("补贴金额", "带动就业人数"),
        container="xlsx",
    ),
    "survey": Layout(
        "stats",
        "WAVE SAMPLEID STRATUM PSU WEIGHT TOWN AGE SEX GROUP STATUS MOTIVE JOBS S1 S2 S3 VISITED",
        ("WAVE", "WEIGHT", "AGE", "JOBS"),
        encoding="utf-8",
        kinds=("full",),
    ),
    "population": Layout(
        "stats",
        "YEAR GEO RESIDENT AGE1564 AGE1560 AGE1664 AGE1864 URBANLABOUR STATUS",
        ("YEAR", "RESIDENT", "AGE1564", "AGE1560", "AGE1664", "AGE1864", "URBANLABOUR"),
        encoding="utf-8",
        kinds=("full",),
    ),
}
