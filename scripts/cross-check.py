#!/usr/bin/env python3
"""Attacks a checkpoint with attack-eval and with public PyTorch libraries, and compares the outcomes image by image.

    python scripts/cross-check.py CHECKPOINT --data DIR [--samples 100] [--attacks fgsm,pgd50-det,apgd-ce] [--epsilon 8/255] [--norm linf]

DIR holds the published binary files of CIFAR-10, or images.npy ([sample, row, column, channel], bytes) and labels.npy. Needs numpy
and torch; FGSM and PGD are then this script's own and, where foolbox is installed, foolbox's too (with B&B). Where the package
autoattack is installed (github.com/fra31/auto-attack), its attacks are compared as well, in L1 too. Attacks with random draws cannot agree on
every image: their counts stand beside each other. Ends with 1 where a deterministic attack differs on more than one image in 200,
or where the ensemble's accuracy is more than half a point above the library's.
"""
import argparse
import base64
import json
import pathlib
import struct
import subprocess
import sys

import numpy as np
import torch
import torch.nn.functional as F

ROOT = pathlib.Path(__file__).resolve().parent.parent
DETERMINISTIC = ("fgsm", "pgd10-det", "pgd50-det", "cw50-det")


def read_safetensors(path):
    """Metadata and arrays by name, without the safetensors package."""
    data = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    kinds = {"F32": np.float32, "U32": np.uint32, "I32": np.int32, "U8": np.uint8}
    arrays = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        arrays[name] = np.frombuffer(data[begin:end], kinds[entry["dtype"]]).reshape(entry["shape"])
    return metadata, arrays


class Checkpoint(torch.nn.Module):
    """The graph of a checkpoint, layer by layer; images come as [batch, channel, row, column] in [0, 1]."""

    def __init__(self, path):
        super().__init__()
        metadata, arrays = read_safetensors(path)
        self.text = json.loads(metadata["checkpoint"])
        shapes = self.text.get("shapes", {})
        for name, shape in shapes.items():
            if name + ".index" in arrays:
                dense = np.zeros(int(np.prod(shape)), np.float32)
                dense[arrays.pop(name + ".index")] = arrays.pop(name + ".value")
                arrays[name] = dense.reshape(shape)
        self.tensors = {name: torch.from_numpy(values.copy()) for name, values in arrays.items()}
        self.eval()

    def forward(self, images):
        values = {"input": images}
        before = "input"
        for layer in self.text["graph"]:
            inputs = [values[name] for name in layer.get("inputs", [before])]
            values[layer["name"]] = self.run(layer, *inputs)
            before = layer["name"]
        return values[before]

    def run(self, layer, x, other=None):
        op, tensor = layer["op"], lambda part: self.tensors.get(f"{layer['name']}.{part}")
        if op == "normalize":
            mean, std = (torch.tensor(layer[part]).view(1, -1, 1, 1) for part in ("mean", "std"))
            return (x - mean) / std
        if op == "conv":
            stride = layer.get("stride", 1)
            x, padding = self.padded(x, layer["kernel"], stride, layer.get("padding", "same"))
            return F.conv2d(x, tensor("weight"), tensor("bias"), stride, padding)
        if op == "batchnorm":
            statistics = (tensor(part) for part in ("running_mean", "running_var", "weight", "bias"))
            return F.batch_norm(x, *statistics, training=False, eps=layer.get("epsilon", 1e-5))
        if op == "relu":
            return F.relu(x)
        if op in ("maxpool", "avgpool"):
            pool = F.max_pool2d if op == "maxpool" else F.avg_pool2d
            size = x.shape[2:] if layer["size"] == "global" else layer["size"]
            return pool(x, size, size if layer["size"] == "global" else layer.get("stride", size))
        if op == "add":
            return x + other
        if op == "flatten":
            return (x if layer.get("order", "chw") == "chw" else x.permute(0, 2, 3, 1)).flatten(1)
        if op == "dense":
            return F.linear(x, tensor("weight"), tensor("bias"))
        sys.exit(f"cross-check: the graph has a layer of kind {op}, which this script does not know")

    @staticmethod
    def padded(x, kernel, stride, padding):
        """TensorFlow's rule for "same": what is odd goes to the bottom and right."""
        if padding != "same":
            return x, 0 if padding == "valid" else padding
        missing = [max(0, (-(-size // stride) - 1) * stride + kernel - size) for size in x.shape[2:]]
        (up, down), (left, right) = ((m // 2, m - m // 2) for m in missing)
        return F.pad(x, (left, right, up, down)), 0


def read_images(folder, samples):
    """[samples, channel, row, column] in [0, 1], and labels."""
    folder = pathlib.Path(folder)
    for place in (folder / "test", folder):
        if (place / "images.npy").exists():
            images, labels = np.load(place / "images.npy")[:samples], np.load(place / "labels.npy")[:samples]
            scaled = images / 255 if images.dtype == np.uint8 else images
            return torch.from_numpy(scaled.astype(np.float32)).permute(0, 3, 1, 2).contiguous(), torch.from_numpy(labels.astype(np.int64)), folder
    for place in (folder, folder / "cifar-10-batches-bin"):
        if (place / "test_batch.bin").exists():
            rows = np.fromfile(place / "test_batch.bin", np.uint8).reshape(-1, 3073)[:samples]
            images = (rows[:, 1:].reshape(-1, 3, 32, 32) / 255).astype(np.float32)
            return torch.from_numpy(images), torch.from_numpy(rows[:, 0].astype(np.int64)), "cifar10"
    sys.exit(f"cross-check: {folder} holds neither images.npy nor test_batch.bin")


def margin_loss(logits, labels, kappa=50.0):
    """Largest other logit minus the label's, at most kappa."""
    others = logits.clone()
    others[torch.arange(len(labels)), labels] = -np.inf
    return torch.clamp(others.max(1).values - logits[torch.arange(len(labels)), labels], max=kappa)


def ascend(model, images, labels, norm, epsilon, steps, step_size, loss):
    """Projected gradient ascent from the image itself; the last iterate."""
    z = images.clone()
    for _ in range(steps):
        z.requires_grad_(True)
        (gradient,) = torch.autograd.grad(loss(model(z), labels).sum(), z)
        z = z.detach()
        if norm == "linf":
            z = torch.clamp(z + step_size * gradient.sign(), images - epsilon, images + epsilon)
        else:
            length = gradient.flatten(1).norm(dim=1).clamp_min(1e-12).view(-1, 1, 1, 1)
            change = z + step_size * gradient / length - images
            size = change.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
            z = images + change * torch.clamp(epsilon / size.clamp_min(1e-12), max=1)
        z = z.clamp(0, 1)
    return z


def own(name):
    """This script's own attack of a name, or None."""
    if name not in DETERMINISTIC:
        return None
    steps = 1 if name == "fgsm" else int("".join(filter(str.isdigit, name)))
    loss = margin_loss if name.startswith("cw") else lambda logits, labels: F.cross_entropy(logits, labels, reduction="none")

    def run(model, images, labels, norm, epsilon):
        return ascend(model, images, labels, norm, epsilon, steps, epsilon if steps == 1 else 2.5 * epsilon / steps, loss)

    return run


def foolboxed(name):
    """Foolbox's attack of a name, or None."""
    try:
        import foolbox
    except ImportError:
        return None
    attacks = foolbox.attacks
    kinds = {
        "fgsm": lambda norm: (attacks.LinfFastGradientAttack if norm == "linf" else attacks.L2FastGradientAttack)(random_start=False),
        "pgd10-det": lambda norm: projected(attacks, norm)(rel_stepsize=0.25, steps=10, random_start=False),
        "pgd50-det": lambda norm: projected(attacks, norm)(rel_stepsize=0.05, steps=50, random_start=False),
        "bb": lambda norm: {"linf": attacks.LinfinityBrendelBethgeAttack, "l2": attacks.L2BrendelBethgeAttack, "l1": attacks.L1BrendelBethgeAttack}[norm](),
    }
    if name not in kinds:
        return None

    def run(model, images, labels, norm, epsilon):
        wrapped = foolbox.PyTorchModel(model, bounds=(0, 1), device="cpu")
        return kinds[name](norm)(wrapped, images, labels, epsilons=epsilon)[1]

    return run


def projected(attacks, norm):
    return attacks.LinfProjectedGradientDescentAttack if norm == "linf" else attacks.L2ProjectedGradientDescentAttack


def auto_attacked(name):
    """AutoAttack's member of a name, as in the standard ensemble where it is in it, or an ensemble, or None."""
    members = ["apgd-ce", "apgd-t", "fab-t", "square", "apgd-dlr", "fab"]
    versions = {"aa": "standard", "aa-plus": "plus", "aa-rand": "rand"}
    if name not in [*members, *versions]:
        return None
    try:
        from autoattack import AutoAttack
    except ImportError:
        return None

    def run(model, images, labels, norm, epsilon):
        kind = {"linf": "Linf", "l2": "L2", "l1": "L1"}[norm]
        library = AutoAttack(model, norm=kind, eps=epsilon, version=versions.get(name, "standard"), seed=1, device="cpu", verbose=False)
        if name in members:
            library.attacks_to_run = [name]
        if name == "fab":
            library.fab.n_restarts = 5
        if name == "apgd-dlr" and norm != "l1":
            library.apgd.n_restarts = 1
        return library.run_standard_evaluation(images, labels, bs=250)

    return run


def ours(arguments, data, right):
    """Outcomes of attack-eval by attack name. Foolbox's B&B attacks all right images in one batch, which its radius grows with."""
    command = ["node", str(ROOT / "bin" / "attack-eval.js"), arguments.checkpoint, "--quiet", "--attacks", arguments.attacks]
    command += ["--epsilon", arguments.epsilon, "--norm", arguments.norm, "--samples", str(arguments.samples), "--data", str(data)]
    command += ["--data-dir", arguments.data] if data == "cifar10" else []
    command += ["--set", f"attacks.bb.bbRefBatch={right.sum()}"] if "bb" in arguments.attacks.split(",") else []
    command += ["--threads", str(arguments.threads)] if arguments.threads else []
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    results = [record for record in map(json.loads, lines) if record["type"] == "attack.result"]
    bits = lambda text: np.unpackbits(np.frombuffer(base64.b64decode(text), np.uint8), bitorder="little")
    return {result["attack"]["name"]: bits(result["outcomes"])[: arguments.samples].astype(bool) for result in results}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("--data", required=True, metavar="DIR")
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--attacks", default="fgsm,pgd10-det,pgd50-det,cw50-det,apgd-ce")
    parser.add_argument("--epsilon", default="8/255")
    parser.add_argument("--norm", choices=("linf", "l2", "l1"), default="linf")
    parser.add_argument("--threads", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    numerator, _, denominator = arguments.epsilon.partition("/")
    epsilon = float(numerator) / float(denominator or 1)
    images, labels, data = read_images(arguments.data, arguments.samples)
    model = Checkpoint(arguments.checkpoint)
    with torch.no_grad():
        right = (model(images).argmax(1) == labels).numpy()
    outcomes = ours(arguments, data, right)
    print("| attack | library | attack-eval | library's count | images that differ | largest margin among them |")
    print("| :-- | :-- | --: | --: | --: | --: |")
    failed = compare("clean", "torch", outcomes["clean"], right, None, labels, model)
    attacked = torch.from_numpy(np.flatnonzero(right))
    for name in arguments.attacks.split(","):
        for library, find in (("torch", own), ("foolbox", foolboxed), ("autoattack", auto_attacked)):
            attack = find(name)
            if attack is None:
                continue
            found = images.clone()
            found[attacked] = attack(model, images[attacked], labels[attacked], arguments.norm, epsilon).detach()
            with torch.no_grad():
                standing = (model(found).argmax(1) == labels).numpy() & right
            failed |= compare(name, library, outcomes[name], standing, found, labels, model)
    sys.exit(1 if failed else 0)


def compare(name, library, mine, theirs, found, labels, model):
    """Prints a row; whether it is worse than the bounds at the head of this file."""
    different = np.flatnonzero(mine != theirs)
    margin = 0.0
    if found is not None and len(different) > 0:
        with torch.no_grad():
            margin = margin_loss(model(found[different]), labels[different], np.inf).abs().max().item()
    print(f"| {name} | {library} | {mine.sum()} | {theirs.sum()} | {len(different)} of {len(mine)} | {margin:.2g} |", flush=True)
    if name in DETERMINISTIC or name == "clean":
        return len(different) > max(1, len(mine) / 200)
    return name == "aa" and mine.mean() - theirs.mean() > 0.005


if __name__ == "__main__":
    main()
