"""`./bureau synth`: deliveries of a synthetic city."""

from datetime import datetime
from pathlib import Path

import click

DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command("synth", help="synth.help")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="synth.out")
@click.option("--seed", type=int, default=1, show_default=True, help="synth.seed")
@click.option("--scale", type=float, default=1.0, show_default=True, help="synth.scale")
@click.option("--from", "first", type=DAY, default="2010-12-28", show_default=True, help="synth.from")
@click.option("--to", "last", type=DAY, default="2010-12-31", show_default=True, help="synth.to")
@click.option("--faults", type=click.Choice(["none", "demo"]), default="none", show_default=True, help="synth.faults")
def synth(out: Path, seed: int, scale: float, first: datetime, last: datetime, faults: str) -> None:
    """Write the files and say what arrives in which night."""
    from warehouse.settings import load_settings
    from warehouse.synth import synthesise
    from warehouse.texts import t

    lang = load_settings().lang
    try:
        nights = synthesise(out, seed=seed, scale=scale, first=first.date(), last=last.date(), faults=faults)
    except ValueError as error:
        raise click.UsageError(t("synth.impossible", lang, reason=error)) from error
    for night in nights:
        click.echo(t("synth.night", lang, date=night.business_date, files=len(night.files) // 2))
    click.echo(t("synth.done", lang, out=out))


command = synth
