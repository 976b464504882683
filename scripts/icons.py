#!/usr/bin/env python3
"""Draws assets/icons/*.png, .ico and .icns from assets/icons/source/*.svg. Needs rsvg-convert (librsvg2-bin)."""
import pathlib
import struct
import subprocess

ICONS = pathlib.Path(__file__).resolve().parent.parent / "assets" / "icons"


def draw(name: str, size: int) -> bytes:
    source = ICONS / "source" / f"{name}.svg"
    return subprocess.run(["rsvg-convert", "-w", str(size), "-h", str(size), source], check=True, capture_output=True).stdout


def ico(images: dict[int, bytes]) -> bytes:
    head, body = struct.pack("<HHH", 0, 1, len(images)), b""
    at = len(head) + 16 * len(images)
    for size, png in images.items():
        head += struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(png), at + len(body))
        body += png
    return head + body


def icns(images: dict[bytes, bytes]) -> bytes:
    body = b"".join(kind + struct.pack(">I", len(png) + 8) + png for kind, png in images.items())
    return b"icns" + struct.pack(">I", len(body) + 8) + body


for name, size in {"32x32": 32, "128x128": 128, "128x128@2x": 256, "icon": 512}.items():
    (ICONS / f"{name}.png").write_bytes(draw("icon", size))
for source in sorted((ICONS / "source").glob("tray-*.svg")):
    (ICONS / f"{source.stem}.png").write_bytes(draw(source.stem, 64))
(ICONS / "icon.ico").write_bytes(ico({size: draw("icon", size) for size in (16, 32, 48, 64, 256)}))
(ICONS / "icon.icns").write_bytes(icns({b"ic07": draw("icon", 128), b"ic08": draw("icon", 256), b"ic09": draw("icon", 512)}))
