"""Draws the folder lights/: small photographs, as it were, of candles and of lanterns, for
configs/lights.yaml.

    python3 lights.py [PICTURES OF EACH CLASS]    # needs Pillow

Place, size, colors, background, blur and noise are drawn, the same ones each time. Most are JPEG,
some are PNG; they have different sizes, as photographs do.
"""

import random
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

SCALE = 4  # drawn larger, then made smaller: edges are smooth


def color(draw, low, high):
    return tuple(draw.randint(low, high) for _ in range(3))


def background(draw, size):
    small = Image.new("RGB", (4, 4))
    small.putdata([color(draw, 10, 150) for _ in range(16)])
    return small.resize(size, Image.BICUBIC)


def flame(pen, x, y, height):
    width = height * 0.35
    pen.ellipse((x - width, y - height, x + width, y), fill=(250, 180, 40))
    pen.ellipse((x - width / 2, y - height * 0.7, x + width / 2, y), fill=(255, 245, 190))


def candle(draw, pen, x, y, size):
    half, height = size * draw.uniform(0.1, 0.17), size * draw.uniform(0.75, 1.0)
    top = y + size * 0.5 - height * 0.7
    wax = draw.choice([(235, 225, 200), (200, 60, 50), (240, 240, 235), (90, 140, 90)])
    pen.rectangle((x - half, top, x + half, y + size * 0.5), fill=wax)
    pen.line((x, top, x, top - size * 0.06), fill=(30, 30, 30), width=3)
    flame(pen, x, top - size * 0.03, size * draw.uniform(0.22, 0.34))


def lantern(draw, pen, x, y, size):
    half, height = size * draw.uniform(0.28, 0.38), size * draw.uniform(0.6, 0.8)
    top, bottom = y - height * 0.4, y + height * 0.6
    metal = draw.choice([(60, 50, 40), (40, 40, 45), (110, 80, 40)])
    pen.rectangle((x - half, top, x + half, bottom), fill=(250, 215, 130), outline=metal, width=8)
    pen.rectangle((x - 3, top, x + 3, bottom), fill=metal)
    pen.polygon([(x - half * 1.2, top), (x + half * 1.2, top), (x, top - size * 0.25)], fill=metal)
    ring = size * 0.12
    pen.ellipse((x - ring, top - size * 0.42, x + ring, top - size * 0.2), outline=metal, width=6)
    flame(pen, x + half * 0.4, bottom - 6, height * draw.uniform(0.35, 0.55))


def picture(draw, thing):
    width, height = draw.randint(36, 56), draw.randint(36, 56)
    image = background(draw, (width * SCALE, height * SCALE))
    size = min(width, height) * SCALE * draw.uniform(0.55, 0.8)
    x = width * SCALE * draw.uniform(0.35, 0.65)
    y = height * SCALE * draw.uniform(0.45, 0.6)
    thing(draw, ImageDraw.Draw(image), x, y, size)
    image = image.filter(ImageFilter.GaussianBlur(draw.uniform(0, 3)))
    image = image.resize((width, height), Image.LANCZOS)
    noise = draw.randint(0, 12)
    pixels = [
        tuple(max(0, min(255, level + draw.randint(-noise, noise))) for level in pixel)
        for pixel in image.getdata()
    ]
    image.putdata(pixels)
    return image


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 120
    folder = Path(__file__).parent / "lights"
    draw = random.Random(15)
    for thing in (candle, lantern):
        of_class = folder / thing.__name__
        of_class.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            image = picture(draw, thing)
            if number % 20 == 0:
                image.quantize(48).save(of_class / f"{number:03}.png", optimize=True)
            else:
                image.save(of_class / f"{number:03}.jpg", quality=75)


main()
