"""Register maps as data: which value stands at which address, in which type and scale. High word first, always."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulators.device import Value
from simulators.modbus_tcp import ModbusServer, Table

_FORMATS = {"u16": ">H", "i16": ">h", "u32": ">I", "i32": ">i", "u64": ">Q", "f32": ">f"}


@dataclass(frozen=True)
class Register:
    """`quantity` of the device at 0-based wire `address`. Integers hold quantity / scale."""

    address: int
    type: str
    quantity: str
    scale: float = 1

    def words(self, value: Value) -> dict[int, int]:
        """The register words of a value, by address."""
        raw = value / self.scale if self.type == "f32" else round(value / self.scale)
        data = struct.pack(_FORMATS[self.type], raw)
        return {
            self.address + offset: int.from_bytes(data[2 * offset : 2 * offset + 2], "big")
            for offset in range(len(data) // 2)
        }


class RegisterServer:
    """A Modbus TCP server whose registers in `table` follow `registers`. All registers change at one moment."""

    def __init__(
        self,
        function: int,
        registers: Sequence[Register],
        table: Table,
        others: Mapping[int, Table] | None = None,
    ) -> None:
        self._registers = registers
        self._table = table
        self._server = ModbusServer({function: table, **(others or {})})

    @property
    def port(self) -> int:
        return self._server.port

    async def open(self) -> None:
        await self._server.open()

    async def show(self, values: Mapping[str, Value]) -> None:
        for register in self._registers:
            self._table.words.update(register.words(values[register.quantity]))

    async def forget_clients(self) -> None:
        """Modbus TCP has no sessions: the gate cut the connections already."""

    async def close(self) -> None:
        await self._server.close()
