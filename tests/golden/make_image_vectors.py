#!/usr/bin/env python3
"""Small pictures of every kind that Lapidary reads, and what Pillow makes of them.

    pip install pillow==11.3.0 numpy && python3 make_image_vectors.py images

Writes images/<name> and images/expected.json: [name, width, height, sha256 of the bytes of
ImageOps.exif_transpose(Image.open(name)).convert("RGB")].  The pictures are drawn by formulas below.
"""
import hashlib
import json
import pathlib
import struct
import sys
import zlib

import numpy
import PIL
from PIL import Image, ImageOps

WIDTH, HEIGHT = 37, 23


def drawing(width=WIDTH, height=HEIGHT, channels=3, seed=1):
    """A gradient with noise: no two channels, rows or columns alike, so that a swap shows."""
    y, x, c = numpy.mgrid[0:height, 0:width, 0:channels]
    noise = numpy.random.default_rng(seed).integers(0, 60, (height, width, channels))
    return ((x * 5 + y * (7 - 2 * c) + c * 50 + noise) % 256).astype(numpy.uint8)


def smooth(width=WIDTH, height=HEIGHT):
    y, x = numpy.mgrid[0:height, 0:width]
    return numpy.stack([x * 6 % 256, (y * 10) % 256, (x + y) * 4 % 256], axis=2).astype(numpy.uint8)


# ---- PNG by hand: Pillow writes neither 16-bit colour nor interlaced files.

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def packed_rows(samples, bits):
    """samples [height, width, channels] → filter byte and packed samples of each row."""
    rows = b""
    for row in samples:
        flat = row.reshape(-1)
        if bits == 16:
            rows += b"\0" + flat.astype(">u2").tobytes()
        elif bits == 8:
            rows += b"\0" + flat.astype(numpy.uint8).tobytes()
        else:
            ones = "".join(format(int(v), f"0{bits}b") for v in flat)
            ones += "0" * (-len(ones) % 8)
            rows += b"\0" + bytes(int(ones[i:i + 8], 2) for i in range(0, len(ones), 8))
    return rows


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png(samples, bits, colour_type, interlaced=False, extra=b""):
    height, width = samples.shape[:2]
    if interlaced:
        passes = [samples[y0::dy, x0::dx] for x0, y0, dx, dy in ADAM7]
        data = b"".join(packed_rows(p, bits) for p in passes if p.size)
    else:
        data = packed_rows(samples, bits)
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 1 if interlaced else 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b""))


def deep(channels, seed=5):
    return numpy.random.default_rng(seed).integers(0, 65536, (HEIGHT, WIDTH, channels))


def exif(orientation):
    block = Image.Exif()
    block[0x0112] = orientation
    return block.tobytes()


def png_files(folder):
    rgb = Image.fromarray(drawing())
    rgb.save(folder / "rgb.png")
    Image.fromarray(drawing(channels=4), "RGBA").save(folder / "rgba.png")
    Image.fromarray(drawing(channels=2), "LA").save(folder / "la.png")
    Image.fromarray(drawing()[:, :, 0], "L").save(folder / "grey.png")
    Image.fromarray(drawing()[:, :, 0], "L").convert("1").save(folder / "one-bit.png")
    rgb.quantize(200).save(folder / "palette.png")
    rgb.quantize(200).save(folder / "palette-transparent.png", transparency=bytes(range(200)))
    rgb.quantize(200).save(folder / "palette-one-transparent.png", transparency=3)
    rgb.quantize(4).save(folder / "palette-2-bit.png", bits=2)
    rgb.save(folder / "colour-key.png", transparency=tuple(int(v) for v in drawing()[0, 0]))
    Image.fromarray(drawing()[:, :, 0], "L").save(folder / "grey-key.png", transparency=77)
    grey16 = deep(1)
    grey16[:8] %= 400  # some below and some just above 255, where clipping shows
    (folder / "grey16.png").write_bytes(png(grey16, 16, 0))
    (folder / "rgb16.png").write_bytes(png(deep(3), 16, 2))
    (folder / "rgba16.png").write_bytes(png(deep(4), 16, 6))
    (folder / "la16.png").write_bytes(png(deep(2), 16, 4))
    (folder / "grey16-interlaced.png").write_bytes(png(grey16, 16, 0, True))
    (folder / "rgb-interlaced.png").write_bytes(png(drawing(seed=2), 8, 2, True))
    (folder / "rgba-interlaced.png").write_bytes(png(drawing(channels=4, seed=2), 8, 6, True))
    for bits in (1, 2, 4):
        samples = drawing()[:, :, :1] >> (8 - bits)
        (folder / f"grey-{bits}-bit-interlaced.png").write_bytes(png(samples, bits, 0, True))
        (folder / f"grey-{bits}-bit.png").write_bytes(png(samples, bits, 0))
    gamma = chunk(b"gAMA", struct.pack(">I", 100000)) + chunk(b"sBIT", b"\5\6\5") + chunk(b"pHYs", struct.pack(">IIB", 1, 2, 0))
    (folder / "gamma.png").write_bytes(png(drawing(seed=3), 8, 2, extra=gamma))
    rgb.save(folder / "exif-6.png", exif=exif(6))
    xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="8"/></x:xmpmeta>'
    packet = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp.encode())
    (folder / "xmp-8.png").write_bytes(png(drawing(seed=4), 8, 2, extra=packet))
    (folder / "exif-behind-the-pixels.png").write_bytes(
        png(drawing(seed=3), 8, 2).replace(chunk(b"IEND", b""), chunk(b"eXIf", exif(3)[6:]) + chunk(b"IEND", b"")))
    frames = [Image.fromarray(drawing(seed=s)) for s in (6, 7, 8)]
    frames[0].save(folder / "animated.png", save_all=True, append_images=frames[1:], duration=100)


def jpeg_files(folder):
    rgb = Image.fromarray(smooth())
    rgb.save(folder / "444.jpg", quality=90, subsampling=0)
    rgb.save(folder / "422.jpg", quality=90, subsampling=1)
    rgb.save(folder / "420.jpg", quality=75, subsampling=2)
    rgb.save(folder / "progressive.jpg", quality=80, progressive=True)
    rgb.save(folder / "rgb-kept.jpg", quality=90, keep_rgb=True)
    Image.fromarray(drawing()).save(folder / "noise.jpg", quality=60)
    Image.fromarray(drawing()[:, :, 0], "L").save(folder / "grey.jpg", quality=85)
    cmyk = Image.fromarray(numpy.concatenate([smooth(), smooth()[:, :, :1] // 2], axis=2), "CMYK")
    cmyk.save(folder / "cmyk.jpg", quality=90)
    both = Image.Exif()
    both[0x010F] = "Maker"  # EXIF without an orientation, so that XMP's counts
    rgb.save(folder / "exif-and-xmp-8.jpg", quality=85, exif=both, xmp=b'<a tiff:Orientation="8"/>')
    data = bytearray((folder / "cmyk.jpg").read_bytes())
    adobe = data.index(b"Adobe")
    data[adobe + 11] = 2  # the marker's transform byte: the same coefficients, now read as YCCK
    (folder / "ycck.jpg").write_bytes(data)
    for orientation in range(1, 9):
        rgb.save(folder / f"exif-{orientation}.jpg", quality=85, exif=exif(orientation))
    rgb.save(folder / "exif-9.jpg", quality=85, exif=exif(9))  # not an orientation: left as stored
    rgb.save(folder / "xmp-6.jpg", quality=85, xmp=b'<x:xmpmeta><tiff:Orientation>6</tiff:Orientation></x:xmpmeta>')


def webp_files(folder):
    rgb = Image.fromarray(smooth())
    rgba = Image.fromarray(drawing(channels=4), "RGBA")
    rgb.save(folder / "lossy.webp", quality=80)
    rgb.save(folder / "lossless.webp", lossless=True)
    rgba.save(folder / "lossy-alpha.webp", quality=80)
    rgba.save(folder / "lossless-alpha.webp", lossless=True, exact=True)
    rgb.save(folder / "exif-5.webp", lossless=True, exif=exif(5))
    frames = [Image.fromarray(drawing(channels=4, seed=s), "RGBA") for s in (6, 7, 8)]
    frames[0].save(folder / "animated.webp", save_all=True, append_images=frames[1:], duration=100, lossless=True)


# ---- BMP by hand: Pillow writes few of its kinds.

def bmp(info, palette, rows, masks=b""):
    offset = 14 + len(info) + len(masks) + len(palette)
    return b"BM" + struct.pack("<IHHI", offset + len(rows), 0, 0, offset) + info + masks + palette + rows


def bmp_info(bits, compression=0, size=0, height=HEIGHT, colours=0):
    return struct.pack("<IiiHHIIiiII", 40, WIDTH, height, 1, bits, compression, size, 2835, 2835, colours, 0)


def bmp_files(folder):
    rgb = Image.fromarray(drawing())
    rgb.save(folder / "rgb.bmp")
    rgb.quantize(200).save(folder / "palette.bmp")
    Image.fromarray(drawing()[:, :, 0], "L").save(folder / "grey.bmp")
    Image.fromarray(drawing()[:, :, 0], "L").convert("1").save(folder / "one-bit.bmp")
    Image.fromarray(drawing(channels=4), "RGBA").save(folder / "rgba.bmp")
    pixels = numpy.random.default_rng(9).integers(0, 65536, (HEIGHT, WIDTH)).astype("<u2")
    padded = numpy.pad(pixels, ((0, 0), (0, WIDTH % 2)))
    (folder / "555.bmp").write_bytes(bmp(bmp_info(16), b"", padded.tobytes()))
    masks = struct.pack("<III", 0xF800, 0x7E0, 0x1F)
    (folder / "565.bmp").write_bytes(bmp(bmp_info(16, 3), b"", padded.tobytes(), masks))
    four = numpy.random.default_rng(10).integers(0, 256, (HEIGHT, 20)).astype(numpy.uint8)
    colours = numpy.random.default_rng(11).integers(0, 256, (16, 4)).astype(numpy.uint8).tobytes()
    (folder / "16-colours.bmp").write_bytes(bmp(bmp_info(4, colours=16), colours, four.tobytes()))
    wide = numpy.random.default_rng(12).integers(0, 256, (HEIGHT, WIDTH, 4)).astype(numpy.uint8)
    (folder / "32-bit.bmp").write_bytes(bmp(bmp_info(32), b"", wide.tobytes()))
    masks = struct.pack("<III", 0xFF, 0xFF00, 0xFF0000)
    (folder / "32-bit-fields.bmp").write_bytes(bmp(bmp_info(32, 3), b"", wide.tobytes(), masks))
    three = drawing(seed=13)
    rows = b"".join(row.tobytes() + b"\0" * (-len(row.tobytes()) % 4) for row in three)
    (folder / "top-down.bmp").write_bytes(bmp(bmp_info(24, height=-HEIGHT), b"", rows))
    core = struct.pack("<IHHHH", 12, WIDTH, HEIGHT, 1, 24)
    (folder / "core-header.bmp").write_bytes(bmp(core, b"", rows))
    grey = b"".join(bytes([i, 255 - i, i // 2, 0]) for i in range(256))
    runs = b""
    for y in range(HEIGHT):
        runs += bytes([20, y * 3 % 256]) + bytes([0, 5]) + bytes([1, 2, 3, 250, y]) + b"\0" + bytes([12, 200]) + b"\0\0"
    runs += b"\0\1"
    (folder / "rle8.bmp").write_bytes(bmp(bmp_info(8, 1, len(runs), colours=256), grey, runs))
    runs4 = b""
    for y in range(HEIGHT):
        runs4 += bytes([31, 0x10 | y % 16]) + bytes([0, 6]) + b"\x12\x34\x56\0" + b"\0\0"
    runs4 += b"\0\1"
    (folder / "rle4.bmp").write_bytes(bmp(bmp_info(4, 2, len(runs4), colours=16), colours, runs4))


def tiff_files(folder):
    rgb = Image.fromarray(drawing())
    grey = Image.fromarray(drawing()[:, :, 0], "L")
    rgb.save(folder / "rgb.tif")
    rgb.save(folder / "lzw.tif", compression="tiff_lzw")
    rgb.save(folder / "deflate.tif", compression="tiff_adobe_deflate")
    Image.fromarray(smooth()).save(folder / "jpeg.tif", compression="jpeg", quality=90)
    rgb.save(folder / "packbits.tif", compression="packbits")
    Image.fromarray(drawing(channels=4), "RGBA").save(folder / "rgba.tif")
    Image.fromarray(drawing(channels=2), "LA").save(folder / "la.tif")
    grey.save(folder / "grey.tif")
    grey.convert("1").save(folder / "one-bit.tif")
    grey.convert("1").save(folder / "fax.tif", compression="group4")
    rgb.quantize(200).save(folder / "palette.tif")
    Image.fromarray(drawing(channels=4), "CMYK").save(folder / "cmyk.tif")
    values = deep(1)[:, :, 0].astype(numpy.uint16)
    values[:8] %= 400
    Image.fromarray(values).save(folder / "grey16.tif")
    for orientation in range(1, 9):
        rgb.save(folder / f"orientation-{orientation}.tif", tiffinfo={0x0112: orientation}, compression="tiff_lzw")
    (folder / "rgb16.tif").write_bytes(tiff_by_hand(deep(3), 16, 2))
    (folder / "big-endian.tif").write_bytes(tiff_by_hand(drawing(seed=14), 8, 2, ">"))
    (folder / "big-endian-grey16.tif").write_bytes(tiff_by_hand(values[:, :, None], 16, 1, ">"))
    (folder / "planar.tif").write_bytes(tiff_by_hand(drawing(seed=15), 8, 2, planar=True))
    (folder / "white-is-zero.tif").write_bytes(tiff_by_hand(drawing()[:, :, :1], 8, 0))
    (folder / "tiled.tif").write_bytes(tiff_by_hand(drawing(seed=16), 8, 2, tile=16))
    frames = [Image.fromarray(drawing(seed=s)) for s in (6, 7)]
    frames[0].save(folder / "two-pages.tif", save_all=True, append_images=frames[1:])
    four = drawing(channels=4, seed=18)
    for kind, name in enumerate(("unspecified", "premultiplied", "straight")):
        (folder / f"alpha-{name}.tif").write_bytes(tiff_by_hand(four, 8, 2, tags=[(338, "H", [kind])]))
    (folder / "alpha-planar.tif").write_bytes(tiff_by_hand(four, 8, 2, planar=True, tags=[(338, "H", [2])]))
    (folder / "cmyk-planar.tif").write_bytes(tiff_by_hand(four, 8, 5, planar=True))
    (folder / "tiled-big-endian.tif").write_bytes(tiff_by_hand(drawing(60, 50, seed=19), 8, 2, ">", tile=32))
    (folder / "rgba16.tif").write_bytes(tiff_by_hand(deep(4), 16, 2, tags=[(338, "H", [2])]))
    (folder / "cmyk16.tif").write_bytes(tiff_by_hand(deep(4), 16, 5))
    (folder / "white-is-zero-16.tif").write_bytes(tiff_by_hand(values[:, :, None], 16, 0))
    for bits in (1, 2, 4):
        small = drawing(seed=20)[:, :, :1] >> (8 - bits)
        (folder / f"grey-{bits}-bit.tif").write_bytes(tiff_by_hand(small, bits, 1))
        (folder / f"white-{bits}-bit.tif").write_bytes(tiff_by_hand(small, bits, 0))
        colours = [int(v) for v in numpy.random.default_rng(21).integers(0, 65536, 3 << bits)]
        (folder / f"palette-{bits}-bit.tif").write_bytes(tiff_by_hand(small, bits, 3, tags=[(320, "H", colours)]))
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="3"/></x:xmpmeta>'
    (folder / "xmp-3.tif").write_bytes(tiff_by_hand(drawing(seed=22), 8, 2, tags=[(700, "B", list(xmp))]))


def tiff_by_hand(samples, bits, photometric, endian="<", planar=False, tile=0, tags=()):
    height, width, channels = samples.shape
    kind = numpy.dtype(f"{endian}u{max(bits // 8, 1)}")
    more_tags = list(tags)
    if bits < 8:
        rows, row_bytes = packed_rows(samples, bits), 1 + (width * channels * bits + 7) // 8
        pieces = [b"".join(rows[y * row_bytes + 1:(y + 1) * row_bytes] for y in range(height))]
    elif planar:
        pieces = [samples[:, :, c].astype(kind).tobytes() for c in range(channels)]
    elif tile:
        pieces = []
        for y in range(0, height, tile):
            for x in range(0, width, tile):
                block = numpy.zeros((tile, tile, channels), kind)
                part = samples[y:y + tile, x:x + tile]
                block[:part.shape[0], :part.shape[1]] = part
                pieces.append(block.tobytes())
    else:
        pieces = [samples.astype(kind).tobytes()]
    data = b"".join(pieces)
    offsets = [8 + sum(len(p) for p in pieces[:i]) for i in range(len(pieces))]
    sizes = [len(p) for p in pieces]
    tags = [(256, "I", [width]), (257, "I", [height]), (258, "H", [bits] * channels), (259, "H", [1]), (262, "H", [photometric]),
            (277, "H", [channels]), (284, "H", [2 if planar else 1])]
    tags += [(322, "I", [tile]), (323, "I", [tile]), (324, "I", offsets), (325, "I", sizes)] if tile else \
            [(273, "I", offsets), (278, "I", [height]), (279, "I", sizes)]
    tags = sorted(tags + more_tags)
    at = 8 + len(data)
    extra_at = at + 2 + 12 * len(tags) + 4
    entries, extra = b"", b""
    for tag, code, values in tags:
        body = struct.pack(f"{endian}{len(values)}{code}", *values)
        if len(body) <= 4:
            field = body.ljust(4, b"\0")
        else:
            field = struct.pack(f"{endian}I", extra_at + len(extra))
            extra += body
        entries += struct.pack(f"{endian}HHI", tag, {"B": 1, "H": 3, "I": 4}[code], len(values)) + field
    mark = b"II*\0" if endian == "<" else b"MM\0*"
    return mark + struct.pack(f"{endian}I", at) + data + struct.pack(f"{endian}H", len(tags)) + entries + b"\0\0\0\0" + extra


# ---- GIF by hand: an offset first frame, with and without a transparent colour.

def gif(frames, global_palette, screen=(WIDTH, HEIGHT), background=0, colour_bits=8):
    data = b"GIF89a" + struct.pack("<HH", *screen)
    data += (bytes([0x7F + colour_bits, background, 0]) + global_palette) if global_palette else bytes([0x07, background, 0])
    return data + b"".join(frames) + b";"


def gif_frame(indices, left, top, palette=b"", transparent=None, interlaced=False):
    height, width = indices.shape
    order = [y for start, step in ((0, 8), (4, 8), (2, 4), (1, 2)) for y in range(start, height, step)] if interlaced else range(height)
    values = [int(v) for y in order for v in indices[y]]
    bits = ""
    for i, value in enumerate(values):  # literal codes of 9 bits with a clear code often enough to stay at 9
        if i % 100 == 0:
            bits = format(256, "09b")[::-1].join([bits, ""])
        bits += format(value, "09b")[::-1]
    bits += format(257, "09b")[::-1]
    bits += "0" * (-len(bits) % 8)
    packed = bytes(int(bits[i:i + 8][::-1], 2) for i in range(0, len(bits), 8))
    blocks = b"".join(bytes([len(packed[i:i + 255])]) + packed[i:i + 255] for i in range(0, len(packed), 255))
    control = b"" if transparent is None else b"\x21\xf9\x04\x01\0\0" + bytes([transparent]) + b"\0"
    flags = (0x87 if palette else 0) | (0x40 if interlaced else 0)
    return control + b"," + struct.pack("<HHHHB", left, top, width, height, flags) + palette + b"\x08" + blocks + b"\0"


def gif_files(folder):
    rgb = Image.fromarray(drawing())
    rgb.quantize(100).save(folder / "still.gif")
    frames = [Image.fromarray(drawing(seed=s)).quantize(64) for s in (6, 7, 8)]
    frames[0].save(folder / "animated.gif", save_all=True, append_images=frames[1:], duration=100)
    random = numpy.random.default_rng(17)
    palette = random.integers(0, 256, 768).astype(numpy.uint8).tobytes()
    local = random.integers(0, 256, 768).astype(numpy.uint8).tobytes()
    whole = random.integers(0, 256, (HEIGHT, WIDTH))
    part = random.integers(0, 256, (11, 20))
    (folder / "interlaced.gif").write_bytes(gif([gif_frame(whole, 0, 0, interlaced=True)], palette))
    (folder / "offset.gif").write_bytes(gif([gif_frame(part, 9, 5)], palette, background=7))
    (folder / "offset-transparent.gif").write_bytes(gif([gif_frame(part, 9, 5, transparent=33)], palette, background=7))
    (folder / "local-palette.gif").write_bytes(gif([gif_frame(whole, 0, 0, local, transparent=5)], palette))
    (folder / "no-palette.gif").write_bytes(gif([gif_frame(whole, 0, 0)], b""))
    (folder / "few-colours.gif").write_bytes(gif([gif_frame(whole, 0, 0)], palette[:12], colour_bits=2))
    (folder / "larger-than-screen.gif").write_bytes(gif([gif_frame(whole, 3, 2)], palette))


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    for write in (png_files, jpeg_files, webp_files, bmp_files, tiff_files, gif_files):
        write(folder)
    expected = []
    for path in sorted(folder.iterdir()):
        if path.suffix == ".json":
            continue
        try:
            picture = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        except Exception as problem:  # a kind that Pillow itself cannot read is no vector
            print(path.name, problem, file=sys.stderr)
            path.unlink()
            continue
        expected.append([path.name, picture.width, picture.height, hashlib.sha256(picture.tobytes()).hexdigest()])
    lines = ",\n".join(json.dumps(entry) for entry in expected)
    (folder / "expected.json").write_text(f'{{"pillow": "{PIL.__version__}", "pictures": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
