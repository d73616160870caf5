"""peft and transformers beside `lapidary finetune`: the same LoRA steps on the same true-shape model, in the same minutes.

    python3 tests/bench/peer_peft.py LAPIDARY MODEL_FOLDER [--device cpu] [--dtype float32] [--tokens 512] [--batch 2] [--steps 6]
                                     [--threads 2] [--rounds 2]

MODEL_FOLDER: a text model as `true_shape 270m bf16 FOLDER` writes it, with a tokenizer.model or tokenizer.json beside it.  Both train
LoRA of rank 16 on every linear layer, the adapter in float32 and B zero, on the same token
ids: Lapidary tokenizes, `lapidary dataset preview --json` gives the ids to the peer.  Losses are compared first; then printed are the
medians of tokens a second (padding not counted) and the peaks of private resident memory (on a GPU: of what the allocator took of its
memory), and Lapidary's share of the peer's.  In bfloat16 the first losses may differ by its rounding.
Needs torch 2.11, transformers 5.17 and peft 0.21.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def private_bytes(pid: int) -> int:
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


def run_watched(command: list[str], environment: dict[str, str]) -> tuple[str, int]:
    """Standard output and the peak of private resident memory."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
    peak = 0

    def watch() -> None:
        nonlocal peak
        while process.poll() is None:
            peak = max(peak, private_bytes(process.pid))
            time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    out, _ = process.communicate()
    watcher.join()
    if process.returncode != 0:
        sys.exit(f"{command[0]} ended with code {process.returncode}")
    return out, peak


def write_data(folder: pathlib.Path, rows: int, words: int) -> pathlib.Path:
    path = folder / "train.jsonl"
    with path.open("w") as file:
        for row in range(rows):
            text = " ".join(str((row * 7919 + i * 104729) % 9973) for i in range(words))
            half = len(text) // 2
            file.write(json.dumps({"prompt": text[:half], "answer": text[half:]}) + "\n")
    return path


def recipe(arguments, folder: pathlib.Path, data: pathlib.Path, name: str, **optimizer: float) -> pathlib.Path:
    settings = {
        "run": {"dir": str(folder), "name": name},
        "model": {"hf_path": arguments.model, "seq_length": 4096},
        "train": {"train_iters": arguments.steps, "global_batch_size": arguments.batch, "micro_batch_size": arguments.batch},
        "validation": {"eval_iters": 0},
        "optimizer": {"lr": 1e-4, "min_lr": 1e-4, "clip_grad": 1.0, "adam_beta2": 0.999, "adam_eps": 1e-8, **optimizer},
        "scheduler": {"lr_decay_style": "constant"},
        "dataset": {"train_data_path": str(data), "dataloader_type": "single"},
        "checkpoint": {"save_interval": 100000},
        "logger": {"log_interval": 1},
        "peft": {"dim": 16, "alpha": 16, "target_modules": TARGETS, "lora_A_init_method": "peft"},
        "mixed_precision": "bf16_mixed" if arguments.dtype == "bfloat16" else "fp32",
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps(settings))
    return path


def ours(arguments, folder: pathlib.Path, data: pathlib.Path, name: str) -> dict:
    command = [arguments.lapidary, "finetune", "--recipe", str(recipe(arguments, folder, data, name)),
               "--threads", str(arguments.threads), "--device", arguments.device]
    _, peak = run_watched(command, {"OMP_NUM_THREADS": str(arguments.threads)})
    events = [json.loads(line) for line in (folder / name / "events.jsonl").read_text().splitlines()]
    steps = [event for event in events if event["type"] == "step"]
    return {"losses": [step["loss"] for step in steps], "rates": [step["tokens_per_second"] for step in steps[1:]],
            "peak": steps[-1].get("device_bytes", peak)}


def initial_adapter(arguments, folder: pathlib.Path, data: pathlib.Path) -> pathlib.Path:
    """What every run begins with (same seed): an adapter after one step that is too small to be seen."""
    path = recipe(arguments, folder, data, "initial", lr=1e-30, min_lr=1e-30)
    subprocess.run([arguments.lapidary, "finetune", "--quiet", "--recipe", str(path), "train.train_iters=1"], check=True,
                   stdout=subprocess.DEVNULL)
    return next((folder / "initial").rglob("adapter_config.json")).parent


def peer(script: str, arguments, samples: pathlib.Path) -> dict:
    """One run of `script --peer` in a process of its own: its losses and rates, and the peak of its memory."""
    out, peak = run_watched([sys.executable, script, "--peer", str(samples), arguments.model, str(arguments.batch),
                             str(arguments.steps), str(arguments.threads), arguments.device, arguments.dtype],
                            {"OMP_NUM_THREADS": str(arguments.threads)})
    result = json.loads(out.splitlines()[-1])
    result.setdefault("peak", peak)
    return result


def learn(model, optimizer, rows: list[dict], batch: int, steps: int, device: str, pictures=lambda chosen, ids: {}) -> None:
    """The peer's steps; prints what `peer` reads.  `pictures(rows, ids)`: what else the model is given."""
    import torch

    losses, rates = [], []
    for step in range(steps):
        chosen = [rows[(step * batch + i) % len(rows)] for i in range(batch)]
        longest = max(len(row["ids"]) for row in chosen)
        ids = torch.zeros(batch, longest, dtype=torch.long)
        labels = torch.full((batch, longest), -100)
        mask = torch.zeros(batch, longest, dtype=torch.long)
        for i, row in enumerate(chosen):
            count = len(row["ids"])
            ids[i, :count] = torch.tensor(row["ids"])
            mask[i, :count] = 1
            labels[i, 1:count] = torch.tensor(row["labels"][:count - 1])  # theirs are of the token itself
        inputs = {"input_ids": ids, "attention_mask": mask, "labels": labels, **pictures(chosen, ids)}
        start = time.perf_counter()
        loss = model(**{name: tensor.to(device) for name, tensor in inputs.items()}).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        seconds = time.perf_counter() - start
        if step > 0:
            rates.append(int(mask.sum()) / seconds)
    peak = {"peak": torch.cuda.max_memory_reserved()} if device != "cpu" else {}
    print(json.dumps({"losses": losses, "rates": rates, **peak}))


def peer_main(samples: str, model_path: str, batch: int, steps: int, threads: int, device: str, dtype: str) -> None:
    import peft
    import torch
    import transformers

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    base = transformers.AutoModelForCausalLM.from_pretrained(model_path, dtype=getattr(torch, dtype), attn_implementation="sdpa")
    given = json.loads(pathlib.Path(samples).read_text())
    model = peft.PeftModel.from_pretrained(base, given["adapter"], is_trainable=True)
    model = model.to(device).train()
    rows = given["rows"]
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4, weight_decay=0.0)
    learn(model, optimizer, rows, batch, steps, device)


def tokens_of(arguments, data: pathlib.Path, rows: int) -> list[dict]:
    samples = []
    for index in range(rows):
        out = subprocess.run([arguments.lapidary, "dataset", "preview", str(data), "--model", arguments.model, "--index", str(index),
                              "--json"], check=True, capture_output=True, text=True).stdout
        sample = json.loads(out)
        samples.append({"ids": sample["ids"], "labels": sample["labels"]})
    return samples


def report(name: str, mine: list[dict], theirs: list[dict], allowed: float = 1e-4) -> None:
    """Losses first: where the first ones differ it is not the same work, and no figure is printed."""
    differences = [abs(a - b) for a, b in zip(mine[0]["losses"], theirs[0]["losses"])]
    print(f"first loss: lapidary {mine[0]['losses'][0]:.6f}, {name} {theirs[0]['losses'][0]:.6f}, difference {differences[0]:.1e}; "
          f"largest of {len(differences)} steps {max(differences):.1e}")
    if differences[0] > allowed:
        sys.exit("the losses differ: not the same work")
    rate = [statistics.median(r for run in runs for r in run["rates"]) for runs in (mine, theirs)]
    peak = [statistics.median(run["peak"] for run in runs) for runs in (mine, theirs)]
    print(f"tokens/s: lapidary {rate[0]:.1f}, {name} {rate[1]:.1f}, ratio {rate[0] / rate[1]:.2f}")
    print(f"peak memory: lapidary {peak[0] / 2**20:.0f} MiB, {name} {peak[1] / 2**20:.0f} MiB, share {peak[0] / peak[1]:.2f}")


def main() -> None:
    if len(sys.argv) > 1 and sys.argv[1] == "--peer":
        peer_main(sys.argv[2], sys.argv[3], *map(int, sys.argv[4:7]), *sys.argv[7:9])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lapidary")
    parser.add_argument("model")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        rows = arguments.batch * 4
        data = write_data(folder, rows, arguments.tokens // 5)
        samples = folder / "samples.json"
        samples.write_text(json.dumps({"rows": tokens_of(arguments, data, rows),
                                       "adapter": str(initial_adapter(arguments, folder, data))}))
        mine, theirs = [], []
        for turn in range(arguments.rounds):
            mine.append(ours(arguments, folder, data, f"run{turn}"))
            theirs.append(peer(__file__, arguments, samples))
        report("peft", mine, theirs, 1e-4 if arguments.dtype == "float32" else 2e-2)


if __name__ == "__main__":
    main()
