"""The indicators of the catalogue as data: id, periods, breakdown types and their members (rulings 27 and 28)."""

from __future__ import annotations

from dataclasses import dataclass

SECTORS = ("private", "individual", "cooperative")
BANDS = ("16-24", "25-34", "35-44", "45-54", "55+")
MEMBERS = {
    "total": ("total",),
    "sector": SECTORS,
    "industry": (*"ABCDEFGHIJKLMNOPQRST", "unknown"),
    "founder_group": ("01", "02", "03", "04", "05", "06", "07"),
    "sex": ("1", "2", "unknown"),
    "age_band": (*BANDS, "unknown"),
}
OF_ENTITIES = ("total", "sector", "industry", "founder_group")
OF_ONE_SECTOR = ("total", "industry", "founder_group")
OF_PERSONS = ("total", "sex", "age_band", "founder_group")
OF_BOTH = ("total", "sector", "industry", "sex", "age_band", "founder_group")
OF_SECTIONS = ("total", "industry")
TWO_SECTORS = {"GRW_SHARE": ("private", "individual")}


@dataclass(frozen=True)
class Indicator:
    """`grains`: which of M, Q and Y it has."""

    name: str
    grains: str
    kinds: tuple[str, ...]

    def members(self, kind: str) -> tuple[str, ...]:
        return TWO_SECTORS.get(self.name, SECTORS) if kind == "sector" else MEMBERS[kind]


_LINES = (
    ("ENT_STK ENT_NET ENT_NEW ENT_EXIT ENT_PURGE ENT_MIG", "MQY", OF_ENTITIES),
    ("ENT_STK_PRIV ENT_STK_IND ENT_NET_PRIV ENT_NET_IND", "MQY", OF_ONE_SECTOR),
    ("ENT_NEW_RATE ENT_ACTIVE ENT_BIRTH_RATE ENT_DEATH_RATE ENT_CHURN", "Y", OF_ENTITIES),
    (" ".join(f"SURV_LEGAL_{k} SURV_ACT_{k}" for k in range(1, 6)), "Y", OF_ENTITIES),
    (" ".join(f"HAZ_{k}" for k in range(1, 8)), "Y", OF_ENTITIES),
    ("ACT_IDX", "Y", OF_BOTH),
    ("ACT_SVY ACT_TEA ACT_INTENT ACT_OPP_SHARE", "Y", OF_PERSONS),
    ("DENS_LLC DENS_PRIV", "Y", OF_SECTIONS),
    ("JOB_CONTR JOB_NEW_URB", "MQY", OF_PERSONS),
    ("JOB_MULT", "QY", OF_ENTITIES),
    ("JOB_YOUNG", "MQY", OF_BOTH),
    ("SAT_IDX SAT_SHARE", "Y", OF_PERSONS),
    ("LOAN_ISS LOAN_ISS_N LOAN_BAL LOAN_SUBS", "MQY", OF_PERSONS),
    ("LOAN_REPAY", "QY", OF_PERSONS),
    ("LOAN_COMP", "Y", OF_PERSONS),
    ("TRN_N TRN_PASS", "QY", OF_PERSONS),
    ("TRN_SUCC TRN_COV", "Y", OF_PERSONS),
    ("TAX_YOUNG TAX_RELIEF TAX_RELIEF_N", "MQY", OF_ENTITIES),
    ("GRW_SHARE", "Y", OF_ENTITIES),
)
CATALOGUE = {name: Indicator(name, grains, kinds) for names, grains, kinds in _LINES for name in names.split()}

# Not in the product yet: take a name out when it lands.
EXPECTED_MISSING = frozenset(
    name
    for names in (
        "ENT_NEW_RATE ENT_ACTIVE ENT_BIRTH_RATE ENT_DEATH_RATE ENT_CHURN",
        "SURV_LEGAL_2 SURV_LEGAL_3 SURV_LEGAL_4 SURV_LEGAL_5",
        "SURV_ACT_1 SURV_ACT_2 SURV_ACT_3 SURV_ACT_4 SURV_ACT_5",
        "HAZ_1 HAZ_2 HAZ_3 HAZ_4 HAZ_5 HAZ_6 HAZ_7",
        "ACT_SVY ACT_TEA ACT_INTENT ACT_OPP_SHARE SAT_SHARE",
        "DENS_LLC DENS_PRIV",
        "JOB_NEW_URB JOB_MULT JOB_YOUNG",
        "LOAN_ISS LOAN_ISS_N LOAN_BAL LOAN_SUBS LOAN_REPAY LOAN_COMP",
        "TRN_N TRN_PASS TRN_SUCC TRN_COV",
        "TAX_YOUNG TAX_RELIEF TAX_RELIEF_N GRW_SHARE",
    )
    for name in names.split()
)
