"""Files made safe: real pictures full of names, bombs, disguises, and texts for machines."""

from __future__ import annotations

import io
import os
import struct
import zlib
from typing import Any

import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from channels import pictures
from channels.contract import File, Picture, PictureKind
from channels.files import MOST_LETTERS, Refused, Why, Words, clean, could_go

CANARY = "Jane-Canary-Doe"
RAW = CANARY.encode()
RED, BLUE = (220, 20, 20), (20, 20, 220)
XMP = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><dc:creator>{CANARY}</dc:creator></x:xmpmeta>".encode()


def photo(width: int = 60, height: int = 40) -> Image.Image:
    """Red, with a blue corner at the top left, so that turning it shows."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (0, 0, width // 3, height // 3))
    return image


def exif(orientation: int = 1) -> Image.Exif:
    """Artist, model, a comment and a place."""
    made = Image.Exif()
    made[0x0112] = orientation
    made[0x013B] = made[0x0110] = CANARY
    made.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + RAW
    made.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 29: CANARY})
    return made


def profile() -> bytes:
    """A colour profile with a name in it."""
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return made.replace(b"sRGB built-in", (RAW + b" " * 13)[:13]) + RAW


def saved(image: Image.Image, kind: str, **more: Any) -> bytes:
    """The octets of a file."""
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    """One of PNG's."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def heic(image: Image.Image, **more: Any) -> bytes:
    """As an iPhone would write it."""
    out = io.BytesIO()
    pillow_heif.from_pillow(image).save(out, quality=60, **more)
    return out.getvalue()


def texts() -> PngImagePlugin.PngInfo:
    """PNG's text chunks of all three kinds."""
    made = PngImagePlugin.PngInfo()
    made.add_text("Author", CANARY)
    made.add_text("Packed", CANARY, zip=True)
    made.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return made


def tagged(kind: str) -> bytes:
    """A picture with its owner's name in every place its format has, and behind its end."""
    if kind == "heic":
        return heic(photo(), exif=exif().tobytes(), xmp=XMP, icc_profile=profile()) + RAW
    if kind == "gif":
        return saved(photo(), "GIF", comment=RAW) + RAW
    more: dict[str, Any] = {"exif": exif().tobytes(), "icc_profile": profile()}
    if kind == "jpeg":
        return saved(photo(), "JPEG", xmp=XMP, comment=RAW, **more) + RAW
    if kind == "png":
        return saved(photo(), "PNG", pnginfo=texts(), **more) + RAW
    return saved(photo(), "WEBP", xmp=XMP, **more) + RAW


def picture(octets: bytes, **more: int) -> Picture:
    """What `clean` makes of a file that is a picture."""
    made = clean(File(octets), **more)
    assert isinstance(made, Picture), made
    return made


def seen(made: Picture) -> Image.Image:
    """Opened by an ordinary program; it holds pixels and nothing else."""
    assert RAW not in made.octets
    assert CANARY.encode("utf-16-le") not in made.octets
    image = Image.open(io.BytesIO(made.octets))
    image.load()
    assert image.format == made.kind.value.upper()
    assert not image.getexif()
    layout = {"jfif", "jfif_version", "jfif_unit", "jfif_density", "version", "background"}
    layout |= {"extension", "loop", "duration", "timestamp", "transparency"}
    assert set(image.info) <= layout, image.info
    return image


def close(one: Any, other: tuple[int, int, int]) -> bool:
    """Nearly the same colour."""
    return all(abs(a - b) < 40 for a, b in zip(one, other, strict=False))


def why(octets: bytes, **more: int) -> Why:
    """The reason for which a file is refused."""
    made = clean(File(octets), **more)
    assert isinstance(made, Refused), made
    return made.why


# Nothing but pixels ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["jpeg", "png", "gif", "webp", "heic"])
def test_nothing_but_pixels_crosses(kind: str) -> None:
    """Artist, model, place, comments, texts, profiles and what stands behind the end are gone."""
    before = tagged(kind)
    assert before.count(RAW) >= 2
    made = picture(before)
    assert made.kind == ("jpeg" if kind == "heic" else kind)
    image = seen(made).convert("RGB")
    assert image.size == (60, 40)
    assert close(image.getpixel((5, 5)), BLUE)
    assert close(image.getpixel((50, 30)), RED)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_it_stands_upright(kind: str, turn: int) -> None:
    """The orientation is in the pixels after, since nothing else is left to tell it."""
    lying = saved(photo(), kind, exif=exif(turn).tobytes())
    octets = pictures.renew(lying, most_octets=10**6, most_pixels=10**6)[1]
    image = Image.open(io.BytesIO(octets)).convert("RGB")
    corner = {
        1: (0, 0),
        2: (1, 0),
        3: (1, 1),
        4: (0, 1),
        5: (0, 0),
        6: (1, 0),
        7: (1, 1),
        8: (0, 1),
    }
    right, low = corner[turn]
    assert image.size == ((60, 40) if turn < 5 else (40, 60))
    assert close(
        image.getpixel((image.width - 6 if right else 5, 5 if not low else image.height - 6)), BLUE
    )


def test_an_iphones_picture_stands_upright() -> None:
    """HEIC's own rotation is applied, and its EXIF one is not applied on top."""
    made = picture(heic(photo(), exif=exif(6).tobytes()))
    image = seen(made)
    assert image.size == (40, 60)
    assert close(image.getpixel((35, 5)), BLUE)


def test_what_was_rubbed_out_is_gone() -> None:
    """Colours under wholly transparent pixels, which another program could show, do not cross."""
    image = photo().convert("RGBA")
    image.paste((1, 2, 3, 0), (30, 20, 60, 40))
    after = seen(picture(saved(image, "PNG")))
    assert after.mode == "RGBA"
    assert after.getpixel((40, 30)) == (0, 0, 0, 0)
    assert after.getpixel((5, 5)) == (*BLUE, 255)


@pytest.mark.parametrize(
    "image",
    [
        photo().convert("L"),
        photo().convert("1"),
        photo().convert("P", palette=Image.Palette.ADAPTIVE),
        photo().convert("LA"),
        Image.new("I;16", (60, 40), 40_000),
    ],
    ids=["grey", "black and white", "palette", "grey with alpha", "16 bits"],
)
def test_pngs_of_every_depth_are_read(image: Image.Image) -> None:
    """Whatever a pixel is stored as, the picture looks the same."""
    after = seen(picture(saved(image, "PNG"))).convert("L")
    wanted = 156 if image.mode == "I;16" else image.convert("L").getpixel((50, 30))
    assert isinstance(wanted, int)
    assert close((after.getpixel((50, 30)),), (wanted, 0, 0))


def test_print_colours_become_screen_colours() -> None:
    """A CMYK JPEG can be seen everywhere after."""
    assert seen(picture(saved(photo().convert("CMYK"), "JPEG"))).mode == "RGB"


# Size --------------------------------------------------------------------------------------


def test_a_large_picture_is_made_smaller() -> None:
    """The longer side is bounded; the shape stays."""
    assert seen(picture(saved(photo(4_000, 1_000), "JPEG"))).size == (2_048, 512)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_what_leaves_is_bounded(kind: str) -> None:
    """Quality and size go down until it fits; a photograph in a PNG becomes a JPEG."""
    side = 500
    noise = Image.frombytes("RGB", (side, side), os.urandom(side * side * 3))
    made = picture(saved(noise, kind), most_octets=250_000 if kind == "GIF" else 120_000)
    assert len(made.octets) <= 250_000
    assert made.kind == {"PNG": "jpeg"}.get(kind, kind.lower())
    seen(made)


def test_what_cannot_be_made_small_enough_is_refused() -> None:
    """Rather than cut."""
    assert why(tagged("jpeg"), most_octets=100) is Why.TOO_LARGE


def frames(count: int, side: int = 40) -> bytes:
    """An animation."""
    made = [Image.new("RGB", (side, side), (i % 256, i // 256, 200)) for i in range(count)]
    return saved(made[0], "GIF", save_all=True, append_images=made[1:], duration=70, loop=3)


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_animations_stay_animations(kind: str) -> None:
    """Frames and their times; nothing else."""
    images = [photo().rotate(i * 30) for i in range(5)]
    more = {"save_all": True, "append_images": images[1:], "duration": 120}
    image = seen(picture(saved(images[0], kind, **more)))
    assert getattr(image, "n_frames", 1) == 5


def test_animations_are_bounded() -> None:
    """No more frames than the bound, and no more pixels in all of them together."""
    made = seen(picture(frames(400)))
    assert getattr(made, "n_frames", 1) == pictures.MOST_FRAMES
    few = seen(picture(frames(30), most_pixels=40 * 40 * 4 * 7))
    assert getattr(few, "n_frames", 1) == 7


# Bombs -------------------------------------------------------------------------------------


def png_head(width: int, height: int, body: bytes = b"") -> bytes:
    """A PNG that claims a size."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def gif_that_grows() -> bytes:
    """A small canvas whose second frame is 65,535 pixels wide and high."""
    made = saved(Image.new("P", (8, 8)), "GIF")[:-1]
    return made + b"," + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0) + b"\x08\x01\x00\x00;"


def many_scans() -> bytes:
    """A progressive JPEG whose last scan is repeated thousands of times."""
    made = saved(photo(), "JPEG", progressive=True)
    scan = made[made.rindex(b"\xff\xda") : -2]
    return made[:-2] + scan * 5_000 + b"\xff\xd9"


def webp_head(width: int, height: int) -> bytes:
    """A WebP that claims a canvas."""
    made = bytearray(saved(photo(), "WEBP", exif=exif().tobytes()))
    assert made[12:16] == b"VP8X"
    made[24:30] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes(made)


def heic_head() -> bytes:
    """A HEIC that claims a size."""
    made = heic(photo(64, 64))
    at = made.index(b"ispe") + 8
    return made[:at] + struct.pack(">II", 30_000, 30_000) + made[at + 8 :]


BOMBS = {
    "png head": png_head(100_000, 100_000),
    "png of nothing": png_head(30_000, 30_000, b"\0" * 3_000_000),
    "jpeg head": saved(photo(), "JPEG").replace(struct.pack(">HH", 40, 60), b"\xff\xf0\xff\xf0"),
    "jpeg of ninety megapixels": saved(photo(), "JPEG").replace(
        struct.pack(">HH", 40, 60), struct.pack(">HH", 9_000, 10_000)
    ),
    "gif canvas": b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + saved(photo(), "GIF")[10:],
    "gif that grows": gif_that_grows(),
    "scans": many_scans(),
    "webp head": webp_head(16_000, 16_000),
    "heic head": heic_head(),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_do_not_go_off(name: str) -> None:
    """What claims too much is refused before it is decoded."""
    assert why(BOMBS[name]) is Why.TOO_LARGE


def test_a_million_frames_are_not_counted() -> None:
    """An animation that goes on for ever gives its first frames."""
    one = saved(Image.new("P", (2, 2)), "GIF")
    frame = one[one.index(b",") : -1]
    made = seen(picture(one[:-1] + frame * 300_000 + b";"))
    assert made.size == (2, 2)


def test_a_text_chunk_cannot_be_a_bomb() -> None:
    """Chunks that pixels do not need never reach the decoder."""
    packed = zlib.compress(b"\0" * 20_000_000)
    made = saved(photo(), "PNG")
    with_bombs = made[:-12] + chunk(b"zTXt", b"a\0\0" + packed) * 3 + made[-12:]
    assert seen(picture(with_bombs)).size == (60, 40)


def test_a_decoder_that_goes_wrong_takes_nothing_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It works in a process of its own: where that is killed for its memory, we go on."""
    monkeypatch.setattr("channels.files.sys.executable", "/bin/false")
    assert why(tagged("png")) is Why.BROKEN


def test_the_decoders_process_is_confined(tmp_path: Any) -> None:
    """Memory is bounded by the system, not only by our sums; and it can leave nothing on a disk."""
    import subprocess
    import sys

    code = (
        "import runpy, sys; sys.argv = ['x', '1', '1']; from pathlib import Path\n"
        f"made = runpy.run_path({pictures.__file__!r}); made['_confine']()\n"
        "try:\n    bytearray(2 * 1024 ** 3)\nexcept MemoryError:\n    print('no memory')\n"
        f"try:\n    Path({str(tmp_path / 'x')!r}).write_bytes(b'x')\n"
        "except OSError:\n    print('no file')\n"
    )
    quiet = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    done = subprocess.run([sys.executable, "-c", quiet + code], capture_output=True, check=False)
    assert done.stdout.split(b"\n")[:2] == [b"no memory", b"no file"]


# Disguises ---------------------------------------------------------------------------------

SVG = (
    b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><image href="https://x"/></svg>'
)
TIFF = saved(photo(), "TIFF")
NOT_PASSED_ON = {
    "pdf": b"%PDF-1.7\n1 0 obj <</Author (" + RAW + b")>> endobj",
    "svg": SVG,
    "tiff": TIFF,
    "bmp": saved(photo(), "BMP"),
    "ico": saved(photo(32, 32), "ICO"),
    "psd": b"8BPS\0\1" + b"\0" * 30,
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%Creator: " + RAW,
    "avif": saved(photo(), "AVIF"),
    "jpeg 2000": b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0" * 30,
    "zip": b"PK\3\4" + b"\0" * 40,
    "tnef": b"\x78\x9f\x3e\x22" + b"\0" * 20,
    "old office": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 40,
    "movie": b"\0\0\0\x18ftypmp42" + b"\0" * 20,
    "sound": b"ID3\4\0\0\0\0\0\x10TPE1" + RAW,
    "elf": b"\x7fELF\2\1\1",
    "certificate": b"\x30\x82\x03\x0d" + RAW,
    "vcard": b"BEGIN:VCARD\r\nFN:Jane Doe\r\nEND:VCARD\r\n",
    "vcard below words": b"my card\n\nBEGIN:VCARD\nFN:Jane\nEND:VCARD\n",
    "calendar": b"BEGIN:VCALENDAR\r\nORGANIZER:mailto:jane@x.example\r\nEND:VCALENDAR\r\n",
    "pgp key": b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ\n-----END PGP PUBLIC KEY BLOCK-----\n",
    "ssh key": b"ssh-ed25519 AAAAC3Nza jane@laptop\n",
    "pem": b"subject=CN = Jane\n-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n",
    "mail": b"Return-Path: <jane@x.example>\r\nSubject: hi\r\n\r\nwords\r\n",
    "html": b"<!DOCTYPE html><title>Jane</title>words",
    "html further down": b"words\n<HTML><meta name=author content=Jane>",
    "rtf": rb"{\rtf1\ansi{\info{\author Jane}}words}",
    "uuencoded": b"begin 644 jane.jpg\nM_]C_\n`\nend\n",
    "json": b'{"name": "Jane"}',
    "address book": b"Name,Phone,Mail\nA,555 010 0100,a@x.example\nB,555 010 0101,b@x.example\n"
    b"C,555 010 0102,c@x.example\n",
    "ldif": b"dn: cn=Jane,dc=example\ncn: Jane\n",
    "latin letters": "café".encode("latin-1"),
    "utf-16 without a mark": "words".encode("utf-16-le"),
    "controls": b"words\x1b[31m",
    "octets": bytes(range(256)),
}


@pytest.mark.parametrize("name", NOT_PASSED_ON)
def test_everything_else_stays_here(name: str) -> None:
    """Whatever a program could open and find a name in; what it is called does not matter."""
    assert why(NOT_PASSED_ON[name]) is Why.NOT_PASSED_ON


POLYGLOTS = {
    "gif and script": saved(photo(), "GIF") + b"/*" + RAW + b"*/=alert(1)//",
    "script in a gif comment": saved(photo(), "GIF", comment=b"*/=alert('" + RAW + b"')//"),
    "jpeg and zip": saved(photo(), "JPEG") + b"PK\3\4" + RAW + b"PK\5\6" + b"\0" * 18,
    "jpeg and html": saved(photo(), "JPEG", comment=b"<script>" + RAW + b"</script>"),
    "png and php": saved(photo(), "PNG") + b"<?php " + RAW,
    "jpeg and another jpeg": saved(photo(), "JPEG") + tagged("jpeg"),
    "webp and movie": saved(photo(), "WEBP") + b"\0\0\0\x18ftypmp42" + RAW,
}


@pytest.mark.parametrize("name", POLYGLOTS)
def test_two_files_in_one_come_out_as_the_picture(name: str) -> None:
    """Of a file that is two things at once the pixels stay."""
    assert seen(picture(POLYGLOTS[name])).size == (60, 40)


@pytest.mark.parametrize("kind", ["jpeg", "png", "gif", "webp", "heic"])
@pytest.mark.parametrize("part", [0.2, 0.6, 0.95])
def test_a_truncated_picture_is_refused(kind: str, part: float) -> None:
    """Half a picture is no picture; nobody is left with grey instead of what was meant."""
    whole = tagged(kind)[: -len(RAW)]
    assert why(whole[: int(len(whole) * part)]) is Why.BROKEN


def test_a_disguise_as_a_picture_is_broken() -> None:
    """The first octets promise; only decoding keeps the promise."""
    for head in (b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBP"):
        assert why(head + SVG) is Why.BROKEN
    assert why(b"\0\0\0\x18ftypheic" + SVG) is Why.BROKEN


# Texts -------------------------------------------------------------------------------------

LETTERS = {
    "utf-8": ("schöne Grüße\nمرحبا\n".encode(), "schöne Grüße\nمرحبا"),
    "utf-8 with a mark": (b"\xef\xbb\xbfwords", "words"),
    "utf-16": ("words 你好".encode("utf-16"), "words 你好"),
    "utf-16, big end first": (b"\xfe\xff" + "मेल".encode("utf-16-be"), "मेल"),
    "line ends": (b"one\r\ntwo\rthree\tx", "one\ntwo\nthree\tx"),
    "overrides": ("a\u202eb\u2066c".encode(), "abc"),
    "a poem with colons": (b"Dear all: begin again\nBegin 500 miles away\n", None),
    "a shopping list": (b"milk, 2 l\nbread, 1\ntea, green\n2024-05-06, rest\n", None),
    "less than": (b"I <3 you, a < b", None),
}


@pytest.mark.parametrize("name", LETTERS)
def test_a_text_file_is_its_letters(name: str) -> None:
    """All of them, in any script."""
    octets, expect = LETTERS[name]
    made = clean(File(octets))
    assert isinstance(made, Words)
    assert made.text.reveal() == (expect or octets.decode().strip("\n"))
    assert expect is None or "words" not in repr(made)


def test_a_long_text_is_refused_and_an_empty_one_too() -> None:
    """There is an end to what is passed on, and nothing is no file."""
    assert why(b"x\n" * MOST_LETTERS) is Why.TOO_LARGE
    assert why(b" \n\n") is Why.BROKEN
    assert why(b"") is Why.BROKEN


# Any octets --------------------------------------------------------------------------------

HEADS = st.sampled_from(
    [*(tagged(kind) for kind in ("jpeg", "png", "gif", "webp", "heic")), b"GIF89a", b"", b"words "]
)


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A real file with some octets changed, cut or put in."""
    octets = bytearray(draw(HEADS))
    for _ in range(draw(st.integers(0, 8))):
        at = draw(st.integers(0, max(0, len(octets) - 1)))
        octets[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    return bytes(octets)


@settings(max_examples=100, deadline=None)
@given(spoilt() | st.binary(max_size=300))
def test_any_octets_give_a_picture_or_an_error_that_is_caught(octets: bytes) -> None:
    """What comes out always opens as what it is said to be, with nothing else in it."""
    try:
        kind, made = pictures.renew(octets, most_octets=200_000, most_pixels=1_000_000)
    except Exception:  # noqa: BLE001  # `main` catches the same
        return
    assert pictures.kind_of(made) == kind
    assert PictureKind(kind)
    seen(Picture(PictureKind(kind), made))


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=400)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
)
def test_any_octets_that_are_no_picture_are_text_or_refused(octets: bytes) -> None:
    """Never an exception, and no control in what passes."""
    if pictures.kind_of(octets):
        return
    made = clean(File(octets))
    assert isinstance(made, Words | Refused)
    if isinstance(made, Words):
        text = made.text.reveal()
        assert could_go(octets)
        assert not any(ord(letter) < 32 and letter not in "\t\n" for letter in text)
        assert not set(text) & set("\u202e\u2066\u007f\u0085")
