"""Still pictures as a screen shows them: eight bits, sRGB, upright; and files made of them without anything private."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageCms, ImageSequence, UnidentifiedImageError

from tjtools.media import headers
from tjtools.media.recipe import Recipe

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF")
MOST_PIXELS = 64_000_000  # of one picture; what is larger is no creative, and may be meant to exhaust the memory
# by what Pillow tells that a file is broken
BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    TypeError,
    LookupError,
    ArithmeticError,
    struct.error,
    Image.DecompressionBombError,  # of a later picture too
)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SLIVER = 2  # pixels of black that rounding alone may make: the picture fills them
_FINE = 90  # jpg quality from which colours have as many pixels as brightness
# from the best on, in words and for the encoder
JPG = {f"jpg of quality {one}": one for one in range(95, 19, -1)}
PNG = {"png in all its colours": 0, **{f"png of {one} colours": one for one in (256, 192, 128, 96, 64, 48, 32, 16, 8)}}
GIF = {f"gif of {one} colours": one for one in (256, 192, 128, 96, 64, 48, 32, 16, 8)}
LADDERS = {"jpg": JPG, "png": PNG, "gif": GIF}


def opened(source: Path | io.BytesIO) -> Image.Image:
    """The image, a phone's too; raises what Pillow does."""
    try:
        return Image.open(source, formats=FORMATS)
    except OSError:
        if not isinstance(source, Path) or not headers.is_heif(source):
            raise
    import pillow_heif  # slow to load, and for these alone

    pillow_heif.register_heif_opener()
    return Image.open(source, formats=("HEIF",))


def read(path: Path) -> Image.Image | None:
    """The image as it is shown, without the damage of a part that no picture needs; None where the file is no image."""
    try:
        with opened(path) as picture:
            return shown(picture)
    except UnidentifiedImageError:
        if not (bare := headers.bare(path)):
            return None
    except BROKEN:
        if not (bare := headers.bare(path)):
            raise
    with opened(io.BytesIO(bare)) as picture:
        return shown(picture)


def turned(picture: Image.Image, orientation: int) -> Image.Image:
    """The picture as EXIF's orientation has it shown."""
    return picture.transpose(_TURNS[orientation]) if orientation in _TURNS else picture


def of_eight_bits(picture: Image.Image) -> Image.Image:
    """A grey picture of more bits, which Pillow would cut off at white, on white where it is transparent."""
    values = np.asarray(picture, dtype=np.float64)
    whitest = 65535 if picture.mode.startswith("I;16") else max(float(values.max()), 1.0)
    grey = (values.clip(0, whitest) * (255 / whitest)).astype(np.uint8)
    if isinstance(clear := picture.info.get("transparency"), int):
        grey[values == clear] = 255
    return Image.fromarray(grey)


def shown(picture: Image.Image) -> Image.Image:
    """A copy as it is shown: in the colours of a screen, upright, with its transparency, and nothing else."""
    if picture.width * picture.height > MOST_PIXELS:
        raise ValueError(f"{picture.width}x{picture.height} pixels are more than any creative has")
    picture.load()
    orientation = headers.photo_orientation(picture.info.get("exif") or b"")
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith(("I", "F")):
        picture, profile = of_eight_bits(picture), None
    clear = "transparency" in picture.info or "A" in picture.getbands()
    alpha = picture.convert("RGBA").getchannel("A") if clear else None
    made = (_as_srgb(picture, profile) if profile else None) or picture.convert("RGB")
    if alpha and alpha.getextrema() != (255, 255):
        made.putalpha(alpha)
    made.info = {}  # Pillow writes some of it into a file
    return turned(made, orientation)


def _as_srgb(picture: Image.Image, profile: bytes) -> Image.Image | None:
    """The picture in sRGB; None where its profile is no good or for other colours, which browsers pass over too."""
    if picture.mode not in ("L", "RGB", "CMYK"):
        picture = picture.convert("L" if picture.mode in ("LA", "La", "1") else "RGB")
    try:
        told = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(picture, told, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def placed(width: float, height: float, recipe: Recipe) -> tuple[int, int]:
    """The size at which a part of that many square pixels stands in the recipe's picture: all of it, or with bars."""
    scale = min(recipe.width / width, recipe.height / height)
    wide, tall = max(1, round(width * scale)), max(1, round(height * scale))
    bars = recipe.width - wide, recipe.height - tall
    return (recipe.width, recipe.height) if max(bars) <= _SLIVER else (wide, tall)


def canvas(picture: Image.Image, recipe: Recipe, shape: tuple[int, int] | None = None) -> Image.Image:
    """The part of the picture that the recipe keeps, at its size; `shape` is the picture's in square pixels."""
    (width, height), box = picture.size, recipe.box
    part = (
        box.left * width,
        box.top * height,
        min(width, (box.left + box.width) * width),
        min(height, (box.top + box.height) * height),
    )
    wide, tall = shape or picture.size
    size = placed(box.width * wide, box.height * tall, recipe)
    if size == (part[2] - part[0], part[3] - part[1]) and part[0] % 1 == part[1] % 1 == 0:
        made = picture.crop(part)
    else:
        made = picture.resize(size, Image.Resampling.LANCZOS, box=part)
    if size == (recipe.width, recipe.height):
        return made
    whole = Image.new("RGB", (recipe.width, recipe.height))
    at = (recipe.width - size[0]) // 2, (recipe.height - size[1]) // 2
    whole.paste(on_white(made), at)
    return whole


def on_white(picture: Image.Image) -> Image.Image:
    """The picture without transparency."""
    if picture.mode != "RGBA":
        return picture
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")


def write(picture: Image.Image, path: Path, quality: str) -> None:
    """Write a jpg or a png by the words of its ladder."""
    with path.open("wb") as file:
        if best := JPG.get(quality):
            sharp = 0 if best >= _FINE else 2
            on_white(picture).save(file, "jpeg", quality=best, subsampling=sharp, optimize=True)
        else:
            of_colours(picture, PNG[quality]).save(file, "png", optimize=True)


def of_colours(picture: Image.Image, most: int) -> Image.Image:
    """The picture with a palette of at most so many colours; 0: as it is, or with a palette that loses nothing."""
    if most == 0:
        few = picture.quantize(256) if picture.mode == "RGB" and picture.getcolors(256) else picture
        return picture if ImageChops.difference(few.convert(picture.mode), picture).getbbox() else few
    if picture.mode == "RGBA":
        return picture.quantize(most, Image.Quantize.FASTOCTREE)
    palette = picture.quantize(most, Image.Quantize.MEDIANCUT, kmeans=1)
    return picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)


def animation(source: Path, recipe: Recipe) -> tuple[list[Image.Image], list[int], int | None]:
    """An animation's pictures by the recipe, how many milliseconds each is shown, and how often all are repeated."""
    pictures, durations = [], []
    with opened(source) as file:
        repeats = file.info.get("loop")
        for frame in ImageSequence.Iterator(file):
            frame.load()  # only then some tell how long it is shown
            durations.append(frame.info.get("duration", 100))
            pictures.append(canvas(shown(frame.copy()), recipe))
    return pictures, durations, repeats


def write_animation(animated: tuple[list[Image.Image], list[int], int | None], path: Path, quality: str) -> None:
    """Write a gif by the words of its ladder."""
    pictures, durations, repeats = animated
    first, *others = (of_colours(one, GIF[quality]) for one in pictures)
    again = {} if repeats is None else {"loop": repeats}
    with path.open("wb") as file:
        first.save(file, "gif", save_all=True, append_images=others, duration=durations, disposal=2, **again)
