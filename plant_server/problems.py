"""What the API answers when it cannot do what was asked: RFC 9457 problem+json with a stable code.

Clients branch on `code`, people read `title` (in the language they asked for) and `detail` (the value concerned).
A new situation is a new code in problem_texts.py; codes are never renamed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from plant_server.contract.problems import MEDIA_TYPE, FieldError, ProblemDetails
from plant_server.errors import DatabaseUnavailable, SchemaNotReady
from plant_server.problem_texts import preferred_language, title


class Problem(Exception):
    """Raised by a service or a route; answered as problem+json. Whose fault it is stands in the status class."""

    def __init__(
        self, status: int, code: str, detail: str | None = None, *, retry_after_s: int | None = None
    ) -> None:
        super().__init__(f"{status} {code}: {detail or ''}")
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after_s = retry_after_s


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For the OpenAPI of a route: these statuses (and 401, 403, 422, 503) carry ProblemDetails."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    return {
        status: {"model": ProblemDetails, "content": content} for status in (401, 403, *statuses, 422, 503)
    }


def describe_problems(document: dict[str, Any]) -> None:
    """Leave problem+json as the one media type of problems: FastAPI adds the route's own for a model it is given."""
    for path in document["paths"].values():
        for operation in path.values():
            for response in operation["responses"].values():
                content = response.get("content", {})
                if MEDIA_TYPE in content:
                    content.pop("application/json", None)


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error of `app` a problem+json."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, problem: Problem) -> JSONResponse:
        headers = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else {}
        if problem.retry_after_s is not None:
            headers["Retry-After"] = str(problem.retry_after_s)
        return answer(request, problem.status, problem.code, problem.detail, headers=headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return answer(request, 422, "invalid-request", errors=field_errors(error.errors()))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        code = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "invalid-request")
        return answer(request, error.status_code, code, headers=error.headers)

    @app.exception_handler(DatabaseUnavailable)
    async def _no_database(request: Request, error: DatabaseUnavailable) -> JSONResponse:
        return answer(request, 503, "database-unavailable", headers={"Retry-After": "2"})

    @app.exception_handler(SchemaNotReady)
    async def _no_schema(request: Request, error: SchemaNotReady) -> JSONResponse:
        return answer(request, 503, "schema-not-ready", headers={"Retry-After": "10"})

    @app.exception_handler(Exception)  # Answered, then raised again by Starlette: it stands in the log.
    async def _surprise(request: Request, error: Exception) -> JSONResponse:
        return answer(request, 500, "internal-error")


def answer(
    request: Request,
    status: int,
    code: str,
    detail: str | None = None,
    *,
    errors: Sequence[FieldError] = (),
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The problem in the language of the request."""
    language = preferred_language(request.headers.get("accept-language"))
    details = ProblemDetails(
        type=f"urn:lineside:problem:{code}",
        title=title(code, language),
        status=status,
        code=code,
        detail=detail,
        errors=list(errors),
        params=dict(params or {}),
    )
    return JSONResponse(
        details.model_dump(exclude_defaults=True),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={"Content-Language": language, "Vary": "Accept-Language", **(headers or {})},
    )


def field_errors(errors: Sequence[Any]) -> list[FieldError]:
    """What pydantic found, without the values sent: they may be secrets."""
    return [FieldError(field=".".join(map(str, error["loc"])), message=error["msg"]) for error in errors]
