"""`lapidary finetune --estimate` beside what runs really take: a table of settings, each a few steps on one thread.

    python3 tests/bench/memory_estimate.py LAPIDARY TRUE_SHAPE --tokenizer FILE [--set NAME] [--only NAME] [--folder DIR]

TRUE_SHAPE: build/<preset>/tests/support/true_shape, which writes random models of true shape; FILE: Gemma 3's tokenizer.json or
tokenizer.model for them.  The demo model brings its own, and the model "vl" is the demo model made larger.
"estimate" is what the run tells before its first step (run_started, from the shapes and the largest sample of its data), "measured" what
it tells at its end (run_finished): the peak of its resident anonymous memory.  Settings named calibration gave the constants of
TrainingCosts (core/shared/plan/training_forecast.h).
"""
import argparse
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def peft(scheme: str = "lora", dim: int = 16, targets: list[str] = LINEAR, **more) -> dict:
    return {"peft": {"peft_scheme": scheme, "dim": dim, "alpha": dim, "target_modules": targets, "lora_A_init_method": "peft", **more}}


# name: model, words of a sample, width of its picture (0: none; 112 high in the demo model's and vl's pixels), overrides
CALIBRATION = {
    "270m-lora-300": ("270m", 200, 0, peft()),
    "270m-lora-700-batch2": ("270m", 480, 0, {**peft(targets=["q_proj", "v_proj"]), "train": {"micro_batch_size": 2, "global_batch_size": 2}}),
    "270m-full-100": ("270m", 60, 0, {}),
    "270m-full-300-8bit": ("270m", 200, 0, {"optimizer": {"state_dtype": "8bit"}}),
    "270m-dora-300": ("270m", 200, 0, peft("dora")),
    "270m-dora-dropout-checkpointed-400": ("270m", 300, 0, {**peft("dora", dropout=0.1), "train": {"activation_checkpointing": True}}),
    "270m-bf16-full-200": ("270m", 150, 0, {"mixed_precision": "bf16_mixed"}),
    "270m-bf16-lora-300": ("270m", 200, 0, {**peft(), "mixed_precision": "bf16_mixed"}),
    "demo-full-picture": ("demo", 40, 112, {"train": {"micro_batch_size": 8, "global_batch_size": 16}}),
    "demo-lora-crops": ("demo", 40, 448, {**peft(dim=8), "train": {"micro_batch_size": 4, "global_batch_size": 4}}),
    "vl-full-picture": ("vl", 100, 448, {"train": {"micro_batch_size": 2, "global_batch_size": 2}}),
    "vl-projection-picture": ("vl", 100, 112, {"model": {"language": "frozen", "vision": "frozen", "projection": "full"}}),
    "vl-bf16-full-checkpointed": ("vl", 100, 448, {"mixed_precision": "bf16_mixed", "train": {"activation_checkpointing": True, "micro_batch_size": 2, "global_batch_size": 4}}),
    "vl-lora-language": ("vl", 300, 448, {**peft(targets=["linear_qkv", "linear_proj", "linear_fc1", "linear_fc2"]),
                                         "train": {"micro_batch_size": 4, "global_batch_size": 4}}),
    "vl-lora-all": ("vl", 300, 448, {**peft(), "train": {"micro_batch_size": 4, "global_batch_size": 4}}),
}
# Chosen after the constants were frozen, and run once.
PROOF = {
    "270m-lora-1000-all": ("270m", 700, 0, peft(dim=32)),
    "270m-full-400-batch2-checkpointed": ("270m", 300, 0, {"train": {"micro_batch_size": 2, "global_batch_size": 4, "activation_checkpointing": True}}),
    "270m-bf16-dora-500": ("270m", 360, 0, {**peft("dora", dim=8), "mixed_precision": "bf16_mixed"}),
    "demo-full-crops": ("demo", 60, 336, {"train": {"micro_batch_size": 8, "global_batch_size": 8}}),
    "vl-lora-language-crops": ("vl", 200, 448, {**peft(dim=8), "train": {"micro_batch_size": 2, "global_batch_size": 2}}),
    "vl-projection-vision-full": ("vl", 150, 224, {"model": {"language": "frozen", "vision": "full", "projection": "full"},
                                                  "train": {"micro_batch_size": 4, "global_batch_size": 4}}),
}
SETS = {"calibration": CALIBRATION, "proof": PROOF}
STEPS = 3


def merged(base: dict, more: dict) -> dict:
    result = dict(base)
    for key, value in more.items():
        result[key] = merged(result[key], value) if isinstance(value, dict) and isinstance(result.get(key), dict) else value
    return result


def write_picture(path: pathlib.Path, width: int, height: int, seed: int) -> None:
    rows = b"".join(b"\0" + bytes((x * 7 + y * 3 + seed * (1 + c)) % 256 for x in range(width) for c in range(3)) for y in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def write_data(folder: pathlib.Path, words: int, width: int) -> pathlib.Path:
    """Samples of one length, half of it answer, each with a picture of its own where `width` says so."""
    path = folder / "train.jsonl"
    with path.open("w") as file:
        for row in range(64):
            text = " ".join("red blue green circle square star".split()[(row + i * i) % 6] for i in range(words))
            half = len(text) // 2
            sample = {"prompt": text[:half], "answer": text[half:]}
            if width > 0:
                write_picture(folder / f"{row}.png", width, 112, row)
                sample["image"] = f"{row}.png"
            file.write(json.dumps(sample) + "\n")
    return path


class Bench:
    def __init__(self, arguments, folder: pathlib.Path) -> None:
        self.arguments, self.folder = arguments, folder

    def lapidary(self, *words: str) -> str:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "LAPIDARY_HOME": str(self.folder / "home")}
        return subprocess.run([self.arguments.lapidary, *words], check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout

    def true_shape(self, size: str, folder: pathlib.Path) -> None:
        subprocess.run([self.arguments.true_shape, size, "bf16", str(folder)], check=True)

    def model(self, name: str) -> str:
        if name == "demo":
            return "demo:initial"
        folder = self.folder / "models" / name
        if (folder / "model.safetensors").exists():
            return str(folder)
        if name == "vl":
            self.write_larger_demo(folder)
        else:
            self.true_shape(name, folder)
            source = pathlib.Path(self.arguments.tokenizer)
            shutil.copy(source, folder / ("tokenizer.json" if source.suffix == ".json" else "tokenizer.model"))
        return str(folder)

    def write_larger_demo(self, folder: pathlib.Path) -> None:
        self.run("initial", "demo", 10, 0, {})
        demo = self.folder / "initial" / "run" / "initial"
        config = json.loads((demo / "config.json").read_text())
        text = {"hidden_size": 512, "intermediate_size": 1536, "head_dim": 128, "query_pre_attn_scalar": 128}
        config = merged(config, {"text_config": text,
                                 "vision_config": {"hidden_size": 384, "intermediate_size": 1152, "num_attention_heads": 6,
                                                   "num_hidden_layers": 6, "image_size": 224}})
        path = self.folder / "vl.json"
        path.write_text(json.dumps(config))
        self.true_shape(str(path), folder)
        for name in ("tokenizer.model", "tokenizer_config.json", "chat_template.jinja"):
            shutil.copy(demo / name, folder / name)

    def run(self, name: str, model: str, words: int, width: int, overrides: dict) -> tuple[dict, dict]:
        """The run's own events: run_started, run_finished.  What was made stays in the folder's `name`."""
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        recipe = merged({
            "run": {"dir": str(folder), "name": "run"},
            "model": {"hf_path": self.model(model), "seq_length": 4096},
            "train": {"train_iters": STEPS, "micro_batch_size": 1, "global_batch_size": 1},
            "validation": {"eval_iters": 0},
            "optimizer": {"lr": 1e-5, "min_lr": 1e-5},
            "dataset": {"train_data_path": str(write_data(folder, words, width)), "do_pan_and_scan": width > 112,
                        "pan_and_scan_min_crop_size": 64},
            "checkpoint": {"save_interval": 100000},
        }, overrides)
        path = folder / "recipe.json"
        path.write_text(json.dumps(recipe))
        self.lapidary("finetune", "--recipe", str(path), "--threads", "1", "--quiet")
        events = [json.loads(line) for line in (folder / "run" / "events.jsonl").read_text().splitlines()]
        return events[0], events[-1]

    def items(self, name: str) -> dict:
        return json.loads(self.lapidary("finetune", "--recipe", str(self.folder / name / "recipe.json"), "--estimate", "--json"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lapidary")
    parser.add_argument("true_shape")
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--set", choices=SETS, default="calibration")
    parser.add_argument("--only", action="append", help="a setting of the set; may be given several times")
    parser.add_argument("--folder", help="where models and runs stay (default: nowhere)")
    parser.add_argument("--items", action="store_true", help="print the estimate item by item")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        bench = Bench(arguments, pathlib.Path(arguments.folder or temporary).resolve())
        print(f"{'setting':28} {'tokens':>7} {'views':>5} {'estimate':>10} {'measured':>10} {'ratio':>6}   MiB")
        outside = False
        for name, setting in SETS[arguments.set].items():
            if arguments.only and name not in arguments.only:
                continue
            started, finished = bench.run(name, *setting)
            told = bench.items(name)
            estimate, measured = started["estimated_private_bytes"], finished["private_bytes"]
            ratio = estimate / measured
            outside = outside or not 1.0 <= ratio <= 1.05
            print(f"{name:28} {told['sample']['tokens']:7} {told['sample']['views']:5} {estimate / 2**20:10.1f} {measured / 2**20:10.1f} {ratio:6.3f}",
                  flush=True)
            if arguments.items:
                print("   " + ", ".join(f"{key} {value / 2**20:.1f}" for key, value in told["bytes"].items()), flush=True)
        sys.exit(1 if outside else 0)


if __name__ == "__main__":
    main()
