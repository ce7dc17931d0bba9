"""The project's own Python files and what they import."""

import ast
import subprocess
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that git knows, or would with the next commit, relative to the project; without git what an archive holds."""
    names = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return tuple(sorted(path for name in names.split("\0") if name and (PROJECT / (path := Path(name))).is_file()))


def python_files(*folders: str) -> list[Path]:
    """Python files below the folders, relative to the project; without folders all."""
    return [path for path in tracked() if path.suffix == ".py" and (not folders or path.parts[0] in folders)]


def imports(path: Path, *, on_import_only: bool = False) -> set[str]:
    """Full names of modules that a file imports; `on_import_only` leaves out what stands in functions and for types only."""
    tree = ast.parse((PROJECT / path).read_text(encoding="utf-8"))
    found: set[str] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if on_import_only and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting.extend(node.orelse if on_import_only else [*node.body, *node.orelse])
            continue
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = "." * node.level + (node.module or "")
            found |= {package, *(f"{package}.{name.name}" for name in node.names)}
        waiting.extend(ast.iter_child_nodes(node))
    return found


def rooms(path: Path) -> set[str]:
    """First parts of what a file imports, wherever in it."""
    return {name.partition(".")[0] for name in imports(path)}
