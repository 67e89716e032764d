"""Connectors by the name bridge.yaml uses. A new one is a file beside these and a line here."""

from erp_bridge.connectors.connector import MakesConnector
from erp_bridge.connectors.core import Core
from erp_bridge.connectors.plm_sim import PlmSim
from erp_bridge.connectors.tryton import Tryton

CONNECTORS: dict[str, MakesConnector] = {"core": Core, "plm_sim": PlmSim, "tryton": Tryton}
