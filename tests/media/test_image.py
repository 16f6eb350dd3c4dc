"""References are judged by content: honest pictures, odd ones, and hostile ones."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from io import BytesIO
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sora_tui.core.problem import ProblemError
from sora_tui.core.reference_fit import ImageFacts, cut_share
from sora_tui.core.request import COVER, GRAVITIES, Fit, read_fit
from sora_tui.media.image import (
    as_png,
    check_image,
    first_frame,
    fit_image,
    inspect_header,
    kept_part,
    mime_type,
)
from tests.support.colour_profiles import adobe_rgb, display_p3, green_ink, linear_grey
from tests.support.pictures import colour_at, decoded, encoded, picture

STILL = picture(160, 90)
TURNED = Image.Exif()
TURNED[0x0112] = 6
ANIMATION = {"save_all": True, "append_images": [STILL.rotate(90)]}


def png_of_size(width: int, height: int) -> bytes:
    """A PNG header that promises far more than its few bytes hold."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = (
        chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )
    return b"\x89PNG\r\n\x1a\n" + data


HONEST = {
    "jpeg": (encoded(STILL, "JPEG"), ImageFacts("JPEG", 160, 90)),
    "progressive jpeg": (encoded(STILL, "JPEG", progressive=True), ImageFacts("JPEG", 160, 90)),
    "cmyk jpeg": (encoded(STILL.convert("CMYK"), "JPEG"), ImageFacts("JPEG", 160, 90)),
    "turned jpeg": (
        encoded(STILL, "JPEG", exif=TURNED),
        ImageFacts("JPEG", 90, 160, turned=True),
    ),
    "png": (encoded(STILL, "PNG"), ImageFacts("PNG", 160, 90)),
    "turned png": (encoded(STILL, "PNG", exif=TURNED), ImageFacts("PNG", 90, 160, turned=True)),
    "16-bit png": (
        encoded(Image.new("I;16", (160, 90), 40_000), "PNG"),
        ImageFacts("PNG", 160, 90),
    ),
    "palette png": (
        encoded(STILL.convert("P"), "PNG", transparency=0),
        ImageFacts("PNG", 160, 90),
    ),
    "webp": (encoded(STILL, "WEBP"), ImageFacts("WEBP", 160, 90)),
    "lossless webp": (encoded(STILL, "WEBP", lossless=True), ImageFacts("WEBP", 160, 90)),
    "turned webp": (encoded(STILL, "WEBP", exif=TURNED), ImageFacts("WEBP", 90, 160, turned=True)),
    "gif": (encoded(STILL, "GIF"), ImageFacts("GIF", 160, 90)),
    "animated gif": (encoded(STILL, "GIF", **ANIMATION), ImageFacts("GIF", 160, 90, frames=2)),
    "bmp": (encoded(STILL, "BMP"), ImageFacts("BMP", 160, 90)),
}


@pytest.mark.parametrize("name", HONEST)
def test_header_and_full_check_agree_on_honest_pictures(name: str) -> None:
    data, facts = HONEST[name]
    assert inspect_header(data) == facts
    assert check_image(data) == facts


@pytest.mark.parametrize("name", HONEST)
def test_every_honest_picture_can_be_fitted_and_made_a_png(name: str) -> None:
    data, facts = HONEST[name]
    for way in ("cover", "cover:left", "contain", "contain:blur", "contain:#204060", "stretch"):
        fitted = fit_image(data, 64, 48, read_fit(way))
        assert check_image(fitted) == ImageFacts("JPEG", 64, 48)
        assert fitted == fit_image(data, 64, 48, read_fit(way))
    assert check_image(as_png(data)) == ImageFacts("PNG", facts.width, facts.height)


WEBP, JPEG, PNG = encoded(STILL, "WEBP"), encoded(STILL, "JPEG"), encoded(STILL, "PNG")
HOSTILE = {
    "text named .png": (b"not a picture at all", "reference_not_image"),
    "empty": (b"", "reference_not_image"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "reference_not_image"),
    "tiff": (encoded(STILL, "TIFF"), "reference_not_image"),
    "cut jpeg": (JPEG[:-10], "reference_damaged"),
    "half jpeg": (JPEG[: len(JPEG) // 2], "reference_damaged"),
    "png without its end": (PNG[:-20], "reference_damaged"),
    "half png": (PNG[: len(PNG) // 2], "reference_damaged"),
    "cut webp": (WEBP[:-30], "reference_damaged"),
    "bomb": (png_of_size(30_000, 30_000), "reference_too_large"),
    "small bomb": (png_of_size(9_000, 9_000), "reference_too_large"),
    "lying png": (png_of_size(4_000, 4_000), "reference_damaged"),
    "cut jpeg with odd exif": (
        encoded(STILL, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x05\x01")[:-10],
        "reference_damaged",
    ),
    "animated webp": (encoded(STILL, "WEBP", **ANIMATION), "reference_animated"),
    "animated png": (encoded(STILL, "PNG", **ANIMATION), "reference_animated"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pictures_are_refused_with_a_reason(
    name: str, recwarn: pytest.WarningsRecorder
) -> None:
    data, code = HOSTILE[name]
    with pytest.raises(ProblemError) as refused:
        check_image(data)
    assert refused.value.problem.code == code
    assert not recwarn.list, "a warning would land on the screen"


@given(st.sampled_from([data for data, _ in HONEST.values()]), st.data())
def test_damage_anywhere_is_a_refusal_or_a_picture_never_a_crash(
    data: bytes, draw: st.DataObject
) -> None:
    at = draw.draw(st.integers(0, len(data) - 1))
    junk = draw.draw(st.binary(max_size=8))
    broken = data[:at] + junk + data[at + len(junk) :][: draw.draw(st.integers(0, len(data)))]
    inspect_header(broken)
    try:
        check_image(broken)
        fit_image(broken, 32, 32, COVER)
    except ProblemError as refused:
        assert refused.problem.code.startswith("reference_")


@given(st.binary(max_size=300))
def test_headers_of_garbage_are_no_pictures_or_small_facts(data: bytes) -> None:
    for magic in (
        b"",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"BM",
        b"RIFF\0\0\0\0WEBP",
    ):
        facts = inspect_header(magic + data)
        assert facts is None or (facts.width > 0 and facts.height > 0)


def test_a_turned_picture_is_upright_after_fitting() -> None:
    fitted = decoded(fit_image(encoded(STILL, "JPEG", exif=TURNED), 90, 160, Fit("stretch")))
    top, bottom = fitted.getpixel((45, 30)), fitted.getpixel((45, 150))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 200, "the disc of the left half is on top after a quarter turn"
    assert bottom[2] > 120
    assert not fitted.getexif()


def test_contain_pads_with_black_and_cover_cuts() -> None:
    white = encoded(Image.new("RGB", (160, 90), "white"), "PNG")
    contained, covered = (decoded(fit_image(white, 90, 90, fit)) for fit in (Fit("contain"), COVER))
    assert [contained.convert("L").getpixel((45, y)) for y in (5, 45, 85)] == [0, 255, 0]
    assert [covered.convert("L").getpixel((45, y)) for y in (5, 45, 85)] == [255, 255, 255]


def test_cover_keeps_the_side_it_is_told_to() -> None:
    halves = Image.new("RGB", (180, 90), "red")
    halves.paste("blue", (90, 0, 180, 90))
    data = encoded(halves, "PNG")
    seen = {}
    for gravity in GRAVITIES:
        made = fit_image(data, 90, 90, Fit("cover", gravity))
        reds = (colour_at(made, x, 45)[0] for x in (5, 85))
        seen[gravity] = ["red" if red > 128 else "blue" for red in reds]
    assert seen == {
        "centre": ["red", "blue"],
        "top": ["red", "blue"],
        "bottom": ["red", "blue"],
        "left": ["red", "red"],
        "right": ["blue", "blue"],
    }
    for gravity in GRAVITIES:
        left, top, right, bottom = kept_part(180, 90, 90, 90, gravity)
        assert (right - left, top, bottom) == (0.5, 0, 1)
        assert left == {"left": 0, "right": 0.5}.get(gravity, 0.25)


def test_contain_fills_with_a_colour_or_with_the_picture_itself() -> None:
    data = encoded(Image.new("RGB", (160, 90), "red"), "PNG")
    blue = colour_at(fit_image(data, 90, 90, read_fit("contain:#2040a0")), 45, 5)
    assert all(abs(is_ - wanted) < 4 for is_, wanted in zip(blue, (0x20, 0x40, 0xA0), strict=True))
    red = colour_at(fit_image(data, 90, 90, read_fit("contain:blur")), 45, 5)
    assert red[0] > 240
    assert red[1] < 20


def test_transparency_lies_on_black_and_deep_grey_is_scaled() -> None:
    glass = encoded(Image.new("RGBA", (8, 8), (255, 255, 255, 128)), "PNG")
    assert decoded(as_png(glass)).getpixel((4, 4)) == (128, 128, 128)
    deep = encoded(Image.new("I;16", (8, 8), 40_000), "PNG")
    assert decoded(as_png(deep)).getpixel((4, 4)) == (155, 155, 155)


#: A mode, a colour, its profile, and the colour in sRGB, computed from the profile's figures.
COLOURED: Final = [
    pytest.param("RGB", (200, 60, 40), display_p3(), (218, 41, 23), id="Display P3"),
    pytest.param("RGB", (200, 60, 40), adobe_rgb(), (231, 57, 34), id="Adobe RGB"),
    pytest.param("RGB", (60, 160, 90), adobe_rgb(), (0, 161, 85), id="beyond sRGB"),
    pytest.param("L", 128, linear_grey(), (188, 188, 188), id="grey"),
    pytest.param("I;16", 128 * 257, linear_grey(), (188, 188, 188), id="16 bit"),
    pytest.param("RGBA", (200, 60, 40, 255), display_p3(), (218, 41, 23), id="transparent"),
    pytest.param("LA", (128, 255), linear_grey(), (188, 188, 188), id="transparent grey"),
    pytest.param("RGB", (200, 60, 40), None, (200, 60, 40), id="none"),
    pytest.param("RGB", (200, 60, 40), b"no profile", (200, 60, 40), id="damaged"),
    pytest.param("RGB", (200, 60, 40), display_p3()[:200], (200, 60, 40), id="cut off"),
    pytest.param("RGB", (200, 60, 40), linear_grey(), (200, 60, 40), id="of other colours"),
]


@pytest.mark.parametrize(("mode", "colour", "profile", "wanted"), COLOURED)
def test_a_copy_has_the_colours_that_the_profile_means(
    mode: str, colour: float | tuple[int, ...], profile: bytes | None, wanted: tuple[int, ...]
) -> None:
    data = encoded(Image.new(mode, (40, 40), colour), "PNG", icc_profile=profile)
    shown = first_frame(data, 40)
    for copy in (fit_image(data, 16, 16, COVER), as_png(data), encoded(shown, "PNG")):
        assert is_near(colour_at(copy, 8, 8), wanted)
        assert "icc_profile" not in Image.open(BytesIO(copy)).info


def test_the_profile_of_a_palette_a_jpeg_and_a_webp_holds_as_well() -> None:
    flat = Image.new("RGB", (40, 40), (200, 60, 40))
    for image, kind in ((flat.quantize(), "PNG"), (flat, "JPEG"), (flat, "WEBP")):
        options: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {}
        data = encoded(image, kind, icc_profile=display_p3(), **options)
        assert is_near(colour_at(fit_image(data, 16, 16, COVER), 8, 8), (218, 41, 23))


def test_inks_are_read_by_their_profile_and_as_pillow_does_without_one() -> None:
    cyan = Image.new("CMYK", (40, 40), (255, 0, 0, 0))
    plain = encoded(cyan, "JPEG", quality=100)
    assert is_near(colour_at(fit_image(plain, 16, 16, COVER), 8, 8), (0, 255, 255))
    inked = encoded(cyan, "JPEG", quality=100, icc_profile=green_ink())
    red, green, blue = colour_at(fit_image(inked, 16, 16, COVER), 8, 8)
    assert green > 100
    assert red < 60
    assert blue < 60


def is_near(colour: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return all(abs(is_ - to_be) <= 3 for is_, to_be in zip(colour, wanted, strict=True))


def test_a_picture_with_others_behind_it_is_a_still_jpeg() -> None:
    """As some phones and cameras write them (CIPA DC-007)."""
    data = encoded(STILL, "MPO", save_all=True, append_images=[STILL.rotate(90)])
    assert check_image(data) == inspect_header(data) == ImageFacts("JPEG", 160, 90)


def test_much_may_stand_before_the_size_of_a_jpeg() -> None:
    """A colour profile, a history of edits: up to megabytes, but not without end."""
    data = encoded(STILL, "JPEG", icc_profile=b"p" * 600_000)
    assert check_image(data) == inspect_header(data) == ImageFacts("JPEG", 160, 90)
    assert inspect_header(data[:2] + b"\xff\xfe\0\2" * 10_000 + data[2:]) is None


def test_nothing_said_beside_a_picture_goes_along_with_its_copy() -> None:
    """A comment may name a person or a place, or be too long to be written again."""
    for data in (
        encoded(STILL, "JPEG", comment=b"at home"),
        encoded(STILL, "GIF", comment=b"at home" * 20_000),
        encoded(STILL, "PNG", icc_profile=b"at home"),
    ):
        assert b"at home" not in fit_image(data, 64, 64, COVER)
        assert b"at home" not in as_png(data)


def test_a_palette_that_is_not_there_is_damage() -> None:
    data = encoded(STILL.quantize(4), "PNG")
    at = data.index(b"PLTE") - 4
    (length,) = struct.unpack_from(">I", data, at)
    with pytest.raises(ProblemError) as refused:
        first_frame(data[:at] + data[at + 12 + length :], 100)
    assert refused.value.problem.code == "reference_damaged"


def test_cut_share_is_what_cover_loses() -> None:
    assert cut_share(1280, 720, 1280, 720) == 0
    assert cut_share(640, 360, 1280, 720) == 0
    assert cut_share(1000, 1000, 1000, 500) == 0.5
    assert cut_share(100, 400, 100, 100) == 0.75


def test_media_types() -> None:
    assert [mime_type(f) for f in ("JPEG", "WEBP", "BMP")] == [
        "image/jpeg",
        "image/webp",
        "image/bmp",
    ]


def test_importing_the_room_costs_neither_pillow_nor_pyav() -> None:
    code = (
        "import sys, sora_tui.media.image, sora_tui.media.mp4, sora_tui.media.practice.render;"
        "assert not {'PIL', 'av'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
