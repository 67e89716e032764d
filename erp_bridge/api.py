"""The bridge API for integrators."""

from fastapi import FastAPI

from erp_bridge.config import BridgeConfig
from erp_bridge.settings import Settings


def create_app(settings: Settings, config: BridgeConfig) -> FastAPI:
    """The application. Opens no connection before a request comes."""
    app = FastAPI(title="Lineside bridge API", version="1", openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/healthz")
    async def health() -> dict[str, object]:
        return {"status": "ok", "systems": sorted(config.connectors)}

    return app
