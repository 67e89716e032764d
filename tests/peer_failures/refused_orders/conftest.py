from tests.erp_bridge.conftest import bridge_url
from tests.erp_bridge.inbound.conftest import erp, make_bridge, scripted, systems

__all__ = ["bridge_url", "erp", "make_bridge", "scripted", "systems"]
