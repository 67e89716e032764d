"""Every string of the pages is in the catalog, translated, and the catalog holds no others."""

from importlib.resources import files
from string import Formatter

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

PACKAGE = files("plant_server.terminal")


def extracted() -> set[str]:
    found = extract_from_dir(
        str(PACKAGE),
        method_map=[("**/templates/**.html", "jinja2.ext.babel_extract")],
        options_map={
            "**/templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
        },
    )
    return {str(message[2]) for message in found}


def catalog() -> Catalog:
    with PACKAGE.joinpath("locale", "zh_CN", "LC_MESSAGES", "messages.po").open("rb") as file:
        return read_po(file, locale="zh_CN", abort_invalid=True)


def test_every_string_is_in_the_catalog_and_no_other() -> None:
    assert {message.id for message in catalog() if message.id} == extracted()


def test_nothing_is_untranslated_or_fuzzy() -> None:
    assert [message.id for message in catalog() if message.id and (not message.string or message.fuzzy)] == []


def test_places_for_values_match() -> None:
    for message in catalog():
        if not message.id:
            continue
        assert list(message.check()) == []
        assert braces(str(message.id)) == braces(str(message.string)), message.id


def braces(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text.replace("%(", "(")) if name is not None}
