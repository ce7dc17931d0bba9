"""The eight deliveries' layouts as the departments write them (sources.md): the generator's side of the contract."""

from dataclasses import dataclass

FULL, DELTA = "full", "delta"


@dataclass(frozen=True)
class Layout:
    """One source: who delivers it, its container, its columns in order, which have control totals or are number cells."""

    source: str
    department: str
    container: str  # csv, pipe, dbf, xlsx
    ext: str
    encoding: str
    columns: tuple[str, ...]
    totals: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()  # cells written as numbers in a workbook
    title: str = ""
    nightly: bool = True


TAX_COLUMNS = (
    "VOUCHER TAXPAYER REGNO NAME TAXTYPE PERIODSTART PERIODEND REVENUE TAXDUE RELIEF RELIEFCODE PAID PAIDDATE VOID CORRECTION"
)
_ALL = (
    Layout(
        "registrations",
        "saic",
        "csv",
        "csv",
        "gb18030",
        (
            "PRIPID",
            "REGNO",
            "UNISCID",
            "ENTNAME",
            "ENTTYPE",
            "ESTDATE",
            "APPRDATE",
            "REGSTATE",
            "CANDATE",
            "REVDATE",
            "EXITREASON",
            "INDATE",
            "OUTDATE",
            "INDUSTRYSTD",
            "INDUSTRYCO",
            "REGCAP",
            "REGCAPCUR",
            "LEREP",
            "LEREPCERNO",
            "FOUNDERGROUP",
            "SECONDVENTURE",
            "TOWN",
            "DOM",
            "OPSCOPE",
            "EMPNUM",
        ),
        totals=("REGCAP",),
    ),
    Layout(
        "tax_national",
        "tax-national",
        "pipe",
        "txt",
        "gb18030",
        tuple(TAX_COLUMNS.split()),
        totals=("REVENUE", "TAXDUE", "RELIEF", "PAID"),
    ),
    Layout(
        "tax_local",
        "tax-local",
        "dbf",
        "dbf",
        "cp936",
        (
            "PZH",
            "NSRSBH",
            "ZCH",
            "NSRMC",
            "ZSXM",
            "SSQS",
            "SSQZ",
            "JSSR",
            "YNSE",
            "JMSE",
            "JMDM",
            "SJSE",
            "RKRQ",
            "ZFBZ",
            "GZLX",
        ),
        totals=("JSSR", "YNSE", "JMSE", "SJSE"),
    ),
    Layout(
        "loans",
        "pboc",
        "xlsx",
        "xlsx",
        "utf-8",
        (
            "合同号",
            "事件序号",
            "事件",
            "事件日期",
            "金额",
            "借款人姓名",
            "借款人证件号",
            "人员类别",
            "注册号",
            "经办行",
            "担保机构",
            "贷款类别",
            "年利率",
            "到期日",
        ),
        totals=("金额",),
        numbers=("事件序号", "金额", "年利率"),
        title="赤水市小额担保贷款台账",
    ),
    Layout(
        "employment",
        "hrss",
        "csv",
        "csv",
        "gb18030",
        (
            "AAC001",
            "AAC002",
            "AAC003",
            "AAC004",
            "AAC006",
            "AAB001",
            "AAB003",
            "AAB004",
            "AAE030",
            "AAE031",
            "AAC008",
            "ACC031",
            "ACC032",
            "ACC033",
            "ACC034",
            "TOWN",
        ),
    ),
    Layout(
        "training",
        "hrss",
        "xlsx",
        "xlsx",
        "utf-8",
        (
            "班次号",
            "培训机构",
            "课程",
            "姓名",
            "证件号",
            "人员类别",
            "开班日",
            "结班日",
            "考核",
            "证书号",
            "补贴金额",
            "创业日期",
            "注册号",
            "带动就业人数",
            "TOWN",
        ),
        totals=("补贴金额",),
        numbers=("补贴金额", "带动就业人数"),
    ),
    Layout(
        "survey",
        "stats",
        "csv",
        "csv",
        "utf-8",
        (
            "WAVE",
            "SAMPLEID",
            "STRATUM",
            "PSU",
            "WEIGHT",
            "TOWN",
            "AGE",
            "SEX",
            "GROUP",
            "STATUS",
            "MOTIVE",
            "JOBS",
            "S1",
            "S2",
            "S3",
            "VISITED",
        ),
        totals=("WEIGHT",),
        nightly=False,
    ),
    Layout(
        "population",
        "stats",
        "csv",
        "csv",
        "utf-8",
        ("YEAR", "GEO", "RESIDENT", "AGE1564", "AGE1560", "AGE1664", "AGE1864", "URBANLABOUR", "STATUS"),
        totals=("RESIDENT", "URBANLABOUR"),
        nightly=False,
    ),
)
LAYOUTS = {layout.source: layout for layout in _ALL}
