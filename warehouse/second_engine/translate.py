"""dbt's compiled SQL for PostgreSQL as DuckDB's.

sqlglot translates; said here is what it gets wrong or cannot know. Raises sqlglot.errors.SqlglotError for SQL that it does not
understand.
"""

import re

# DuckDB's decimals have 18 digits and 3 places unless told
NUMERIC = "decimal(38, 10)"
_TYPES = {"text": "varchar", "numeric": NUMERIC, "timestamp with time zone": "timestamptz"}

MACROS = (
    "create macro trim_scale(number) as number",
    "create macro num_nonnulls(a, b, c) as (a is not null)::integer + (b is not null)::integer + (c is not null)::integer",
)

_WORDS = (
    (re.compile(r"make_interval\(\s*(year|month|day)s\s*=>\s*"), r"to_\1s("),
    (
        re.compile(r"""to_char\(([a-z_.]+), 'YYYY-"Q"Q'\)"""),
        r"(extract(year from \1)::text || '-Q' || extract(quarter from \1)::text)",
    ),
    # an empty list as PostgreSQL reads it
    (re.compile(r"'\{\}'"), "array[]"),
    # a number before a list of numbers is no list to DuckDB
    (re.compile(r"(?<!\[)\b([a-z_]+\.row_id) \|\| ([a-z_]+\.[a-z_]+_rows)\b"), r"array[\1] || \2"),
)


def type_of(kind: str) -> str:
    """A column's type in DuckDB; `kind` is as PostgreSQL's format_type says it."""
    name, brackets = kind.removesuffix("[]"), "[]" if kind.endswith("[]") else ""
    return _TYPES.get(name, name) + brackets


def translated(query: str, *, in_floats: bool = False) -> str:
    """A query. `in_floats`: of a model whose numbers are floats anyway, and too long for decimals (squared weights)."""
    from sqlglot import exp, parse_one

    for pattern, words in _WORDS:
        query = pattern.sub(words, query)
    tree = parse_one(query, dialect="postgres")
    for table in tree.find_all(exp.Table):
        table.set("catalog", None)
    for kind in tree.find_all(exp.DataType):
        if kind.this == exp.DataType.Type.DECIMAL and not kind.expressions:
            made = exp.DataType.build("double" if in_floats else NUMERIC, dialect="duckdb")
            kind.replace(made)
    for unnest in list(tree.find_all(exp.Unnest)):
        if len(unnest.expressions) > 1:
            _split(unnest)
    return str(tree.sql("duckdb"))


def _split(unnest: "object") -> None:
    """`unnest(a, b) as y (c, d)` walks two lists side by side; in DuckDB that is a select list."""
    from sqlglot import exp, parse_one

    assert isinstance(unnest, exp.Unnest)
    place = unnest.parent if isinstance(unnest.parent, exp.Lateral) else unnest
    alias = place.args.get("alias") or unnest.args["alias"]
    walked = ", ".join(
        f"unnest({one.sql('postgres')}) as {name.name}" for one, name in zip(unnest.expressions, alias.columns, strict=True)
    )
    made = parse_one(f"select * from (select {walked}) as {alias.this.name}", dialect="duckdb").find(exp.Subquery)
    assert made is not None
    place.replace(made)
