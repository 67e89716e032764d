"""The languages of the pages. English stands in the source; zh-CN in locale/, compiled when the server starts, so that
what is shown can never be older than what was translated."""

from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from plant_server.people.identity import Principal
from plant_server.problem_texts import LANGUAGES, preferred_language

COOKIE = "lineside_language"
"""`zh-CN.7`: chosen by person 7 (0: by nobody in particular), so it ends with that person's turn."""

YEAR_S = 365 * 86_400


def translations() -> dict[str, NullTranslations]:
    """Per language. Raises ValueError for a catalog that cannot be read."""
    catalog = files(__package__).joinpath("locale", "zh_CN", "LC_MESSAGES", "messages.po")
    compiled = BytesIO()
    with catalog.open("rb") as file:
        write_mo(compiled, read_po(file, locale="zh_CN", abort_invalid=True))
    compiled.seek(0)
    return {"en": NullTranslations(), "zh-CN": GNUTranslations(compiled)}


def language_of(request: Request, who: Principal) -> str:
    """What was chosen here, else what the person prefers, else what the browser asks for."""
    chosen, _, by = request.cookies.get(COOKIE, "").partition(".")
    if chosen in LANGUAGES and by == person_number(who):
        return chosen
    if who.person and who.person.language in LANGUAGES:
        return who.person.language
    return preferred_language(request.headers.get("accept-language"))


def person_number(who: Principal) -> str:
    return str(who.person.person_id if who.person else 0)


def with_language(address: str, language: str, who: Principal) -> Response:
    """To the address again, in a language that was chosen by hand."""
    response = RedirectResponse(address, 303)
    value = f"{language}.{person_number(who)}"
    response.set_cookie(COOKIE, value, max_age=YEAR_S, path="/", httponly=True, samesite="strict")
    return response
