"""A plant that answers as it is told: for what the real one does seldom."""

from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse


@dataclass
class ScriptedPlant:
    """Keeps every command; `refusals` answer commands whose path or body holds the text, `down` answers 503."""

    told: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, JSONResponse] = field(default_factory=dict)
    refusals: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    down: bool = False
    drop_answer: bool = False

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/{path:path}")
        async def command(path: str, request: Request) -> JSONResponse:
            return self._answer("/" + path, await request.json(), request.headers["Idempotency-Key"])

        return app

    def bodies(self, path: str) -> list[dict[str, Any]]:
        """What was done for the path, once per key."""
        done = {one["key"]: one["body"] for one in self.told if one["path"] == path and one["done"]}
        return list(done.values())

    def _answer(self, path: str, body: dict[str, Any], key: str) -> JSONResponse:
        if self.down:
            return JSONResponse({"code": "database-unavailable", "title": "no", "status": 503}, 503)
        if key in self.answers:
            return self.answers[key]
        refusal = next((told for text, told in self.refusals.items() if text in f"{path} {body}"), None)
        self.told.append({"path": path, "body": body, "key": key, "done": refusal is None})
        if refusal is not None:
            self.answers[key] = JSONResponse({"status": refusal[0], **refusal[1]}, refusal[0])
        else:
            self.answers[key] = JSONResponse({"outcome": "created", "id": len(self.answers) + 1})
        if self.drop_answer:
            self.drop_answer = False
            return JSONResponse({"code": "internal-error", "title": "late", "status": 500}, 500)
        return self.answers[key]
