#!/usr/bin/env python3
"""Loads a checkpoint into PyTorch as ordinary modules; reads as an example of how.

    python scripts/load-in-torch.py CHECKPOINT [--images FILE.npy [--labels FILE.npy] [--logits FILE.npy]]
                                    [--state-dict FILE.pt] [--graph FILE.json]

A checkpoint is a safetensors file whose metadata hold its layer graph. One with dense weights (sparse-train --export dense,
attack-eval --export-dense) is a state_dict as it stands: its three lines are

    tensors = safetensors.torch.load_file("best.dense.safetensors")
    network = Network(graph)                    # or modules of your own under the same names
    network.load_state_dict(tensors)

This script needs torch and numpy alone, reads the file itself, and takes weights that are stored as connections too. IMAGES are
[sample, row, column, channel], bytes or numbers in [0, 1], as the checkpoint's network expects them (no mean or deviation taken
off). With LABELS it prints the accuracy, with LOGITS it writes the logits [sample, class]. STATE_DICT (torch.save) and GRAPH are what
scripts/export-from-torch.py takes, with the --input that is printed.
"""
import argparse
import json
import pathlib
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

KINDS = {"F32": np.float32, "U32": np.uint32, "I32": np.int32, "U8": np.uint8}


def fail(message):
    print(f"{pathlib.Path(sys.argv[0]).stem}: {message}", file=sys.stderr)
    sys.exit(2)


def read_checkpoint(path):
    """The checkpoint's text (graph, input, classes, how it came about) and its state_dict."""
    data = pathlib.Path(path).read_bytes()
    try:
        (length,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + length])
        text = json.loads(header.pop("__metadata__")["checkpoint"])
    except (ValueError, KeyError, struct.error):
        fail(f"{path}: is no checkpoint of sparse-robust")
    arrays = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        arrays[name] = np.frombuffer(data[begin:end], KINDS[entry["dtype"]]).reshape(entry["shape"])
    for name, shape in text.get("shapes", {}).items():
        if f"{name}.index" in arrays:
            dense = np.zeros(int(np.prod(shape)), np.float32)
            dense[arrays.pop(f"{name}.index")] = arrays.pop(f"{name}.value")
            arrays[name] = dense.reshape(shape)
    return text, {name: torch.from_numpy(values.copy()) for name, values in arrays.items()}


class Normalize(nn.Module):
    def __init__(self, mean, std):
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1), persistent=False)

    def forward(self, x):
        return (x - self.mean) / self.std


class SameConv2d(nn.Conv2d):
    """TensorFlow's "same": as many zeros as ceil(size / stride) outputs need, the odd one at the bottom and right."""

    def forward(self, x):
        missing = [
            max(0, (-(-size // stride) - 1) * stride + kernel - size)
            for size, stride, kernel in zip(x.shape[2:], self.stride, self.kernel_size)
        ]
        (up, down), (left, right) = ((zeros // 2, zeros - zeros // 2) for zeros in missing)
        return super().forward(F.pad(x, (left, right, up, down)))


class Pool(nn.Module):
    """No padding; an incomplete window is dropped."""

    def __init__(self, pool, size, stride=None):
        super().__init__()
        self.pool, self.size, self.stride = pool, size, stride

    def forward(self, x):
        size = x.shape[2:] if self.size == "global" else self.size
        return self.pool(x, size, self.stride or size)


class Flatten(nn.Module):
    def __init__(self, order):
        super().__init__()
        self.order = order

    def forward(self, x):
        return (x if self.order == "chw" else x.permute(0, 2, 3, 1)).flatten(1)


class Add(nn.Module):
    def forward(self, x, y):
        return x + y


def module_of(layer, channels):
    """The module of one layer of the graph, whose input has so many channels."""
    op, rest = layer["op"], layer.get
    if op == "normalize":
        return Normalize(layer["mean"], layer["std"])
    if op == "conv":
        kind, padding = (SameConv2d, 0) if rest("padding", "same") == "same" else (nn.Conv2d, rest("padding"))
        padding = 0 if padding == "valid" else padding
        sizes = (channels, layer["filters"], layer["kernel"], rest("stride", 1))
        return kind(*sizes, padding=padding, bias=rest("bias", False))
    if op == "batchnorm":
        return nn.BatchNorm2d(channels, eps=rest("epsilon", 1e-5), momentum=rest("momentum", 0.1))
    if op == "relu":
        return nn.ReLU()
    if op in ("maxpool", "avgpool"):
        return Pool(F.max_pool2d if op == "maxpool" else F.avg_pool2d, layer["size"], rest("stride"))
    if op == "add":
        return Add()
    if op == "flatten":
        return Flatten(rest("order", "chw"))
    if op == "dense":
        return nn.Linear(channels, layer["units"], bias=rest("bias", True))
    fail(f"layer {layer['name']}: unknown op {op}")


class Network(nn.Module):
    """A graph as modules named like its layers; a name with dots is a path of modules. Images are [batch, channel, row, column]."""

    def __init__(self, graph, height, width, channels):
        super().__init__()
        self.graph, before, shapes = [], "input", {"input": torch.zeros(1, channels, height, width)}
        for layer in graph:
            inputs = layer.get("inputs", [before])
            module = module_of(layer, shapes[inputs[0]].shape[1]).eval()
            with torch.no_grad():
                shapes[layer["name"]] = module(*(shapes[name] for name in inputs))
            self._place(layer["name"], module)
            before = layer["name"]
            self.graph.append((before, inputs))

    def _place(self, name, module):
        *path, last = name.split(".")
        parent = self
        for part in path:
            if not hasattr(parent, part):
                parent.add_module(part, nn.Module())
            parent = getattr(parent, part)
        parent.add_module(last, module)

    def forward(self, images):
        values = {"input": images}
        for name, inputs in self.graph:
            values[name] = self.get_submodule(name)(*(values[given] for given in inputs))
        return values[name]


def load(path):
    """The checkpoint's text and its network, ready to be evaluated."""
    text, tensors = read_checkpoint(path)
    network = Network(text["graph"], *text["input"])
    network.load_state_dict(tensors)
    return text, network.eval()


def read_array(path):
    try:
        return np.load(path)
    except (ValueError, EOFError):
        fail(f"{path}: is no .npy file of numbers")


def read_images(path):
    """[sample, channel, row, column] in [0, 1]."""
    images = read_array(path)
    if images.ndim != 4:
        fail(f"{path}: expected [sample, row, column, channel], found {list(images.shape)}")
    if images.dtype != np.uint8 and not ((images >= 0) & (images <= 1)).all():
        fail(f"{path}: expected bytes or numbers in [0, 1], found {images.min():g} to {images.max():g}")
    scaled = images.astype(np.float32) / np.float32(255) if images.dtype == np.uint8 else images.astype(np.float32)
    return torch.from_numpy(scaled).permute(0, 3, 1, 2).contiguous()


def main():
    parser = argparse.ArgumentParser(description="Load a checkpoint into PyTorch")
    parser.add_argument("checkpoint")
    for name in ("images", "labels", "logits", "state-dict", "graph"):
        parser.add_argument(f"--{name}")
    options = parser.parse_args()
    text, network = load(options.checkpoint)
    parameters = sum(tensor.numel() for tensor in network.parameters())
    kept = sum(int(tensor.count_nonzero()) for tensor in network.parameters() if tensor.dim() > 1)
    print(f"{options.checkpoint}: {parameters} parameters, {kept} weights that are not 0, {text['classes']} classes")
    if options.state_dict:
        torch.save(network.state_dict(), options.state_dict)
    if options.graph:
        pathlib.Path(options.graph).write_text(json.dumps(text["graph"], indent=1))
    if options.state_dict or options.graph:
        print(f"for export-from-torch.py: --input {','.join(map(str, text['input']))}")
    if options.images is None:
        return
    with torch.inference_mode():
        logits = torch.cat([network(batch) for batch in read_images(options.images).split(128)]).numpy()
    if options.logits:
        np.save(options.logits, logits)
    if options.labels:
        right = int((logits.argmax(1) == read_array(options.labels)).sum())
        print(f"accuracy {right}/{len(logits)} = {right / len(logits):.4f}")


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
