"""The sparse engine beside which the benchmark's forward pass is measured: VGG-16 with the same densities by layer in DeepSparse.

Requests come as JSON lines on standard input, each is answered by one line:
{"batch": 128, "threads": 2, "densities": [0.6, ...], "repeat": 1} -> {"seconds": [...], "memory": bytes, "version": "..."}, or
{"error": "..."}. The densities are those of the layers with weights in their order; which weights are zero is drawn here.
"""

import contextlib
import json
import os
import resource
import sys
import tempfile
import time

import deepsparse
import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

FILTERS = (64, 64, "pool", 128, 128, "pool", 256, 256, 256, "pool", 512, 512, 512, "pool", 512, 512, 512)
UNITS = (256, 256, 10)


class Graph:
    """VGG-16 as an ONNX model, batch-norm folded into the convolutions."""

    def __init__(self, densities):
        self.densities = iter(densities)
        self.random = np.random.default_rng(1)
        self.nodes, self.weights, self.value = [], [], "images"

    def add(self, op, inputs=(), **attributes):
        output = f"{op}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, [self.value, *inputs], [output], **attributes))
        self.value = output

    def parameters(self, *shape):
        fan_in = int(np.prod(shape[1:]))
        weight = self.random.normal(0, np.sqrt(2 / fan_in), shape)
        weight[self.random.random(shape) >= next(self.densities)] = 0
        names = [f"weight{len(self.weights)}", f"bias{len(self.weights)}"]
        arrays = [weight, self.random.normal(0, 0.1, shape[0])]
        self.weights += [numpy_helper.from_array(array.astype(np.float32), name) for array, name in zip(arrays, names)]
        return names

    def model(self, batch):
        channels = 3
        for filters in FILTERS:
            if filters == "pool":
                self.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
                continue
            self.add("Conv", self.parameters(filters, channels, 3, 3), kernel_shape=[3, 3], pads=[1, 1, 1, 1])
            self.add("Relu")
            channels = filters
        self.add("Flatten")
        inputs = 4 * channels
        for units in UNITS:
            self.add("Gemm", self.parameters(units, inputs), transB=1)
            if units != UNITS[-1]:
                self.add("Relu")
            inputs = units
        images = helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3, 32, 32])
        logits = helper.make_tensor_value_info(self.value, TensorProto.FLOAT, [batch, UNITS[-1]])
        graph = helper.make_graph(self.nodes, "vgg16", [images], [logits], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        checker.check_model(model)
        return model


class Subject:
    def __init__(self, batch, threads, densities):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "vgg16.onnx")
            save(Graph(densities).model(batch), path)
            self.engine = deepsparse.compile_model(path, batch_size=batch, num_cores=threads)
        self.images = [np.random.default_rng(2).random((batch, 3, 32, 32), dtype=np.float32)]

    def seconds(self):
        start = time.perf_counter()
        self.engine.run(self.images)
        return time.perf_counter() - start


subjects = {}


def answer(request):
    key = (request["batch"], request["threads"], tuple(request["densities"]))
    if key not in subjects:
        subjects[key] = Subject(*key)
    seconds = [subjects[key].seconds() for _ in range(request["repeat"])]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": seconds, "memory": memory, "version": deepsparse.__version__}


@contextlib.contextmanager
def answers():
    """The engine prints a greeting of its own on standard output, where only answers belong."""
    with os.fdopen(os.dup(1), "w") as stream:
        os.dup2(2, 1)
        yield stream


with answers() as stream:
    for line in sys.stdin:
        try:
            reply = answer(json.loads(line))
        except Exception as error:  # whatever the peer cannot do is a cell of the table, not the end of the run
            reply = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:300]}
        print(json.dumps(reply), file=stream, flush=True)
