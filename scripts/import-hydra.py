#!/usr/bin/env python3
"""Makes a checkpoint of ours from one of HYDRA's authors (Sehwag et al. 2020), masked or dense.

    python scripts/import-hydra.py CHECKPOINT.pth.tar OUT.safetensors [--density 0.1] [--data cifar10] [--objective trades]
                                   [--method hydra]

Their files hold a "state_dict" whose masked layers have "popup_scores" beside each weight. The mask is not in the file but follows
from the scores and the share of weights that was kept: give it as --density (0.1 for their 90 %; 1 for a pre-trained network,
whose scores say nothing). Of each layer the trunc((1 - density) * size) smallest |scores| are left out, among equals the first.
A file without scores is dense: where a weight of it is 0 there is no connection.

Known are their VGGs, wide residual networks (the group that they call sub_block1 is never run and left out) and residual networks
for images of 32 by 32 pixels in [0, 1]. The layers get the names that networks of --model have, so attack-eval, compare and
sparse-train --init-from take the result. Needs torch and numpy.
"""
import argparse
import importlib.util
import pathlib

import numpy as np

spec = importlib.util.spec_from_file_location("export", pathlib.Path(__file__).with_name("export-from-torch.py"))
export = importlib.util.module_from_spec(spec)
spec.loader.exec_module(export)

SIDE = 32


class Graph:
    """Layers under our names, and which of their layers the tensors of each come from."""

    def __init__(self, tensors):
        self.tensors, self.layers, self.origins = tensors, [], {}

    def add(self, name, op, origin=None, **fields):
        if origin is not None:
            self.origins[name] = origin
        self.layers.append({"name": name, "op": op, **fields})
        return name

    def shape(self, origin):
        if f"{origin}.weight" not in self.tensors:
            export.fail(f"no tensor {origin}.weight, which a network of this kind has")
        return self.tensors[f"{origin}.weight"].shape

    def conv(self, name, origin, stride=1, **fields):
        filters, _, kernel, _ = self.shape(origin)
        padding = {"stride": stride, "padding": kernel // 2} if stride > 1 else {}
        return self.add(name, "conv", origin, filters=filters, kernel=kernel, **padding, **fields)

    def dense(self, name, origin):
        return self.add(name, "dense", origin, units=self.shape(origin)[0])

    def count(self, form):
        """How many of form.format(0), form.format(1), … there are tensors of."""
        number = 0
        while f"{form.format(number)}.weight" in self.tensors:
            number += 1
        return number

    def classifier(self, origin):
        self.add("pool", "avgpool", size="global")
        self.add("flatten", "flatten")
        self.dense("dense_out", origin)


def vgg(net):
    """Layers are numbered as in a Sequential: a gap between convolutions that is wider than a block has a pool in it."""
    weights = [name.split(".") for name, values in net.tensors.items() if values.dim() == 4 and name.endswith(".weight")]
    places = sorted(int(number) for part, number, _ in weights)
    side = SIDE
    for number, (place, following) in enumerate(zip(places, [*places[1:], 0]), 1):
        net.conv(f"conv{number}", f"features.{place}")
        relu = place + 1
        if f"features.{relu}.running_mean" in net.tensors:
            net.add(f"bn{number}", "batchnorm", f"features.{relu}")
            relu += 1
        net.add(f"relu{number}", "relu")
        if following > relu + 1:
            net.add(f"pool{number}", "maxpool", size=2)
            side //= 2
    if side > 2:
        net.add("shrink", "avgpool", size=side // 2)
    net.add("flatten", "flatten")
    for number, place in enumerate((0, 2, 4), len(places) + 1):
        net.dense(f"dense{number}", f"classifier.{place}")
        if place < 4:
            net.add(f"relu{number}", "relu")
    return {"name": f"vgg{len(places) + 3}", "width": net.shape("features.0")[0] / 64}


def wide_resnet(net):
    blocks = net.count("block1.layer.{}.conv1")
    x = net.conv("conv1", "conv1")
    for group in (1, 2, 3):
        for block in range(blocks):
            name, origin = f"g{group}.b{block + 1}", f"block{group}.layer.{block}"
            stride = 2 if block == 0 and group > 1 else 1
            net.add(f"{name}.bn1", "batchnorm", f"{origin}.bn1", inputs=[x])
            activated = net.add(f"{name}.relu1", "relu")
            net.conv(f"{name}.conv1", f"{origin}.conv1", stride)
            net.add(f"{name}.bn2", "batchnorm", f"{origin}.bn2")
            net.add(f"{name}.relu2", "relu")
            branch = net.conv(f"{name}.conv2", f"{origin}.conv2")
            if f"{origin}.convShortcut.weight" in net.tensors:
                x = net.conv(f"{name}.short", f"{origin}.convShortcut", stride, inputs=[activated])
            x = net.add(f"{name}.add", "add", inputs=[branch, x])
    net.add("bn", "batchnorm", "bn1")
    net.add("relu", "relu")
    net.classifier("fc")
    return {"name": f"wrn{6 * blocks + 4}_{net.shape('block1.layer.0.conv1')[0] // 16}", "width": 1}


def resnet(net):
    blocks = [net.count(f"layer{stage}.{{}}.conv1") for stage in (1, 2, 3, 4)]
    convolutions = 3 if "layer1.0.conv3.weight" in net.tensors else 2
    net.conv("conv1", "conv1")
    net.add("bn1", "batchnorm", "bn1")
    x = net.add("relu1", "relu")
    for stage, number in enumerate(blocks, 1):
        for block in range(number):
            x = residual_block(net, x, convolutions, (f"s{stage}.b{block + 1}", f"layer{stage}.{block}"), stage)
    net.classifier("linear")
    return {"name": f"resnet{convolutions * sum(blocks) + 2}", "width": net.shape("conv1")[0] / 64}


def residual_block(net, x, convolutions, names, stage):
    """The 3x3 convolution of a stage's first block has the stride: the first of two, the second of three."""
    name, origin = names
    strides = 2 if name.endswith(".b1") and stage > 1 else 1
    wide, inputs = (2 if convolutions == 3 else 1), {"inputs": [x]}
    for number in range(1, convolutions + 1):
        net.conv(f"{name}.conv{number}", f"{origin}.conv{number}", strides if number == wide else 1, **inputs)
        branch = net.add(f"{name}.bn{number}", "batchnorm", f"{origin}.bn{number}")
        inputs = {}
        if number < convolutions:
            net.add(f"{name}.relu{number}", "relu")
    if f"{origin}.shortcut.0.weight" in net.tensors:
        net.conv(f"{name}.short", f"{origin}.shortcut.0", strides, inputs=[x])
        x = net.add(f"{name}.bn_short", "batchnorm", f"{origin}.shortcut.1")
    net.add(f"{name}.add", "add", inputs=[branch, x])
    return net.add(f"{name}.relu", "relu")


KINDS = {"features.0.weight": vgg, "block1.layer.0.conv1.weight": wide_resnet, "layer1.0.conv1.weight": resnet}


def translated(tensors, path):
    """The graph, the model's name and width, and tensors under our names."""
    kind = next((kind for name, kind in KINDS.items() if name in tensors), None)
    if kind is None:
        export.fail(f"{path}: neither a VGG, a wide residual nor a residual network of HYDRA's; it has {export.some(tensors)}")
    net = Graph(tensors)
    model = kind(net)
    for layer in net.layers:
        origin = net.origins.get(layer["name"])
        if layer["op"] in export.BIASED and (f"{origin}.bias" in tensors) != export.BIASED[layer["op"]]:
            layer["bias"] = f"{origin}.bias" in tensors
    ours = {origin: name for name, origin in net.origins.items()}
    named = {}
    for name, tensor in tensors.items():
        layer, _, part = name.rpartition(".")
        if not name.startswith("sub_block1."):
            named[f"{ours.get(layer, layer)}.{part}"] = tensor
    return net.layers, model, named


def mask_of(scores, density):
    """Ascending positions that are kept: all but the trunc((1 - density) * size) smallest |scores|."""
    left_out = int((1 - density) * scores.size)
    order = np.argsort(np.abs(scores.ravel()), kind="stable")
    return np.sort(order[left_out:]).astype("<u4")


def connections(arrays, scores, density, path):
    """Positions of each kernel that has fewer than all, by name of its weight."""
    kernels = {name: values for name, values in arrays.items() if values.ndim > 1}
    if not scores:
        found = {name: np.flatnonzero(values).astype("<u4") for name, values in kernels.items()}
    elif density is None:
        export.fail(f"{path}: has popup_scores; give the share of weights that they keep: --density 0.1, or 1 before pruning")
    else:
        found = {name: mask_of(scores[name], density) for name in kernels}
    return {name: index for name, index in found.items() if index.size < kernels[name].size}


def main():
    parser = argparse.ArgumentParser(description="Make a checkpoint of ours from one of HYDRA's authors")
    parser.add_argument("checkpoint")
    parser.add_argument("out")
    parser.add_argument("--density", type=float, help="share of each layer's weights that its scores keep")
    parser.add_argument("--data", default="cifar10", help="data set that it was trained on: cifar10, svhn")
    parser.add_argument("--objective", help="what it was trained with: trades, rst, …")
    parser.add_argument("--method", default="hydra", help="how it was pruned: hydra, lwm, dense")
    options = parser.parse_args()
    path = options.checkpoint
    if options.density is not None and not 0 < options.density <= 1:
        export.fail(f"--density {options.density}: must be above 0 and at most 1")
    graph, model, tensors = translated(export.read_state_dict(path, "module.", {}), path)
    scores = {name.replace("popup_scores", "weight"): tensors.pop(name).float().numpy() for name in [*tensors] if name.endswith(".popup_scores")}
    arrays = export.checked(tensors, graph, path)
    kept = connections(arrays, scores, options.density, path)
    weights = sum(values.size for values in arrays.values() if values.ndim > 1)
    held = sum(kept[name].size if name in kept else values.size for name, values in arrays.items() if values.ndim > 1)
    text = {
        **{"input": [SIDE, SIDE, 3], "classes": export.classes_of(graph), "graph": graph, "model": model},
        **{"data": {"name": options.data}, "method": options.method if kept else "dense"},
        **{"density": options.density or held / weights, "connections": held, "weights": weights},
        **({"objective": options.objective} if options.objective else {}),
        "shapes": {name: list(arrays[name].shape) for name in kept},
    }
    for name, index in kept.items():
        values = arrays.pop(name).ravel()[index]
        arrays |= {f"{name}.index": index, f"{name}.value": values}
    export.write_checkpoint(options.out, text, arrays)
    print(f"{options.out}: {model['name']}, {held} of {weights} weights ({held / weights:.4g}), {text['classes']} classes")


if __name__ == "__main__":
    main()
