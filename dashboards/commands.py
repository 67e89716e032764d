"""`lineside dashboards generate | preview`."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Boards: files for Grafana, and a page to see them without it.")


@app.command(epilog="Example: lineside dashboards generate --check")
def generate(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 if files differ.")
    ] = False,
) -> None:
    """Write the boards and alert rules that the code describes."""
    from dashboards.generate import differing, write

    changed = differing() if check else write()
    for path in changed:
        typer.echo(f"{'differs' if check else 'written'}: {path}")
    if check and changed:
        raise typer.Exit(1)
    if not changed:
        typer.echo("every file is as it should be")


@app.command(epilog="Example: lineside dashboards preview --out boards.html --from now-7d")
def preview(
    database_url: Annotated[
        str,
        typer.Option(
            envvar="LINESIDE_BI_DATABASE_URL", help="postgresql://lineside_bi:PASSWORD@HOST/lineside"
        ),
    ],
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("boards.html"),
    begin: Annotated[
        str | None, typer.Option("--from", help="now-7d or an ISO time. [each board's own range]")
    ] = None,
    end: Annotated[str, typer.Option("--to", help="now or an ISO time.")] = "now",
    language: Annotated[str, typer.Option(help="en or zh-CN.")] = "en",
) -> None:
    """Ask every panel's question and draw the answers on one page: the boards without a Grafana."""
    import psycopg

    from dashboards.board import LANGUAGES
    from dashboards.preview import NotATime, page

    if language not in LANGUAGES:
        raise typer.BadParameter(f"--language is {' or '.join(LANGUAGES)}")
    try:
        text, failed = page(database_url, language, begin, end)
    except NotATime as mistake:
        raise typer.BadParameter(str(mistake)) from mistake
    except psycopg.OperationalError as error:
        typer.echo(f"the database does not answer: {str(error).strip()}", err=True)
        raise typer.Exit(1) from error
    out.write_text(text, encoding="utf-8")
    typer.echo(f"{out}: {failed} panels failed" if failed else str(out))
    if failed:
        raise typer.Exit(1)
