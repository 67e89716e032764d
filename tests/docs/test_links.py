"""What the documents name is there: files, commands with their options, routes; both languages say the same; no place of
the machine they were written on."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from typer.testing import CliRunner

import lineside
from erp_bridge.rest.access import POLICY as BRIDGE_POLICY
from plant_server.api import create_app
from plant_server.settings import Settings

ROOT = Path(__file__).parents[2]
NOWHERE = "postgresql://lineside_plant@127.0.0.1:1/lineside"
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
ROUTE = re.compile(r"(?:(GET|POST|PUT|DELETE) )?(/(?:api/v1|bridge/v1)/[^\s?…]+)")
PAGE = re.compile(r"/(?:$|(?:boss|calls|integrator|status|line|t|docs|healthz|openapi\.json|sw\.js)\b)")
OF_ONE_MACHINE = re.compile(r"/(?:work|root|Users)/|/home/(?!lineside)\w+/|/tmp/h-|\.pyenv|[A-Z]:\\Users")


@cache
def documents() -> list[Path]:
    """All that git knows or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30)
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


def pairs() -> list[tuple[Path, Path]]:
    """English and Chinese."""
    return [
        (english, chinese)
        for chinese in documents()
        if chinese.name.endswith(".zh-CN.md")
        for english in [chinese.with_name(chinese.name.removesuffix(".zh-CN.md") + ".md")]
    ]


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def name_of(document: Path) -> str:
    return str(document.relative_to(ROOT))


def lines_of_code(document: Path) -> list[str]:
    """Lines of all code blocks: a continued one as one, without comments."""
    joined = "\n".join(FENCE.findall(text_of(document))).replace("\\\n", " ")
    lines = (re.sub(r"(^|\s+)#.*", "", line).strip() for line in joined.splitlines())
    return [line for line in lines if line]


def spans(document: Path) -> list[str]:
    return SPAN.findall(FENCE.sub("", text_of(document)))


def commands(document: Path) -> Iterator[tuple[str, ...]]:
    """The words after `lineside` wherever it is called, in blocks and in sentences."""
    told = lines_of_code(document) + [span for span in spans(document) if span.startswith("lineside ")]
    for line in told:
        for part in re.split(r"\s(?:\||&&|;)\s", line):
            try:
                words = shlex.split(part)
            except ValueError:  # A drawing.
                continue
            for index, word in enumerate(words):
                if word == "lineside" or word.endswith("/bin/lineside"):
                    following = words[index + 1 :]
                    if following and following[0] in lineside.PACKAGES and "…" not in following:
                        yield tuple(following)
                    break


@cache
def taken(words: tuple[str, ...]) -> str:
    """Empty if the command line knows these words; else what it says."""
    done = CliRunner().invoke(lineside.app, [*words, "--help"])
    return "" if done.exit_code == 0 else done.output or str(done.exception)


@pytest.fixture(scope="module")
def served() -> set[tuple[str, str]]:
    """(method, path) of plant and bridge; placeholders without their names."""
    app: FastAPI = create_app(Settings(database_url=NOWHERE), api_token="x" * 40)
    plant = {
        (method, str(one.path)) for one in iter_route_contexts(app.routes) for method in one.methods or ()
    }
    return {(method, bare(path)) for method, path in plant | set(BRIDGE_POLICY)}


def bare(path: str) -> str:
    return re.sub(r"{[^}]*}", "{}", path).rstrip("/") or "/"


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_every_link_leads_somewhere(document: Path) -> None:
    targets = [target for target in LINK.findall(FENCE.sub("", text_of(document))) if "://" not in target]
    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_every_command_is_known_with_its_options(document: Path) -> None:
    assert {" ".join(words): said for words in set(commands(document)) if (said := taken(words))} == {}


def test_a_command_that_is_not_there_would_be_found(tmp_path: Path) -> None:
    document = tmp_path / "wrong.md"
    document.write_text(
        "```\nlineside sim fly press1\n```\nor `lineside doctor --cure` and `lineside doctor`\n"
    )
    wrong = {" ".join(words) for words in commands(document) if taken(words)}
    assert wrong == {"sim fly press1", "doctor --cure"}


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_every_route_is_served(document: Path, served: set[tuple[str, str]]) -> None:
    paths = {path for _, path in served}
    wrong = []
    for span in spans(document):
        for method, path in ROUTE.findall(span):
            known = (method, bare(path)) in served if method else bare(path) in paths
            if not known and not any(one.startswith(path.rstrip("/") + "/") for one in paths if not method):
                wrong.append(span)
    assert wrong == []


def test_every_page_that_is_named_is_served(served: set[tuple[str, str]]) -> None:
    templates = [
        re.compile(re.escape(path).replace(r"\{\}", "[^ ]+")) for method, path in served if method == "GET"
    ]
    named = {(name_of(one), span) for one in documents() for span in spans(one) if PAGE.match(span)}
    assert len(named) > 10
    assert {
        (where, span) for where, span in named if not any(one.fullmatch(span) for one in templates)
    } == set()


def test_every_guide_is_in_both_languages() -> None:
    assert len(pairs()) >= 8
    for english, chinese in pairs():
        assert english.exists(), english
        assert f"({chinese.name})" in text_of(english), f"{name_of(english)} does not lead to its Chinese"
        assert f"({english.name})" in text_of(chinese), f"{name_of(chinese)} does not lead to its English"


@pytest.mark.parametrize("pair", pairs(), ids=lambda pair: name_of(pair[0]))
def test_both_languages_have_the_same_headings_rows_commands_and_routes(pair: tuple[Path, Path]) -> None:
    english, chinese = pair
    for pattern in (r"^#{1,3} ", r"^\|"):
        counts = [len(re.findall(pattern, FENCE.sub("", text_of(one)), re.MULTILINE)) for one in pair]
        assert counts[0] == counts[1], pattern
    assert set(commands(chinese)) >= {words for words in commands(english) if words[-1:] != ("en",)}
    routes = [sorted({match for span in spans(one) for match in ROUTE.findall(span)}) for one in pair]
    assert routes[0] == routes[1]


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_no_place_of_one_machine_is_named(document: Path) -> None:
    assert OF_ONE_MACHINE.findall(text_of(document)) == []


def test_a_readme_is_short_and_a_guide_is_a_page() -> None:
    long = {name_of(one): len(text_of(one).splitlines()) for one in documents()}
    assert [name for name in ("README.md", "README.zh-CN.md") if long[name] >= 180] == []
    guides = [one for pair in pairs() for one in pair if re.match(r"[A-Z_]+(\.zh-CN)?\.md", one.name)]
    pages = [one for one in guides if not one.name.startswith(("README", "FIRST_MACHINE"))]
    assert len(pages) >= 10
    assert {name_of(one): long[name_of(one)] for one in pages if long[name_of(one)] > 60} == {}
