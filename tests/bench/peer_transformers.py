"""transformers beside Lapidary on a GPU: the same true-shape model in bfloat16, in the same minutes.

    python3 tests/bench/peer_transformers.py LAPIDARY MODEL_FOLDER [--device cuda] [--tokens 512] [--new-tokens 64] [--rounds 3]

MODEL_FOLDER: a text model as `true_shape 270m bf16 FOLDER` writes it.  Both read a prompt at once and then write one token at a time,
greedily, with a cache; printed are the medians of tokens a second and Lapidary's share of the peer's.  Needs torch and transformers.
"""
import argparse
import json
import statistics
import subprocess
import time

import torch
import transformers


def ours(arguments) -> dict:
    command = [arguments.lapidary, "bench", "--model", arguments.model, "--device", arguments.device, "--dtype", "bfloat16", "--json",
               "--prompt-tokens", str(arguments.tokens), "--max-new-tokens", str(arguments.new_tokens), "--rounds", "3"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {name: found[name]["tokens_per_second"] for name in ("prefill", "decode")}


@torch.inference_mode()
def theirs(model, arguments) -> dict:
    prompt = torch.tensor([[2] + [(7919 * i) % 200000 + 500 for i in range(arguments.tokens - 1)]], device=arguments.device)
    best = {"prefill": 0.0, "decode": 0.0}
    for _ in range(3):
        torch.cuda.synchronize()
        start = time.perf_counter()
        output = model(input_ids=prompt, use_cache=True, logits_to_keep=1)
        token = output.logits[:, -1].argmax(-1, keepdim=True)
        token.item()
        best["prefill"] = max(best["prefill"], arguments.tokens / (time.perf_counter() - start))
        start = time.perf_counter()
        for _ in range(arguments.new_tokens):
            output = model(input_ids=token, past_key_values=output.past_key_values, use_cache=True)
            token = output.logits[:, -1].argmax(-1, keepdim=True)
            token.item()
        best["decode"] = max(best["decode"], arguments.new_tokens / (time.perf_counter() - start))
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lapidary")
    parser.add_argument("model")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--new-tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    model = transformers.AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.bfloat16, attn_implementation="sdpa")
    model = model.to(arguments.device).eval()
    mine, peers = [], []
    for _ in range(arguments.rounds):
        mine.append(ours(arguments))
        peers.append(theirs(model, arguments))
    for name in ("prefill", "decode"):
        a, b = (statistics.median(run[name] for run in runs) for runs in (mine, peers))
        print(f"{name} tokens/s: lapidary {a:.0f}, transformers {b:.0f}, ratio {a / b:.2f}")


if __name__ == "__main__":
    main()
