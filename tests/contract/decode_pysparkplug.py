"""Decodes Sparkplug payloads with the PyPI package pysparkplug: one hex line in, one JSON line out.

Runs in an environment of its own (`pysparkplug.lock`): the package needs paho-mqtt < 2. A line is `birth <hex>` or
`data <hex>`; the aliases of data are those of the last birth.
"""

import base64
import json
import sys
from datetime import datetime
from typing import Any

import pysparkplug  # type: ignore[import-not-found]  # not in the project's environment


def plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    return value


def main() -> None:
    birth = None
    for line in sys.stdin:
        kind, data = line.split()
        raw = bytes.fromhex(data)
        if kind == "birth":
            payload = birth = pysparkplug.NBirth.decode(raw)
        else:
            payload = pysparkplug.DData.decode(raw, birth=birth)
        metrics = [
            {
                "name": metric.name,
                "alias": metric.alias,
                "timestamp": metric.timestamp,
                "datatype": int(metric.datatype),
                "value": plain(metric.value),
                "is_null": metric.is_null,
                "is_historical": metric.is_historical,
                "is_transient": metric.is_transient,
            }
            for metric in payload.metrics
        ]
        print(
            json.dumps({"timestamp": payload.timestamp, "seq": payload.seq, "metrics": metrics}), flush=True
        )


if __name__ == "__main__":
    main()
