"""The tensorflow engine's peer: a forward pass and the gradient of the images of a dense VGG-16 in TensorFlow itself (tf.function).

Requests come as JSON lines on standard input, each is answered by one line:
{"batch": 128, "threads": 2, "repeat": 1} -> {"seconds": [...], "processor": seconds, "version": "..."}
Batch-norm is folded into the convolutions, as the engine does it: kernels and biases are constants.
"""

import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
import numpy as np
import tensorflow as tf

PLAN = (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512)
CLASSES = 10


def parameters():
    draws = np.random.default_rng(1)
    drawn = lambda *shape: tf.constant(draws.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape), tf.float32)
    channels, convs = 3, []
    for filters in PLAN:
        convs.append(None if filters == "M" else (drawn(3, 3, channels, filters), tf.zeros(filters)))
        channels = channels if filters == "M" else filters
    return convs, [(drawn(n, units), tf.zeros(units)) for n, units in ((2048, 256), (256, 256), (256, CLASSES))]


def logits(images, convs, dense):
    x = images
    for conv in convs:
        x = tf.nn.max_pool2d(x, 2, 2, "VALID") if conv is None else tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, conv[0], 1, "SAME"), conv[1]))
    x = tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [images.shape[0], -1])
    for i, (kernel, bias) in enumerate(dense):
        x = tf.matmul(x, kernel) + bias
        x = tf.nn.relu(x) if i < len(dense) - 1 else x
    return x


def prepared(batch):
    convs, dense = parameters()
    images = tf.constant(np.random.default_rng(2).random((batch, 32, 32, 3)), tf.float32)
    labels = tf.constant(np.arange(batch) % CLASSES)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            tape.watch(images)
            loss = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits(images, convs, dense)))
        return tape.gradient(loss, images)

    step().numpy()
    return step


steps = {}
for line in sys.stdin:
    request = json.loads(line)
    if not steps:
        tf.config.threading.set_intra_op_parallelism_threads(request["threads"])
    batch = request["batch"]
    step = steps.setdefault(batch, None) or prepared(batch)
    steps[batch] = step
    seconds, before = [], time.process_time()
    for _ in range(request["repeat"]):
        start = time.perf_counter()
        step().numpy()
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": seconds, "processor": time.process_time() - before, "version": tf.__version__}), flush=True)
