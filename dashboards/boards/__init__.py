"""The boards, one module each."""

from dashboards.board import Board
from dashboards.boards.energy import ENERGY
from dashboards.boards.health import HEALTH
from dashboards.boards.line import LINE
from dashboards.boards.plant_manager import PLANT_MANAGER
from dashboards.boards.quality import QUALITY
from dashboards.boards.shift_lead import SHIFT_LEAD

BOARDS: tuple[Board, ...] = (LINE, SHIFT_LEAD, PLANT_MANAGER, ENERGY, QUALITY, HEALTH)
