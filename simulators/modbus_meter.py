"""Energy meters that speak Modbus TCP with the register maps of two real ones.

- Eastron SDM630 (protocol V1.7; SDM120-MODBUS V2.4): function 4, float32; a read must start at an even address and take
  an even number of registers, at most 80 (40 values). Serial number by function 3.
- ABB B23 (2CMC485003M0201): function 3, integers; any block of 1 to 125 registers inside 0x1000-0x8EFF, and what the
  meter does not have reads as all ones.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from simulators.device import Server, Value
from simulators.modbus_tcp import READ_HOLDING, READ_INPUT, ModbusRefused, Refusal, Table
from simulators.registers import Register, RegisterServer

MAINS_V = 230.0
MAINS_HZ = 50.0
_PHASES = 3


@dataclass(frozen=True)
class MeterKind:
    """A kind of meter. `step_wh` is the smallest step of energy it shows, `start_max_wh` the highest total from which it
    still shows each step."""

    profile: str
    scheme: str
    step_wh: int
    start_max_wh: int
    registers: Sequence[Register]
    server: Callable[[], RegisterServer]

    async def open_server(self) -> Server:
        server = self.server()
        await server.open()
        return server


def quantities(power_w: float, energy_wh: int) -> Mapping[str, Value]:
    """What a meter shows, for a machine that draws the same from each phase at power factor 1."""
    phase_w = power_w / _PHASES
    return {
        "power_w": power_w,
        "phase_power_w": phase_w,
        "import_wh": energy_wh,
        "export_wh": 0,
        "voltage_v": MAINS_V,
        "current_a": phase_w / MAINS_V,
        "frequency_hz": MAINS_HZ,
        "power_factor": 1.0,
        "reactive_power_var": 0.0,
    }


def _each_phase(first: int, type_: str, quantity: str, scale: float = 1) -> list[Register]:
    return [Register(first + 2 * phase, type_, quantity, scale) for phase in range(_PHASES)]


SDM630_REGISTERS = (
    *_each_phase(0x0000, "f32", "voltage_v"),
    *_each_phase(0x0006, "f32", "current_a"),
    *_each_phase(0x000C, "f32", "phase_power_w"),
    Register(0x0034, "f32", "power_w"),
    Register(0x0038, "f32", "power_w"),  # Apparent power: the power factor is 1.
    Register(0x003C, "f32", "reactive_power_var"),
    Register(0x003E, "f32", "power_factor"),
    Register(0x0046, "f32", "frequency_hz"),
    Register(0x0048, "f32", "import_wh", 1000),  # kWh.
    Register(0x004A, "f32", "export_wh", 1000),
    Register(0x0156, "f32", "import_wh", 1000),  # Import + export.
)
B23_REGISTERS = (
    Register(0x5000, "u64", "import_wh", 10),  # 0.01 kWh.
    Register(0x5004, "u64", "export_wh", 10),
    *_each_phase(0x5B00, "u32", "voltage_v", 0.1),
    *_each_phase(0x5B0C, "u32", "current_a", 0.01),
    Register(0x5B14, "i32", "power_w", 0.01),
    *_each_phase(0x5B16, "i32", "phase_power_w", 0.01),
    Register(0x5B2C, "u16", "frequency_hz", 0.01),
    Register(0x5B3A, "i16", "power_factor", 0.001),
)
_SDM630_SERIAL = 0x01A2B3C4


def _even_only(address: int, count: int) -> None:
    if address % 2 or count % 2:
        raise ModbusRefused(Refusal.ILLEGAL_ADDRESS)


def _sdm630_server() -> RegisterServer:
    # Values that make no sense for the wiring read 0; behind the last one there is nothing.
    table = Table(blank_range=range(0x0180), longest_read=80, check=_even_only)
    serial = Table(words=Register(0xFC00, "u32", "serial").words(_SDM630_SERIAL))
    return RegisterServer(READ_INPUT, SDM630_REGISTERS, table, {READ_HOLDING: serial})


def _b23_server() -> RegisterServer:
    return RegisterServer(READ_HOLDING, B23_REGISTERS, Table(blank_range=range(0x1000, 0x8F00), blank=0xFFFF))


METERS = {
    # A float32 in kWh shows each Wh only below 8192 kWh.
    "eastron_sdm630": MeterKind("eastron_sdm630", "modbus", 1, 8_000_000, SDM630_REGISTERS, _sdm630_server),
    "abb_b23": MeterKind("abb_b23", "modbus", 10, 10**12, B23_REGISTERS, _b23_server),
}
