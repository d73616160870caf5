"""llama.cpp beside Lapidary on the same GGUF file, in the same minutes.

    python3 tests/bench/peer_llama_cpp.py LAPIDARY [MODEL.gguf] [--threads 2] [--rounds 3] [--decode-at-least RATIO]

Needs llama-cpp-python (0.3.36 was used); where a virtual machine announces AMX but does not allow it, build that package with
CMAKE_ARGS="-DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_AVX512=ON -DGGML_AVX512_VNNI=ON -DGGML_AMX_TILE=OFF -DGGML_AMX_INT8=OFF".
Both read 512 tokens and then decode 64, in turns; printed are the medians, and Lapidary's share of the peer's.  Without a model it is
the 270M that installer/setup.sh fetched.  With --decode-at-least the exit code is 1 where the share of decoding is smaller.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import llama_cpp


def real_model() -> str:
    """As tests/support/places.cpp."""
    own, xdg = os.environ.get("LAPIDARY_CACHE"), os.environ.get("XDG_CACHE_HOME")
    cache = pathlib.Path(own) if own else (pathlib.Path(xdg) if xdg else pathlib.Path.home() / ".cache") / "lapidary"
    path = cache / "models" / "gemma-3-270m-q4_k_m.gguf"
    if not path.is_file():
        sys.exit(f"missing {path}: run installer/setup.sh")
    return str(path)


def open_peer(path: str, threads: int):
    model = llama_cpp.llama_model_load_from_file(path.encode(), llama_cpp.llama_model_default_params())
    settings = llama_cpp.llama_context_default_params()
    settings.n_ctx, settings.n_batch, settings.n_ubatch = 1024, 512, 512
    settings.n_threads = settings.n_threads_batch = threads
    return llama_cpp.llama_init_from_model(model, settings)


def decode(context, tokens: list[int], position: int) -> None:
    batch = llama_cpp.llama_batch_init(len(tokens), 0, 1)
    batch.n_tokens = len(tokens)
    for i, token in enumerate(tokens):
        batch.token[i], batch.pos[i], batch.n_seq_id[i] = token, position + i, 1
        batch.seq_id[i][0] = 0
        batch.logits[i] = int(i == len(tokens) - 1)
    if llama_cpp.llama_decode(context, batch) != 0:
        raise SystemExit("llama_decode failed")
    llama_cpp.llama_batch_free(batch)


def peer_round(context) -> tuple[float, float]:
    llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
    prompt = [2] + [(7919 * i) % 200000 + 500 for i in range(511)]
    start = time.perf_counter()
    decode(context, prompt, 0)
    prefill = len(prompt) / (time.perf_counter() - start)
    start = time.perf_counter()
    for i in range(64):
        decode(context, [1000 + i], len(prompt) + i)
    return prefill, 64 / (time.perf_counter() - start)


def our_round(program: str, model: str, threads: int) -> tuple[float, float]:
    words = [program, "bench", "--model", model, "--threads", str(threads), "--json"]
    figures = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return figures["prefill"]["tokens_per_second"], figures["decode"]["tokens_per_second"]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("lapidary")
    parser.add_argument("model", nargs="?", default=None)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--decode-at-least", type=float, default=0.0)
    options = parser.parse_args()
    options.model = options.model or real_model()
    llama_cpp.llama_backend_init()
    start = time.perf_counter()
    context = open_peer(options.model, options.threads)
    print(f"peer opens in {time.perf_counter() - start:.2f} s")
    peer_round(context)  # warm-up
    ours, peers = [], []
    for _ in range(options.rounds):
        ours.append(our_round(options.lapidary, options.model, options.threads))
        peers.append(peer_round(context))
    for place, name in enumerate(("prefill 512", "decode 64")):
        mine, theirs = (statistics.median(row[place] for row in rows) for rows in (ours, peers))
        print(f"{name:12} lapidary {mine:7.1f}  llama.cpp {theirs:7.1f} tokens/s  ratio {mine / theirs:.2f}")
    return 1 if mine / theirs < options.decode_at_least else 0


if __name__ == "__main__":
    sys.exit(main())
