"""A small drawing as PDF: a plate with its part number, revision and list of parts. The same input gives the same bytes."""

import zlib
from collections.abc import Sequence
from typing import Any

_WIDTH, _HEIGHT = 420, 297


def drawing_pdf(item: str, revision: str, name: str, lines: Sequence[dict[str, Any]]) -> bytes:
    """One page; text in ASCII, what is not becomes "?"."""
    content = zlib.compress(_page(item, revision, name, lines).encode("ascii", "replace"))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {_WIDTH} {_HEIGHT}] /Contents 4 0 R"
        " /Resources << /Font << /F1 5 0 R >> >> >>".encode(),
        b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    return _file(objects)


def _page(item: str, revision: str, name: str, lines: Sequence[dict[str, Any]]) -> str:
    drawn = [
        "1 w 10 10 400 277 re S",
        "60 110 180 90 re S",
        *(_circle(x, y, 8) for x, y in ((80, 130), (220, 130), (80, 180), (220, 180))),
        _circle(150, 155, 28),
        "0.4 w 60 90 m 240 90 l S",
        _text(140, 80, 8, "180"),
        "230 10 180 50 re S",
        _text(238, 44, 12, f"{item}  REV {revision}"),
        _text(238, 30, 8, name),
        _text(238, 18, 7, f"D-{item}  1:1  ISO 2768-m"),
        *(
            _text(
                262,
                262 - 10 * row,
                7,
                f"{line['position']:>3} {line['item']} {line['revision']} {line['quantity']} {line['unit']}",
            )
            for row, line in enumerate(lines)
        ),
    ]
    return "\n".join(drawn)


def _text(x: int, y: int, size: int, words: str) -> str:
    escaped = words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT /F1 {size} Tf {x} {y} Td ({escaped}) Tj ET"


def _circle(x: int, y: int, r: int) -> str:
    """Four Bézier arcs."""
    k = 0.5523 * r
    return (
        f"{x + r} {y} m {x + r} {y + k:.2f} {x + k:.2f} {y + r} {x} {y + r} c "
        f"{x - k:.2f} {y + r} {x - r} {y + k:.2f} {x - r} {y} c "
        f"{x - r} {y - k:.2f} {x - k:.2f} {y - r} {x} {y - r} c "
        f"{x + k:.2f} {y - r} {x + r} {y - k:.2f} {x + r} {y} c S"
    )


def _file(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, one in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for offset in offsets:
        out += b"%010d 00000 n \n" % offset
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)
