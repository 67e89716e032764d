"""The front door: one command, each subcommand importing its package lazily."""

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Lineside: a shop-floor MES edge.")


def main() -> None:
    app()
