"""From the columns of an account back to the columns that departments delivered, by the SQL that dbt compiled.

Only what a value is made of counts, not what a row is chosen by (WHERE, ON): that is the models' matter, which the graph shows.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

Schema = Mapping[str, Mapping[str, Mapping[str, str]]]
"""Schema → table → column → type."""
Leaves = dict[str, frozenset[str]]
"""Column of a model → `schema.table.column` that it is read from."""


@dataclass(frozen=True)
class ColumnOrigin:
    """A column of an account's model and where its values come from: `schema.table.column` of delivered rows, seeds, the ledger.
    No origin: the model itself says the value."""

    model: str
    column: str
    origins: tuple[str, ...]


def read_from(sql: str, schema: Schema) -> Leaves:
    """What each column of a query reads, one step up. Raises sqlglot.errors.SqlglotError for SQL that it does not understand."""
    from sqlglot import exp, parse_one
    from sqlglot.lineage import lineage

    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    query = parse_one(sql, dialect="postgres")
    for table in query.find_all(exp.Table):
        table.set("catalog", None)
    for unnest in query.find_all(exp.Unnest):  # `from unnest(…) as g`: g is the table and its column
        alias = unnest.args.get("alias")
        if alias is not None and not alias.columns:
            alias.set("columns", [exp.to_identifier(alias.name)])
    found: Leaves = {}
    nested = {name: {table: dict(columns) for table, columns in tables.items()} for name, tables in schema.items()}
    for column, node in lineage(None, query, nested, dialect="postgres").items():
        found[column] = frozenset(
            f"{one.source.db}.{one.source.name}.{one.name.rpartition('.')[2]}"
            for one in node.walk()
            if not one.downstream and isinstance(one.source, exp.Table) and one.source.db
        )
    return found


class Origins:
    """Follows columns upwards through the models whose SQL is known; every model is read once, when it is met."""

    def __init__(self, queries: Mapping[str, str], schema: Schema) -> None:
        self._queries, self._schema = queries, schema
        self._read: dict[str, Leaves] = {}
        self.not_understood: set[str] = set()

    def of(self, model: str) -> list[ColumnOrigin]:
        """The columns of a model (`schema.table`) in order."""
        return [ColumnOrigin(model, column, tuple(sorted(self._origins(model, column, ())))) for column in self._leaves(model)]

    def _origins(self, model: str, column: str, way: tuple[str, ...]) -> frozenset[str]:
        here = f"{model}.{column}"
        if here in way:  # a table that a night adds to reads itself
            return frozenset()
        found: set[str] = set()
        for leaf in self._leaves(model).get(column, frozenset()):
            table, _, name = leaf.rpartition(".")
            found |= self._origins(table, name, (*way, here)) if table in self._queries else {leaf}
        return frozenset(found)

    def _leaves(self, model: str) -> Leaves:
        from sqlglot.errors import SqlglotError

        if model not in self._read:
            try:
                self._read[model] = read_from(self._queries[model], self._schema)
            except SqlglotError:
                self.not_understood.add(model)
                self._read[model] = {}
        return self._read[model]
