#!/usr/bin/env python3
"""Hashes of Pillow's bilinear resize for pictures that a formula fills, so that the test needs no large files.

    pip install pillow==11.3.0 numpy && python3 make_resize_hashes.py > resize-hashes.json

Pillow 9.4, 11.3 and 12.0 run the horizontal pass first, always; 12.3 (rarely) and 13.0 (often) run the vertical one first
where that is less work, which differs by a level here and there.  The specification (and the reference that it was checked against) is the former.

Byte i of the picture with seed s is  (((i + s) * A) ^ ((i + s) * A >> 29)) * B >> 56  in unsigned 64-bit arithmetic with
A = 0x9E3779B97F4A7C15, B = 0xBF58476D1CE4E5B9 (the mixing constants of SplitMix64).
"""
import hashlib
import json
import random

import numpy
import PIL
from PIL import Image


def filled(width, height, seed):
    index = numpy.arange(width * height * 3, dtype=numpy.uint64) + numpy.uint64(seed)
    mixed = index * numpy.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> numpy.uint64(29))) * numpy.uint64(0xBF58476D1CE4E5B9)
    return (mixed >> numpy.uint64(56)).astype(numpy.uint8).reshape(height, width, 3)


FIXED = [
    (640, 480, 896, 896), (896, 896, 896, 896), (1537, 1024, 896, 896), (896, 300, 896, 896), (300, 896, 896, 896),
    (1, 1, 896, 896), (1, 2000, 56, 56), (3000, 1, 56, 56), (2, 3, 97, 101), (1920, 1080, 896, 896), (1791, 1793, 896, 896),
    (897, 895, 896, 896), (33, 31, 32, 32), (32, 33, 32, 32), (31, 65, 64, 33), (4001, 7, 28, 28), (7, 4001, 28, 28),
]


def main():
    draw = random.Random(20)
    sizes = FIXED + [tuple(draw.choice([draw.randint(1, 40), draw.randint(1, 400)]) for _ in range(4)) for _ in range(120)]
    cases = []
    for seed, (width, height, out_width, out_height) in enumerate(sizes, start=1):
        picture = Image.fromarray(filled(width, height, seed))
        resized = picture.resize((out_width, out_height), Image.BILINEAR)
        digest = hashlib.sha256(numpy.asarray(resized).tobytes()).hexdigest()
        cases.append([width, height, out_width, out_height, seed, digest])
    lines = ",\n".join(json.dumps(case) for case in cases)
    print(f'{{"pillow": "{PIL.__version__}", "cases": [\n{lines}\n]}}')


if __name__ == "__main__":
    main()
