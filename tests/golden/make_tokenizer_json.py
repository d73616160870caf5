#!/usr/bin/env python3
"""Writes Gemma 3's tokenizer.json again from the small SentencePiece file, by specification 6.2.

    make_tokenizer_json.py reconstructed.spm.model OUTPUT

33 MB that need not be committed: vocabulary and added tokens follow from the pieces, the 514,906 merges from pieces and scores.
The result is byte for byte the file that the vectors were made with (its sha256 is checked).  Standard library only.
"""
import hashlib
import json
import os
import struct
import sys

SHA256 = "4667f2089529e8e7657cfb6d1c19910ae71ff5f28aa7ab2ff2763330affad795"
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
SPECIAL = {
    "<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>",
    "<start_of_image>", "<end_of_image>", "<image_soft_token>",
}


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def fields(data):
    """(field number, value) of one protobuf message; lengths are checked by slicing alone: the input is our own file."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 2:
            size, at = varint(data, at)
            value = data[at:at + size]
            at += size
        elif kind == 5:
            value = struct.unpack("<f", data[at:at + 4])[0]
            at += 4
        else:
            raise SystemExit(f"unexpected wire type {kind}")
        yield key >> 3, value


def read_pieces(path):
    with open(path, "rb") as file:
        data = file.read()
    pieces = []
    for number, value in fields(data):
        if number == 1:
            piece = {1: b"", 2: 0.0, 3: NORMAL}
            piece.update(fields(value))
            pieces.append((piece[1].decode("utf-8"), piece[2], piece[3]))
    return pieces


def merges_of(pieces):
    """All splits of a piece into two pieces, by score, then length of the left part, then of the right, descending."""
    known = {piece for piece, _, _ in pieces}
    found = []
    for index, (piece, score, _) in enumerate(pieces):
        for cut in range(1, len(piece)):
            left, right = piece[:cut], piece[cut:]
            if left in known and right in known:
                found.append((-score, -len(left), -len(right), index, left, right))
    found.sort(key=lambda entry: entry[:4])
    return [[left, right] for *_, left, right in found]


def added_tokens_of(pieces):
    added = [(index, piece) for index, (piece, _, kind) in enumerate(pieces) if kind in (UNKNOWN, CONTROL, USER_DEFINED)]
    added.append((len(pieces), "<image_soft_token>"))
    return [{
        "id": index, "content": piece, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
        "special": piece in SPECIAL,
    } for index, piece in added]


def document(pieces):
    bos = {"SpecialToken": {"id": "<bos>", "type_id": 0}}
    second = [{"SpecialToken": {"id": "<bos>", "type_id": 1}}, {"Sequence": {"id": "B", "type_id": 1}}]
    single = [bos, {"Sequence": {"id": "A", "type_id": 0}}]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added_tokens_of(pieces),
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"},
        "pre_tokenizer": {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False},
        "post_processor": {
            "type": "TemplateProcessing", "single": single, "pair": single + second,
            "special_tokens": {"<bos>": {"id": "<bos>", "ids": [2], "tokens": ["<bos>"]}},
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
            ],
        },
        "model": {
            "type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": True, "byte_fallback": True, "ignore_merges": False,
            "vocab": {piece: index for index, (piece, _, _) in enumerate(pieces)},
            "merges": merges_of(pieces),
        },
    }


def main(source, target):
    text = json.dumps(document(read_pieces(source)), ensure_ascii=False, indent=2).encode("utf-8")
    found = hashlib.sha256(text).hexdigest()
    if found != SHA256:
        raise SystemExit(f"{target}: sha256 {found}, expected {SHA256} ({len(text)} bytes); nothing written")
    partial = target + ".partial"
    with open(partial, "wb") as file:
        file.write(text)
    os.replace(partial, target)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
