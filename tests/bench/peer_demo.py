"""transformers beside `lapidary finetune`: the same full training steps of the demo model on the same pictures, in the same minutes.

    python3 tests/bench/peer_demo.py LAPIDARY MODEL_FOLDER [--device cpu] [--batch 16] [--steps 8] [--threads 2] [--rounds 2]

MODEL_FOLDER: any folder of the demo's architecture (`--model demo`, or a run's `initial`).  Both train tower, projector and text model
in float32 on one question a picture, pan & scan on, from `lapidary dataset make scenes`; Lapidary tokenizes and cuts the views, and
`lapidary dataset preview` hands ids, labels and views to the peer.  Losses are compared first; then printed are the medians of tokens a
second (padding not counted) and the peaks of private resident memory (on a GPU: of its own), and Lapidary's share of the peer's.
Needs torch 2.11, transformers 5.17, numpy and Pillow.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

from peer_peft import learn, peer, report, run_watched


def prepare(arguments, folder: pathlib.Path, rows: int) -> pathlib.Path:
    """Scenes, and each sample as the trainer sees it: samples.json and a PNG of each view."""
    subprocess.run([arguments.lapidary, "dataset", "make", "scenes", "--count", str(rows), "--output", str(folder)], check=True,
                   capture_output=True)
    samples = []
    for index in range(rows):
        views = folder / "views" / str(index)
        out = subprocess.run([arguments.lapidary, "dataset", "preview", str(folder / "train.jsonl"), "--model", arguments.model,
                              "--pan-and-scan", "--index", str(index), "--json", "--output", str(views)], check=True,
                             capture_output=True, text=True).stdout
        sample = json.loads(out)
        files = sorted(views.glob("*.png"), key=lambda path: int(path.stem.rsplit("-", 1)[1]))
        samples.append({"ids": sample["ids"], "labels": sample["labels"], "views": [str(file) for file in files]})
    path = folder / "samples.json"
    path.write_text(json.dumps(samples))
    return path


def ours(arguments, folder: pathlib.Path, name: str) -> dict:
    settings = {
        "run": {"dir": str(folder), "name": name},
        "model": {"hf_path": arguments.model, "seq_length": 512, "language": "full", "vision": "full", "projection": "full"},
        "train": {"train_iters": arguments.steps, "global_batch_size": arguments.batch, "micro_batch_size": arguments.batch},
        "validation": {"eval_iters": 0},
        "optimizer": {"lr": 1e-4, "min_lr": 1e-4, "clip_grad": 1.0, "weight_decay": 0.0},
        "scheduler": {"lr_decay_style": "constant"},
        "dataset": {"train_data_path": str(folder / "train.jsonl"), "dataloader_type": "single", "do_pan_and_scan": True},
        "checkpoint": {"save_interval": 100000},
        "logger": {"log_interval": 1},
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps(settings))
    _, peak = run_watched([arguments.lapidary, "finetune", "--recipe", str(path), "--peft", "none", "--threads",
                           str(arguments.threads), "--device", arguments.device], {"OMP_NUM_THREADS": str(arguments.threads)})
    events = [json.loads(line) for line in (folder / name / "events.jsonl").read_text().splitlines()]
    steps = [event for event in events if event["type"] == "step"]
    return {"losses": [step["loss"] for step in steps], "rates": [step["tokens_per_second"] for step in steps[1:]],
            "peak": steps[-1].get("device_bytes", peak)}


def peer_main(samples: str, model_path: str, batch: int, steps: int, threads: int, device: str) -> None:
    import numpy
    import PIL.Image
    import torch
    import transformers

    torch.set_num_threads(threads)
    model = transformers.Gemma3ForConditionalGeneration.from_pretrained(model_path, dtype=torch.float32)
    model = model.to(device).train()
    image_token = model.config.image_token_id
    rows = json.loads(pathlib.Path(samples).read_text())
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.0)

    def pictures(chosen: list[dict], ids) -> dict:
        views = [numpy.asarray(PIL.Image.open(view).convert("RGB")) for row in chosen for view in row["views"]]
        pixels = torch.from_numpy(numpy.stack(views)).permute(0, 3, 1, 2).float().div(127.5).sub(1.0)
        return {"pixel_values": pixels, "token_type_ids": (ids == image_token).long()}

    learn(model, optimizer, rows, batch, steps, device, pictures)


def main() -> None:
    if len(sys.argv) > 1 and sys.argv[1] == "--peer":
        peer_main(sys.argv[2], sys.argv[3], *map(int, sys.argv[4:7]), sys.argv[7])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lapidary")
    parser.add_argument("model")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    arguments.dtype = "float32"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        samples = prepare(arguments, folder, arguments.batch * 4)
        mine, theirs = [], []
        for turn in range(arguments.rounds):
            mine.append(ours(arguments, folder, f"run{turn}"))
            theirs.append(peer(__file__, arguments, samples))
        report("transformers", mine, theirs)


if __name__ == "__main__":
    main()
