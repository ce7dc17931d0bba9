"""How long checking a registrations delivery takes: `python -m bench.validate [--rows 5000000] [--vanilla 1000000]`.

All rules of the source, rows clean or one in a hundred breaking each rule, with a full delivery before it and a history. The
floor is the same predicates by hand in one pass and the group-bys, in the same run on the same server; beside it, at fewer rows,
Great Expectations as it comes (`result_format` COMPLETE; on SQL that names 20 failing rows of a rule, so it is asked for all as
well). Each measured stage has a process of its own, the engine imported
before the clock runs, as a night does; medians are compared. Statements are counted in the server's log.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from bench.validation_rivals import floor, vanilla
from bench.validation_rows import Made, conninfo, make, prepare
from expectations.keys import KEYS_KEPT
from ingest.ddl import partition_name
from ingest.spec import load_spec
from warehouse.services import postgres
from warehouse.settings import Settings

Report = Callable[[str], None]
FLOOR = ("predicates and sums", "codes", "keys", "keys kept")
"""The statements by hand that say as much as the suite does."""
NARROW = ("predicates", "keys")
"""Those of the rules on rows and keys alone."""
EVERY = "-every"
"""Behind an engine's name: asked for the number of every failing row, as the suite keeps them."""
ENGINES = ["sql", f"sql{EVERY}", "pandas"]


def stage(name: str, settings: Settings, made: Made) -> dict[str, Any]:
    """One stage, in this process."""
    if name == "floor":
        return floor(settings, made)
    if name != "suite":
        found = vanilla(settings, made, name.removesuffix(EVERY), every=name.endswith(EVERY))
    else:
        from bench.validation_rows import DAY, REGION
        from expectations import checking, rules_of, warm

        spec = load_spec("registrations")
        warm()
        before = _mebibytes()
        started = time.perf_counter()
        with checking(conninfo(settings), spec) as checks:
            verdict = checks.check(made.facts)
        seconds = time.perf_counter() - started
        # Keys are grouped once for both of their rules
        apart = {rule.id for rule in rules_of(spec, DAY, REGION) if rule.kind in ("across", "usual")} - {KEYS_KEPT}
        found = {
            "seconds": seconds,
            "alike": seconds - sum(one.seconds or 0.0 for one in verdict.checks if one.rule in apart),
            "asked": len(verdict.checks),
            "failed": sum(not one.passed for one in verdict.checks),
            "judged": sum(one.judged for one in verdict.checks),
            "before": before,
        }
    return found | {"memory": _mebibytes()}


def _mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(name: str, settings: Settings, made: Made) -> dict[str, Any]:
    """One stage, in a process of its own."""
    words = ["--home", str(settings.home), "--stage", name, str(made.number), str(made.rows), str(int(made.failing))]
    done = subprocess.run([sys.executable, "-m", "bench.validate", *words], check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def compare(settings: Settings, made: Made, repetitions: int, report: Report) -> None:
    """Floor and suite in turn; medians, memory, statements."""
    floors, suites = [], []
    for _ in range(repetitions):
        floors.append(run("floor", settings, made))
        suites.append(run("suite", settings, made))
    whole = statistics.median(sum(one[name] for name in FLOOR) for one in floors)
    narrow = statistics.median(sum(one[name] for name in NARROW) for one in floors)
    seconds = statistics.median(one["seconds"] for one in suites)
    parts = ", ".join(f"{name} {statistics.median(one[name] for one in floors):.1f}" for name in floors[0])
    report(f"  floor {whole:.1f} s ({parts})")
    report(
        f"  suite {seconds:.1f} s = {seconds / whole:.2f} x floor, {seconds / narrow:.2f} x rows' and keys' predicates alone; "
        f"{suites[0]['asked']} rules, {suites[0]['judged']} judged, {suites[0]['failed']} broken; process at most "
        f"{max(one['memory'] for one in suites):.0f} MiB ({suites[0]['before']:.0f} before the check)"
    )


def count_statements(settings: Settings, made: Made, report: Report) -> None:
    """Statements against the delivery's table, as the server logged them in a check of its own."""
    table = partition_name(load_spec("registrations"), made.number)
    log = settings.logs / "postgresql.log"
    with psycopg.connect(postgres.conninfo(settings), autocommit=True) as connection:
        connection.execute("alter database bureau set log_statement = 'all'")
        before = log.stat().st_size
        run("suite", settings, made)
        connection.execute("alter database bureau reset log_statement")
    with log.open("rb") as file:
        file.seek(before)
        said = file.read().decode(errors="replace")
    statements = re.split(r"\n(?=\d{4}-\d\d-\d\d )", said)
    against = [one for one in statements if re.search(rf"LOG:  (statement|execute).*\b{table}\b", one, re.DOTALL)]
    report(f"  {len(against)} statements name the delivery's table:")
    for one in against:
        report(f"    {' '.join(re.sub(r'^.*?LOG:  (statement|execute [^:]*): ', '', one, flags=re.DOTALL).split())[:110]}")


def beside_vanilla(settings: Settings, made: Made, engines: list[str], report: Report) -> None:
    """The suite (median of three) and the engine as it comes (once: it takes minutes), which knows the rules on rows and keys
    alone."""
    suites = [run("suite", settings, made) for _ in range(3)]
    suite, alike = (statistics.median(one[name] for one in suites) for name in ("seconds", "alike"))
    report(f"  suite {suite:.1f} s, without the rules that need other deliveries {alike:.1f} s")
    for engine in engines:
        found = run(engine, settings, made)
        report(
            f"  Great Expectations on {engine}, COMPLETE: {found['seconds']:.1f} s = {found['seconds'] / suite:.1f} x suite, "
            f"{found['seconds'] / alike:.1f} x without those; {found['asked']} expectations, {found['failed']} broken, "
            f"{found['named']:,} of {found['counted']:,} failures with the row's number; "
            f"process at most {found['memory']:.0f} MiB"
        )


def main() -> None:
    """Make the rows, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--vanilla", type=int, default=1_000_000, help="rows beside Great Expectations as it comes; 0: not")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=ENGINES)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--home", type=Path, help="keep the rows there and use them again")
    parser.add_argument("--only-make", action="store_true", help="make the rows, measure nothing")
    parser.add_argument("--stage", nargs=4)
    asked = parser.parse_args()
    if asked.stage:
        name, number, rows, failing = asked.stage
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = stage(name, Settings(home=asked.home), Made(int(number), int(rows), bool(int(failing))))
        print(json.dumps(found))
        return
    with tempfile.TemporaryDirectory(prefix="validate-bench-") as folder:
        Path(folder).chmod(0o755)
        settings = Settings(home=asked.home or Path(folder) / "home")
        try:
            measure(settings, asked, lambda line: print(line, flush=True))
        finally:
            postgres.stop(settings)


def measure(settings: Settings, asked: argparse.Namespace, report: Report) -> None:
    """Everything that was asked for."""
    rules = prepare(settings)
    for rows in filter(None, dict.fromkeys((asked.rows, asked.vanilla))):
        for failing in (False, True):
            made = make(settings, rules, rows, failing)
            if asked.only_make:
                continue
            report(f"{rows:,} rows, {f'1 in 100 breaking each of {len(rules) + 1} rules' if failing else 'clean'}")
            if rows == asked.rows:
                compare(settings, made, asked.repetitions, report)
                count_statements(settings, made, report)
            if rows == asked.vanilla:
                beside_vanilla(settings, made, asked.engines, report)


if __name__ == "__main__":
    main()
