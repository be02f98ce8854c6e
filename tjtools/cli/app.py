"""Every command but `check`."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)


@app.callback()
def root() -> None:
    """Run a TrafficJunky creative library: know what is there, upload what is new."""


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8642,
    creatives: Annotated[int, typer.Option(help="How many creatives a new sandbox holds.")] = 481,
    latency: Annotated[int, typer.Option(help="Milliseconds added to each request.")] = 0,
    processing: Annotated[float, typer.Option(help="Seconds the site works on each upload.")] = 0.0,
    data: Annotated[Path | None, typer.Option(help="Where its state is kept.")] = None,
) -> None:
    """Run the practice site on this machine until Ctrl-C."""
    from tjtools.sandbox import Sandbox, serve

    site = Sandbox(data, port=port, creatives=creatives, latency_ms=latency, processing_s=processing)
    serve(site, lambda origin: print(f"Sandbox ready at {origin}", flush=True))  # noqa: T201
