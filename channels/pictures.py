"""Pictures made anew from their pixels. Runs alone, as a child process of `channels.files`.

Decoders are where hostile octets do harm, so they work where it is bounded: a process of its own,
without environment, files or secrets, with limits on memory and time (`_confine`). It imports
nothing of ours, so that it can be started by its path: the octets of a file on standard input,
a word and the octets of the new picture on standard output.

Each decoder is called by its own name; Pillow's register of formats is not used at all, so no
other one can be reached by any octets.
"""

from __future__ import annotations

import re
import resource
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

LONG_EDGE = 2_048
"""Pixels of the longer side of what leaves; a telephone's photograph is made smaller."""
MOST_FRAMES = 200
"""Of an animation; what comes after is left out."""
MOST_MEMORY = 1024 * 1024 * 1024
MOST_SECONDS = 60
TOO_LARGE_EXIT, BROKEN_EXIT = 3, 4

_SMALLER_EDGES = (1_448, 1_024, 724, 512, 360)
_QUALITIES = (85, 72, 55)
_MOST_SCANS = 64
_MOST_SCAN_PIXELS = 1_500_000_000
_DURATIONS = (20, 10_000)
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_NEEDED = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"eXIf", b"IEND"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_ORIENTATION = 0x0112


class TooLargeError(ValueError):
    """More pixels or octets than may be."""


class BrokenError(ValueError):
    """Not a picture that can be read to its end."""


@dataclass(frozen=True, slots=True)
class _Frame:
    image: Image
    milliseconds: int = 0


def kind_of(octets: bytes) -> str:
    """`jpeg`, `png`, `gif`, `webp`, `heic` by the first octets; empty for everything else."""
    if octets[:3] == b"\xff\xd8\xff":
        return "jpeg"
    if octets[:8] == _PNG:
        return "png"
    if octets[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if octets[:4] == b"RIFF" and octets[8:12] == b"WEBP":
        return "webp"
    if octets[4:8] == b"ftyp" and octets[8:12] in _HEIF_BRANDS:
        return "heic"
    return ""


def renew(octets: bytes, *, most_octets: int, most_pixels: int) -> tuple[str, bytes]:
    """The kind and octets of a new picture with the same pixels, upright, not too large.

    `most_octets` bounds what comes out, `most_pixels` what is decoded. Raises `TooLargeError`,
    and on hostile octets whatever Pillow raises.
    """
    kind = kind_of(octets)
    readers = {"jpeg": _jpeg, "png": _png, "gif": _gif, "webp": _webp, "heic": _heic}
    if kind not in readers:
        raise BrokenError
    frames = readers[kind](octets, most_pixels)
    for written, edge, quality in _attempts(kind, frames):
        made = _encoded(written, [_within(one, edge) for one in frames], quality)
        if len(made) <= most_octets:
            return written, made
    raise TooLargeError


def _check(size: tuple[int, int], most: int) -> None:
    """Before anything is decoded. Raises `TooLargeError`, `BrokenError`."""
    if min(size) < 1:
        raise BrokenError
    if size[0] * size[1] > most:
        raise TooLargeError


# Reading -----------------------------------------------------------------------------------


def _jpeg(octets: bytes, most: int) -> list[_Frame]:
    """Decoded small at once, where it is large (DCT scaling).

    A progressive one holds 6 octets a pixel, and each of its scans goes over all of it.
    """
    from PIL.JpegImagePlugin import JpegImageFile

    whole, scans = _first_jpeg(octets)
    image = JpegImageFile(BytesIO(whole))
    _check(image.size, most)
    if scans > _MOST_SCANS or scans * image.size[0] * image.size[1] > _MOST_SCAN_PIXELS:
        raise TooLargeError
    return [_Frame(_small(image, _turn(image)))]


def _first_jpeg(octets: bytes) -> tuple[bytes, int]:
    """The first picture of the file, without what stands behind it, and its number of scans.

    Raises `BrokenError` if it does not end (ISO 10918-1 annex B: marker segments, and entropy
    coded data in which 0xFF is always followed by 0x00).
    """
    at, scans = 2, 0
    while found := _MARKER.search(octets, at):
        marker, at = octets[found.end() - 1], found.end()
        if marker == 0xD9:
            return octets[:at], scans
        scans += marker == 0xDA
        if marker not in (0x01, 0xD8):
            at += int.from_bytes(octets[at : at + 2], "big")
    raise BrokenError


def _png(octets: bytes, most: int) -> list[_Frame]:
    """About 6 octets a pixel."""
    from PIL.PngImagePlugin import PngImageFile

    image = PngImageFile(BytesIO(_bare_png(octets)))
    _check(image.size, most)
    image.load()
    return [_Frame(_small(image, _turn(image)))]


def _bare_png(octets: bytes) -> bytes:
    """Without chunks that pixels do not need: texts and profiles can be bombs of their own."""
    kept, at = [_PNG], len(_PNG)
    while at + 8 <= len(octets):
        (length,), name = struct.unpack_from(">I", octets, at), octets[at + 4 : at + 8]
        end = at + 12 + length
        if name in _PNG_NEEDED:
            kept.append(octets[at:end])
        if name == b"IEND":
            return b"".join(kept)
        at = end
    raise BrokenError


def _gif(octets: bytes, most: int) -> list[_Frame]:
    """About 6 octets a pixel of a still picture; of an animation a fourth as many pixels."""
    from PIL.GifImagePlugin import GifImageFile

    image = GifImageFile(BytesIO(octets))
    return list(_frames(image, most))


def _webp(octets: bytes, most: int) -> list[_Frame]:
    """About 16 octets a pixel, so a fourth as many pixels are let in."""
    from PIL.WebPImagePlugin import WebPImageFile

    _check(_webp_size(octets), most // 4)
    image = WebPImageFile(BytesIO(octets))
    return list(_frames(image, most // 4, _turn(image)))


def _webp_size(octets: bytes) -> tuple[int, int]:
    """Width and height as the head says (RFC 9649): the decoder reserves memory when it opens."""
    if octets[12:16] == b"VP8X":
        sides = octets[24:27], octets[27:30]
        return int.from_bytes(sides[0], "little") + 1, int.from_bytes(sides[1], "little") + 1
    if octets[12:16] == b"VP8L":
        bits = int.from_bytes(octets[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if octets[12:16] == b"VP8 " and len(octets) >= 30:
        width, height = struct.unpack_from("<HH", octets, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise BrokenError


def _frames(image: Image, most: int, turn: int = 1) -> Iterator[_Frame]:
    """The frames of an animation, as many as fit."""
    spent = count = 0
    while count < MOST_FRAMES:
        _check(image.size, most)
        spent += image.size[0] * image.size[1]
        if count and spent > most // 4:
            return
        image.load()
        yield _Frame(_small(image.copy(), turn), _milliseconds(image.info.get("duration")))
        count += 1
        try:
            image.seek(count)
        except EOFError:
            return


def _milliseconds(value: object) -> int:
    lowest, highest = _DURATIONS
    return max(lowest, min(highest, int(value))) if isinstance(value, int | float) else 100


def _heic(octets: bytes, most: int) -> list[_Frame]:
    """About 8 octets a pixel. The decoder turns it upright itself."""
    from pillow_heif import open_heif, options

    options.DECODE_THREADS = 1
    options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False
    file = open_heif(BytesIO(octets))
    first = file[file.primary_index]
    _check(first.size, most)
    image = first.to_pillow()
    _check(image.size, most)  # it may turn out larger than the head said
    return [_Frame(_small(image, 1))]


def _turn(image: Image) -> int:
    """The orientation (EXIF 2.32, tag 274), 1 to 8; 1 where there is none or nobody can tell."""
    try:
        turn = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001  # foreign octets; a picture on its side is no harm
        return 1
    return turn if isinstance(turn, int) and 1 <= turn <= 8 else 1


# Pixels ------------------------------------------------------------------------------------


def _small(image: Image, turn: int) -> Image:
    """No larger than `LONG_EDGE`, upright, and nothing but pixels."""
    from PIL.Image import Resampling, Transpose

    if image.mode not in ("RGB", "L", "CMYK", "YCbCr"):
        image = _plain_colours(image)
    image.thumbnail((LONG_EDGE, LONG_EDGE), Resampling.LANCZOS, reducing_gap=2.0)
    image = _plain_colours(image)
    turns = (
        None,
        Transpose.FLIP_LEFT_RIGHT,
        Transpose.ROTATE_180,
        Transpose.FLIP_TOP_BOTTOM,
        Transpose.TRANSPOSE,
        Transpose.ROTATE_270,
        Transpose.TRANSVERSE,
        Transpose.ROTATE_90,
    )
    method = turns[turn - 1]
    return _only_pixels(image.transpose(method) if method is not None else image)


def _plain_colours(image: Image) -> Image:
    """As L, RGB or RGBA; RGBA only where something shows through."""
    from PIL.Image import Dither, alpha_composite, new

    if image.mode.startswith(("I", "F")):
        image = image.convert("F").point(lambda value: value * (1 / 256) + 0)
        return image.convert("L")
    if not image.has_transparency_data:
        wanted = "L" if image.mode in ("1", "L") else "RGB"
        return image if image.mode == wanted else image.convert(wanted, dither=Dither.NONE)
    image = image.convert("RGBA")
    lowest = image.getchannel("A").getextrema()[0]
    if lowest == 255:
        return image.convert("RGB")
    # what stands under a wholly transparent pixel was rubbed out by somebody: it goes
    return alpha_composite(new("RGBA", image.size, (0, 0, 0, 0)), image)


def _only_pixels(image: Image) -> Image:
    """A new picture into which nothing but the pixels was copied."""
    from PIL.Image import new

    fresh = new(image.mode, image.size)
    fresh.paste(image)
    return fresh


def _within(frame: _Frame, edge: int) -> _Frame:
    from PIL.Image import Resampling

    if max(frame.image.size) <= edge:
        return frame
    image = frame.image.copy()
    image.thumbnail((edge, edge), Resampling.LANCZOS)
    return _Frame(_only_pixels(image), frame.milliseconds)


# Writing -----------------------------------------------------------------------------------


def _attempts(kind: str, frames: list[_Frame]) -> Iterator[tuple[str, int, int]]:
    """What to write it as, its longer side and its quality: the best first.

    A drawing stays a PNG if it fits; a photograph in a PNG does not, and becomes a JPEG.
    """
    opaque = all(frame.image.mode != "RGBA" for frame in frames)
    if kind == "png":
        yield "png", LONG_EDGE, 0
    if kind == "heic" or (kind == "png" and opaque):
        kind = "jpeg"
    qualities = _QUALITIES if kind in ("jpeg", "webp") else _QUALITIES[:1]
    largest = max(max(frame.image.size) for frame in frames)
    for edge in (LONG_EDGE, *(edge for edge in _SMALLER_EDGES if edge < largest)):
        for quality in qualities:
            yield kind, edge, quality


def _encoded(kind: str, frames: list[_Frame], quality: int) -> bytes:
    writers: dict[str, Callable[[BytesIO, list[_Frame], int], None]] = {
        "jpeg": _write_jpeg,
        "png": _write_png,
        "gif": _write_gif,
        "webp": _write_webp,
    }
    out = BytesIO()
    writers[kind](out, frames, quality)
    return out.getvalue()


def _write_jpeg(out: BytesIO, frames: list[_Frame], quality: int) -> None:
    from PIL.Image import new

    image = frames[0].image
    if image.mode == "RGBA":
        white = new("RGB", image.size, (255, 255, 255))
        white.paste(image, mask=image.getchannel("A"))
        image = white
    image.save(out, "JPEG", quality=quality)


def _write_png(out: BytesIO, frames: list[_Frame], _quality: int) -> None:
    frames[0].image.save(out, "PNG")


def _write_gif(out: BytesIO, frames: list[_Frame], _quality: int) -> None:
    if len(frames) == 1:
        frames[0].image.save(out, "GIF")
    else:
        _write_animation(out, "GIF", frames, disposal=2)


def _write_webp(out: BytesIO, frames: list[_Frame], quality: int) -> None:
    if len(frames) == 1:
        frames[0].image.save(out, "WEBP", quality=quality)
    else:
        _write_animation(out, "WEBP", frames, quality=quality)


def _write_animation(out: BytesIO, name: str, frames: list[_Frame], **more: int) -> None:
    first, *others = (frame.image for frame in frames)
    times = [frame.milliseconds for frame in frames]
    first.save(out, name, save_all=True, append_images=others, duration=times, loop=0, **more)


# The process -------------------------------------------------------------------------------


def _confine() -> None:
    """No more memory and time than it may have, no files, and nothing left of it on a disk.

    Where the system does not know a limit (macOS: memory), the checks above are all there is.
    """
    wanted = (
        (resource.RLIMIT_AS, MOST_MEMORY),
        (resource.RLIMIT_CPU, MOST_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    )
    for limit, value in wanted:
        try:
            resource.setrlimit(limit, (value, value))
        except (ValueError, OSError):
            continue


def main() -> int:
    """Standard input to standard output; arguments: most octets, most pixels."""
    _confine()
    from PIL.Image import DecompressionBombError

    most_octets, most_pixels = (int(value) for value in sys.argv[1:3])
    try:
        kind, made = renew(
            sys.stdin.buffer.read(), most_octets=most_octets, most_pixels=most_pixels
        )
    except (TooLargeError, DecompressionBombError, MemoryError):
        return TOO_LARGE_EXIT
    except Exception:  # noqa: BLE001  # foreign octets: whatever a decoder raises, it is broken
        return BROKEN_EXIT
    sys.stdout.buffer.write(kind.encode() + b"\n" + made)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
