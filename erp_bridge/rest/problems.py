"""Refusals of the bridge API: RFC 9457 problem+json with a stable code, titles in two languages."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from erp_bridge.errors import DatabaseUnavailable
from erp_bridge.refusal_texts import Language, preferred_language
from plant_server.contract.problems import MEDIA_TYPE, FieldError, ProblemDetails

TITLES: dict[str, dict[Language, str]] = {
    "invalid-request": {"en": "The request is not valid", "zh-CN": "请求无效"},
    "not-found": {"en": "There is nothing at this address", "zh-CN": "此地址没有内容"},
    "method-not-allowed": {"en": "This address does not take that method", "zh-CN": "此地址不支持该方法"},
    "key-required": {"en": "An API key is required", "zh-CN": "需要 API 密钥"},
    "key-refused": {"en": "This API key is not known", "zh-CN": "API 密钥无效"},
    "scope-missing": {"en": "This API key may not do that", "zh-CN": "此密钥无此权限"},
    "no-policy": {"en": "Nobody may use this address", "zh-CN": "此地址未开放"},
    "unknown-document": {"en": "There is no such document", "zh-CN": "没有此单据"},
    "unknown-row": {"en": "There is no such row in the inbox", "zh-CN": "收件箱中没有此条"},
    "unknown-system": {"en": "There is no such system", "zh-CN": "没有此系统"},
    "not-waiting": {"en": "It does not wait for a person", "zh-CN": "该条不需要人工处理"},
    "not-retryable": {"en": "Sending it again would not help", "zh-CN": "重发无济于事"},
    "not-held": {"en": "This system is not held", "zh-CN": "该系统未被暂停"},
    "not-examined": {
        "en": "Nobody knows yet what this system was told",
        "zh-CN": "尚不清楚该系统已收到哪些单据",
    },
    "database-unavailable": {"en": "The database does not answer", "zh-CN": "数据库无响应"},
    "internal-error": {"en": "Something went wrong in the bridge", "zh-CN": "接口服务内部错误"},
}


class Problem(Exception):
    """Answered as problem+json."""

    def __init__(self, status: int, code: str, detail: str | None = None) -> None:
        super().__init__(f"{status} {code}: {detail or ''}")
        self.status = status
        self.code = code
        self.detail = detail


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For the OpenAPI of a route."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    return {
        status: {"model": ProblemDetails, "content": content} for status in (401, 403, *statuses, 422, 503)
    }


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error of `app` a problem+json."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, problem: Problem) -> JSONResponse:
        return _answer(request, problem.status, problem.code, problem.detail)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            FieldError(field=".".join(map(str, one["loc"])), message=one["msg"]) for one in error.errors()
        ]
        return _answer(request, 422, "invalid-request", errors=errors)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        code = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "invalid-request")
        return _answer(request, error.status_code, code)

    @app.exception_handler(DatabaseUnavailable)
    async def _no_database(request: Request, error: DatabaseUnavailable) -> JSONResponse:
        return _answer(request, 503, "database-unavailable")

    @app.exception_handler(Exception)  # Answered, then raised again by Starlette: it stands in the log.
    async def _surprise(request: Request, error: Exception) -> JSONResponse:
        return _answer(request, 500, "internal-error")


def _answer(
    request: Request, status: int, code: str, detail: str | None = None, *, errors: Sequence[FieldError] = ()
) -> JSONResponse:
    language = preferred_language(request.headers.get("accept-language"))
    details = ProblemDetails(
        type=f"urn:lineside:problem:{code}",
        title=TITLES[code][language],
        status=status,
        code=code,
        detail=detail,
        errors=list(errors),
    )
    headers = {"Content-Language": language, "Vary": "Accept-Language"}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(
        details.model_dump(exclude_defaults=True), status, headers=headers, media_type=MEDIA_TYPE
    )
