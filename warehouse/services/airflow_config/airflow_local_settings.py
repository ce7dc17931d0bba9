"""Imported by every Airflow process as it begins (Airflow's own hook; this folder is on its path).

Tasks are forked, without exec, by LocalExecutor's workers, and these by the scheduler before its loop begins. So what the
scheduler imports here is there in every task: no seconds of imports in each of them, and the memory is shared. Nothing that
is imported may leave threads or connections behind; `tests/dags/test_warm_imports.py` looks after that.
"""

import sys

__all__: list[str] = []

if "scheduler" in sys.argv[1:2]:
    from warehouse.services.warm import import_heavy_libraries

    import_heavy_libraries()
