"""What each account of the ledger says, in words: `words` in the meta of the models in `dbt_project/models/evidence`."""

from functools import cache

import yaml

from warehouse.indicators import Texts
from warehouse.settings import PROJECT

FOLDER = PROJECT / "dbt_project" / "models" / "evidence"


@cache
def account_words() -> dict[str, Texts]:
    """The words of a formula for each account, by its name. Raises ValueError when two models say one account."""
    found: dict[str, Texts] = {}
    for path in sorted(FOLDER.rglob("*.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            words = model.get("config", {}).get("meta", {}).get("words", {})
            if twice := found.keys() & words.keys():
                raise ValueError(f"{path.name}: accounts that another model says too: {sorted(twice)}")
            found |= {account: Texts.model_validate(texts) for account, texts in words.items()}
    return found
