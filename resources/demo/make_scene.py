#!/usr/bin/env python3
"""Draws scene.jpg, the picture of `installer/run.sh`: a wide landscape that is stored lying on its side with EXIF orientation 6, as
a phone held upright would store it.  1600 x 900 pixels upright, so that pan & scan makes two crops.

    pip install pillow && python3 make_scene.py scene.jpg

All of it is drawn here; no picture of anybody else is used.
"""
import math
import random
import sys

from PIL import Image, ImageDraw

WIDTH, HEIGHT, FINER = 1600, 900, 2


def scaled(*points):
    return [(x * FINER, y * FINER) for x, y in points]


def ridge(draw, level, amplitude, colour, seed):
    draw_from = random.Random(seed)
    waves = [(draw_from.uniform(0.002, 0.011), draw_from.uniform(0, 6.3), draw_from.uniform(0.3, 1.0)) for _ in range(4)]
    top = [(x, level - amplitude * sum(w * math.sin(f * x + p) for f, p, w in waves) / 2) for x in range(0, WIDTH + 1, 4)]
    draw.polygon(scaled(*top, (WIDTH, HEIGHT), (0, HEIGHT)), fill=colour)


def tree(draw, x, y, size):
    draw.rectangle(scaled((x - size * 0.06, y - size * 0.25), (x + size * 0.06, y)), fill=(96, 66, 44))
    for step in range(3):
        half, low = size * (0.34 - 0.07 * step), y - size * (0.2 + 0.22 * step)
        draw.polygon(scaled((x - half, low), (x + half, low), (x, low - size * 0.38)), fill=(34, 92 + 14 * step, 62))


def house(draw, x, y):
    draw.rectangle(scaled((x, y - 120), (x + 190, y)), fill=(236, 222, 196))
    draw.polygon(scaled((x - 22, y - 118), (x + 212, y - 118), (x + 95, y - 205)), fill=(178, 62, 48))
    draw.rectangle(scaled((x + 78, y - 78), (x + 116, y)), fill=(110, 74, 48))
    for left in (18, 134):
        draw.rectangle(scaled((x + left, y - 92), (x + left + 38, y - 54)), fill=(126, 178, 214), outline=(90, 70, 50), width=4 * FINER)


def sailing_boat(draw, x, y):
    draw.polygon(scaled((x - 70, y), (x + 70, y), (x + 44, y + 30), (x - 44, y + 30)), fill=(120, 48, 40))
    draw.polygon(scaled((x - 4, y - 8), (x - 4, y - 150), (x - 66, y - 8)), fill=(250, 248, 240))
    draw.polygon(scaled((x + 4, y - 8), (x + 4, y - 130), (x + 52, y - 8)), fill=(244, 200, 72))


def scene():
    picture = Image.new("RGB", (WIDTH * FINER, HEIGHT * FINER))
    draw = ImageDraw.Draw(picture)
    for y in range(HEIGHT * FINER):
        part = y / (HEIGHT * FINER)
        draw.line([(0, y), (WIDTH * FINER, y)], fill=(int(96 + 140 * part), int(164 + 60 * part), int(228 - 10 * part)))
    draw.ellipse(scaled((1230, 90), (1370, 230)), fill=(255, 224, 120))
    for x, y in ((240, 150), (620, 95), (980, 190)):
        for dx, dy, r in ((0, 0, 44), (46, 10, 36), (-44, 12, 32), (14, -20, 34)):
            draw.ellipse(scaled((x + dx - r, y + dy - r * 0.6), (x + dx + r, y + dy + r * 0.6)), fill=(250, 250, 252))
    ridge(draw, 430, 120, (122, 142, 176), 3)
    ridge(draw, 520, 80, (92, 130, 128), 5)
    ridge(draw, 610, 44, (104, 152, 84), 8)
    draw.polygon(scaled((820, 700), (1600, 660), (1600, 900), (700, 900)), fill=(66, 128, 178))
    house(draw, 300, 720)
    for x, y, size in ((120, 700, 210), (190, 760, 240), (580, 720, 180), (660, 770, 230), (60, 800, 260)):
        tree(draw, x, y, size)
    sailing_boat(draw, 1220, 770)
    return picture.resize((WIDTH, HEIGHT), Image.LANCZOS)


def main():
    # Orientation 6: "turn the stored picture 90 degrees clockwise to see it upright".
    exif = Image.Exif()
    exif[0x0112] = 6
    scene().transpose(Image.Transpose.ROTATE_90).save(sys.argv[1], quality=82, exif=exif, optimize=True)


if __name__ == "__main__":
    main()
