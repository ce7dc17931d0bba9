"""Figures computed once more by an engine that has nothing in common with the first: DuckDB (decisions/0010)."""
