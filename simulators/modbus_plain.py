"""A Modbus TCP server with many holding registers that all change once a second, to measure clients with.

Register r holds (r + tick) mod 65536, tick being the whole seconds since the server began; with `--still` it holds r.

    python -m simulators.modbus_plain --registers 1000 --port 0

prints its port and serves until SIGTERM.
"""

import argparse
import asyncio
import signal

from simulators.modbus_tcp import READ_HOLDING, ModbusServer, Table

_PERIOD_S = 1.0


async def serve(registers: int, port: int, *, still: bool = False) -> None:
    """Serve until SIGTERM or SIGINT."""
    ending = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, ending.set)
    table = Table(words=_words(registers, 0))
    server = ModbusServer({READ_HOLDING: table})
    await server.open(port)
    print(server.port, flush=True)
    tick = 0
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not ending.is_set():
        tick += 1
        try:
            async with asyncio.timeout_at(began + tick * _PERIOD_S):
                await ending.wait()
        except TimeoutError:
            if not still:
                table.words = _words(registers, tick)
    await server.close()


def _words(registers: int, tick: int) -> dict[int, int]:
    return {register: (register + tick) & 0xFFFF for register in range(registers)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m simulators.modbus_plain", description=__doc__)
    parser.add_argument("--registers", type=int, default=1000)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--still", action="store_true", help="keep every value")
    options = parser.parse_args()
    if not 1 <= options.registers <= 65536:
        parser.error("--registers is 1 to 65536")
    asyncio.run(serve(options.registers, options.port, still=options.still))


if __name__ == "__main__":
    main()
