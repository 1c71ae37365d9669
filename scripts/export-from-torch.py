#!/usr/bin/env python3
"""Writes a PyTorch network as a checkpoint that attack-eval, prune-hydra and sparse-train take.

    python scripts/export-from-torch.py STATE_DICT.pt GRAPH.json OUT.safetensors [--input 32,32,3] [--model NAME]
                                        [--data cifar10] [--method NAME] [--rename OLD=NEW ...] [--prefix module.]

STATE_DICT is what torch.save(network.state_dict(), …) wrote; tensors alone are read from it, no code is run. Under the key
"state_dict", "model" or "model_state_dict" of a larger file it is found as well. GRAPH is a JSON array of layers in the order in
which they run:

    [{"name": "scale", "op": "normalize", "mean": [0.4914, 0.4822, 0.4465], "std": [0.2470, 0.2435, 0.2616]},
     {"name": "conv1", "op": "conv", "filters": 16, "kernel": 3, "padding": 1}, {"name": "bn1", "op": "batchnorm"},
     {"name": "relu1", "op": "relu"}, {"name": "pool1", "op": "maxpool", "size": 2},
     {"name": "flatten", "op": "flatten"}, {"name": "fc", "op": "dense", "units": 10}]

A layer takes the output of the one before it unless it names its "inputs" ("input" is the batch of images); "add" has two. The
tensors of layer NAME are NAME.weight, NAME.bias, NAME.running_mean and NAME.running_var, as PyTorch names them; --rename gives
the layers of a state_dict their names in the graph. Networks take pixels in [0, 1]: a mean that your loader took off becomes
a "normalize" layer. A "conv" has no bias unless it says "bias": true, as PyTorch's has by default; a "dense" has one unless it
says "bias": false. Where PyTorch pads ("padding": 1), write the number; the default "same" is TensorFlow's rule.

A masked network keeps its mask where a weight is 0: attack-eval --show counts what is not. Needs torch and numpy.
"""
import argparse
import json
import pathlib
import struct
import sys

import numpy as np
import torch

TENSORS = {
    "conv": ["weight", "bias"],
    "dense": ["weight", "bias"],
    "batchnorm": ["weight", "bias", "running_mean", "running_var"],
}
# Of images to try where a network does not fit, the usual ones first.
SIDES = [32, 28, 64, 96, 224, *range(1, 257)]
BIASED = {"conv": False, "dense": True}


def fail(message):
    print(f"{pathlib.Path(sys.argv[0]).stem}: {message}", file=sys.stderr)
    sys.exit(2)


def read_state_dict(path, prefix, renames):
    """Tensors by name, without the counters of batch-norm, which nothing needs."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds, all of them about the file
        fail(f"{path}: cannot be read as a state_dict: {str(error).splitlines()[0]}")
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    if not isinstance(found, dict) or not all(isinstance(value, torch.Tensor) for value in found.values()):
        fail(f"{path}: holds no state_dict, which is a dict of tensors by name; save network.state_dict()")
    tensors = {}
    for name, tensor in found.items():
        layer, _, part = name.removeprefix(prefix).rpartition(".")
        if part != "num_batches_tracked":
            tensors[f"{renames.get(layer, layer)}.{part}"] = tensor
    return tensors


def read_graph(path):
    try:
        graph = json.loads(pathlib.Path(path).read_text())
    except (OSError, ValueError) as error:
        fail(f"{path}: {error}")
    if not isinstance(graph, list) or not all(isinstance(layer, dict) and {"name", "op"} <= layer.keys() for layer in graph):
        fail(f"{path}: expected an array of layers, each with a name and an op")
    return graph


def needed(graph):
    """Names of the tensors that the graph has, in its order."""
    for layer in graph:
        for part in TENSORS.get(layer["op"], []):
            if part == "bias" and layer["op"] in BIASED and not layer.get("bias", BIASED[layer["op"]]):
                continue
            yield f"{layer['name']}.{part}", layer


def checked(tensors, graph, path):
    """The graph's tensors as float32 arrays; what is missing or left over ends the program with both names."""
    arrays = {}
    for name, layer in needed(graph):
        if name not in tensors:
            fail(f"{path}: no tensor {name}, which layer {layer['name']} ({layer['op']}) needs; left are {some(tensors)}")
        arrays[name] = np.ascontiguousarray(tensors.pop(name).detach().to(torch.float32).numpy(), "<f4")
        if not np.isfinite(arrays[name]).all():
            fail(f"{path}: tensor {name} has values that are not finite")
        first = layer.get("filters", layer.get("units"))
        if first is not None and arrays[name].shape[0] != first:
            fail(f"{path}: tensor {name} is {list(arrays[name].shape)}; layer {layer['name']} has {first} outputs")
    unused = next((f"{layer['name']}.bias" for layer in graph if f"{layer['name']}.bias" in tensors), None)
    if unused is not None:
        fail(f'{path}: the graph has no place for {unused}; layers of PyTorch have a bias by default: give layer {unused.removesuffix(".bias")} "bias": true')
    if tensors:
        fail(f"{path}: the graph has no place for {some(tensors)}; name the layer, or --rename it")
    return arrays


def require_shapes(graph, arrays, extents, path):
    """Each convolution takes as many channels and each dense layer as many numbers as there are where it stands."""
    wrong = misfit(graph, arrays, extents)
    if wrong is None:
        return
    name, layer, takes, there = wrong
    shape = list(arrays[f"{name}.weight"].shape)
    if layer["op"] == "conv":
        counted = "1 channel" if takes == 1 else f"{takes} channels"
        other = misfit(graph, arrays, [*extents[:2], takes])
        is_of_images = other is None or graph.index(other[1]) > graph.index(layer)
        mend = f"give --input H,W,{takes}, height and width of its images" if is_of_images else f"its input has {there}"
    else:
        counted = f"{takes} numbers"
        side = next((side for side in SIDES if misfit(graph, arrays, [side, side, extents[2]]) is None), None)
        like = "" if side is None else f" ({side},{side},{extents[2]} would fit)"
        mend = f"of images of {','.join(map(str, extents))} it gets {there}; give --input H,W,C, the size of its images{like}"
    fail(f"{path}: tensor {name}.weight is {shape}: layer {name} takes {counted}; {mend}")


def misfit(graph, arrays, extents):
    """(name, layer, what its tensor takes, what there is) of the first layer that does not fit images of `extents`, else None."""
    at, before = {"input": tuple(extents)}, "input"
    for layer in graph:
        name, (given, *_) = layer["name"], layer.get("inputs", [before])
        shape = at.get(given)
        if layer["op"] in ("conv", "dense") and shape is not None and len(shape) == (3 if layer["op"] == "conv" else 1):
            takes = arrays[f"{name}.weight"].shape[1]
            if shape[-1] != takes:
                return name, layer, takes, shape[-1]
        at[name], before = shape_behind(layer, shape), name
    return None


def shape_behind(layer, shape):
    """(height, width, channels) or (numbers,) behind a layer; None where it cannot be told, which sparse-robust then says."""
    op = layer["op"]
    if op == "dense":
        return (layer["units"],)
    if shape is None or len(shape) != 3:
        return shape
    if op == "flatten":
        return (shape[0] * shape[1] * shape[2],)
    if op == "conv":
        kernel, stride, padding = layer["kernel"], layer.get("stride", 1), layer.get("padding", "same")
        zeros = 0 if padding == "valid" else padding
        sides = [-(-size // stride) if padding == "same" else (size + 2 * zeros - kernel) // stride + 1 for size in shape[:2]]
        return (*sides, layer["filters"]) if min(sides) > 0 else None
    if op in ("maxpool", "avgpool"):
        if layer.get("size") == "global":
            return (1, 1, shape[2])
        size = layer["size"]
        sides = [(extent - size) // layer.get("stride", size) + 1 for extent in shape[:2]]
        return (*sides, shape[2]) if min(sides) > 0 else None
    return shape


def extents_of(text):
    """Height, width and channels, as --input has them."""
    extents = text.split(",")
    if len(extents) != 3 or not all(extent.strip().isdecimal() and int(extent) > 0 for extent in extents):
        fail(f"--input {text}: expected height,width,channels, as 32,32,3")
    return [int(extent) for extent in extents]


def some(names):
    names = list(names)
    return ", ".join(names[:4]) + (", …" if len(names) > 4 else "") if names else "none"


def classes_of(graph):
    """Units of the dense layer that gives the logits."""
    units = [layer["units"] for layer in graph if layer["op"] == "dense"]
    return units[-1] if units else fail("the graph has no dense layer, whose units are the classes")


def write_checkpoint(path, text, arrays):
    """`text` says what the network is; float32 arrays, and positions as uint32."""
    try:
        write_safetensors(path, {"format": "sparse-robust/1", "checkpoint": json.dumps(text)}, arrays)
    except OSError as error:
        fail(f"{path}: {error.strerror}")


def write_safetensors(path, metadata, arrays):
    """Length of the header, header, bytes; the header ends at a multiple of 8."""
    header, begin = {"__metadata__": metadata}, 0
    for name, values in arrays.items():
        header[name] = {"dtype": "U32" if values.dtype == np.uint32 else "F32", "shape": list(values.shape), "data_offsets": [begin, begin + values.nbytes]}
        begin += values.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "xb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for values in arrays.values():
            file.write(values.tobytes())


def main():
    parser = argparse.ArgumentParser(description="Write a PyTorch network as a checkpoint")
    parser.add_argument("state_dict")
    parser.add_argument("graph")
    parser.add_argument("out")
    parser.add_argument("--input", default="32,32,3", help="height,width,channels of an image")
    parser.add_argument("--model", default="imported", help="name of the network in records and tables")
    parser.add_argument("--data", help="data set that it was trained on: cifar10, cifar100, svhn, fashion")
    parser.add_argument("--method", default="imported")
    parser.add_argument("--objective")
    parser.add_argument("--prefix", default="module.", help="what DataParallel and others put before each name")
    parser.add_argument("--rename", action="append", default=[], metavar="OLD=NEW", help="a layer's name in the graph")
    options = parser.parse_args()
    extents = extents_of(options.input)
    graph = read_graph(options.graph)
    renames = dict(pair.split("=", 1) for pair in options.rename)
    arrays = checked(read_state_dict(options.state_dict, options.prefix, renames), graph, options.state_dict)
    require_shapes(graph, arrays, extents, options.state_dict)
    text = {
        "input": extents,
        "classes": classes_of(graph),
        "graph": graph,
        "model": {"name": options.model},
        "method": options.method,
    }
    if options.data:
        text["data"] = {"name": options.data}
    if options.objective:
        text["objective"] = options.objective
    write_checkpoint(options.out, text, arrays)
    print(f"{options.out}: {len(arrays)} tensors, {sum(values.size for values in arrays.values())} numbers")


if __name__ == "__main__":
    main()
