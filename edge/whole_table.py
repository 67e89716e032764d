"""Prints a table so that nothing of it is cut, which is what a terminal's width would do to it."""

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

WIDEST = 10_000


def print_whole(console: Console, table: Table) -> None:
    """On a terminal long cells are folded; in a file or a pipe lines are as long as they need to be."""
    for column in table.columns:
        column.overflow = "fold"
    if console.is_terminal:
        console.print(table)
        return
    width = Measurement.get(console, console.options.update(max_width=WIDEST), table).maximum
    Console(file=console.file, width=width).print(table)
