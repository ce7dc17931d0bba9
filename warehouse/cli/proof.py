"""`./bureau proof`: does the ledger say what the rows say?"""

import sys

import click


@click.command("proof", help="proof.help")
def proof() -> None:
    """Recompute everything, print what differs; exit 1 when anything does."""
    from warehouse.proof import prove
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings
    from warehouse.texts import t

    settings = load_settings()
    with running_services(settings, with_airflow=False):
        found = prove(settings)
    numbers = {
        "build": found.published,
        "date": found.business_date,
        "postings": found.postings,
        "figures": found.figures,
        "wrong_postings": found.posting_differences,
        "wrong_figures": found.figure_differences,
    }
    print(t("proof.compared", settings.lang, **numbers))
    for one in found.examples:
        missing = t("proof.none", settings.lang)
        print(
            t(
                "proof.difference",
                settings.lang,
                what=one.what,
                standing=one.standing or missing,
                recomputed=one.recomputed or missing,
            )
        )
    print(t("proof.holds" if found.holds else "proof.fails", settings.lang, **numbers))
    sys.exit(0 if found.holds else 1)
