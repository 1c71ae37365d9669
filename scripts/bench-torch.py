"""The peer of the benchmark: the same networks and the same work in PyTorch.

Requests come as JSON lines on standard input, each is answered by one line:
{"work": "forward" | "step" | "at" | "prune", "variant": "eager", "model": "vgg16", "batch": 128, "threads": 2, "density": 0.1, "repeat": 1}
-> {"seconds": [...], "memory": bytes, "version": "..."}, or {"error": "..."}. The density only sets how much of the dense
weights is masked; it does not change the work.
"""

import json
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

CLASSES = 10
EPSILON, STEP = 8 / 255, 2 / 255


def vgg16():
    layers, channels = [], 3
    for filters in (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512):
        if filters == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        layers += [nn.Conv2d(channels, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters), nn.ReLU(inplace=True)]
        channels = filters
    dense = [nn.Flatten(), nn.Linear(2048, 256), nn.ReLU(inplace=True), nn.Linear(256, 256), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, *dense, nn.Linear(256, CLASSES))


class Block(nn.Module):
    """Pre-activation block of a wide residual network; the shortcut takes the activated input where the shape changes."""

    def __init__(self, channels, filters, stride):
        super().__init__()
        self.bn1, self.bn2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(filters)
        self.conv1 = nn.Conv2d(channels, filters, 3, stride, padding=1, bias=False)
        self.conv2 = nn.Conv2d(filters, filters, 3, padding=1, bias=False)
        changes = stride != 1 or channels != filters
        self.short = nn.Conv2d(channels, filters, 1, stride, bias=False) if changes else None

    def forward(self, x):
        activated = F.relu(self.bn1(x), inplace=True)
        y = self.conv2(F.relu(self.bn2(self.conv1(activated)), inplace=True))
        return y + (x if self.short is None else self.short(activated))


def wide_resnet(widen):
    layers, channels = [nn.Conv2d(3, 16, 3, padding=1, bias=False)], 16
    for units, stride in ((16, 1), (32, 2), (64, 2)):
        for number in range(4):
            layers.append(Block(channels, widen * units, stride if number == 0 else 1))
            channels = widen * units
    end = [nn.BatchNorm2d(channels), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, CLASSES)]
    return nn.Sequential(*layers, *end)


MODELS = {"vgg16": vgg16, "wrn28_4": lambda: wide_resnet(4)}


def kernels_of(net):
    return [m.weight for m in net.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]


class Subject:
    """A network with a random mask, prepared as a variant says: words of eager, channels-last, compiled, bf16 joined by +."""

    def __init__(self, model, variant, batch, density):
        torch.manual_seed(1)
        words = variant.split("+")
        self.net = MODELS[model]().eval()
        self.images, self.labels = torch.rand(batch, 3, 32, 32), torch.arange(batch) % CLASSES
        if "channels-last" in words:
            self.net = self.net.to(memory_format=torch.channels_last)
            self.images = self.images.contiguous(memory_format=torch.channels_last)
        self.model = model
        self.kernels = kernels_of(self.net)
        self.masks = [(torch.rand_like(w) < density).to(w.dtype) for w in self.kernels]
        self.mask()
        self.call = torch.compile(self.net) if "compiled" in words else self.net
        self.autocast = "bf16" in words
        self.attacked = self.images
        self.optimiser = torch.optim.SGD(self.net.parameters(), lr=1e-3, momentum=0.9, weight_decay=5e-4)
        self.pruning = None

    @torch.no_grad()
    def mask(self):
        for weight, mask in zip(self.kernels, self.masks):
            weight.mul_(mask)

    def logits(self, images):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.autocast):
            return self.call(images)

    @torch.no_grad()
    def forward(self):
        return self.logits(self.images)

    def step(self):
        """One step of projected ascent; the parameters ask for no gradient."""
        x = self.attacked.detach().requires_grad_()
        loss = F.cross_entropy(self.logits(x).float(), self.labels, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, x)
        with torch.no_grad():
            moved = x + STEP * gradient.sign()
            moved = torch.minimum(torch.maximum(moved, self.images - EPSILON), self.images + EPSILON)
            self.attacked = moved.clamp_(0, 1)

    def at(self):
        """PGD-10 in evaluation mode, then one step of momentum on masked dense weights."""
        self.gradients()
        self.optimiser.step()
        self.mask()
        self.net.eval().requires_grad_(False)

    def prune(self):
        """The same, then one step of momentum on HYDRA's scores and on batch-norm, weights frozen: new masks of the largest."""
        if self.pruning is None:
            self.pruning = Pruning(self)
        self.gradients()
        self.pruning.step()
        self.net.eval().requires_grad_(False)

    def gradients(self):
        with torch.no_grad():
            self.attacked = (self.images + torch.empty_like(self.images).uniform_(-EPSILON, EPSILON)).clamp_(0, 1)
        for _ in range(10):
            self.step()
        self.net.train().requires_grad_(True)
        self.optimiser.zero_grad()
        F.cross_entropy(self.logits(self.attacked).float(), self.labels).backward()

    def seconds(self, work):
        start = time.perf_counter()
        getattr(self, work)()
        return time.perf_counter() - start


class Pruning:
    """HYDRA's scores in the form that costs PyTorch least: the network holds weight times mask, which changes once a step."""

    def __init__(self, subject):
        self.kernels = subject.kernels
        self.kept = [max(1, int(mask.sum())) for mask in subject.masks]
        self.weights = [kernel.detach() for kernel in kernels_of(MODELS[subject.model]())]
        self.scores = [nn.Parameter(weight.clone()) for weight in self.weights]
        norms = [p for m in subject.net.modules() if isinstance(m, nn.BatchNorm2d) for p in m.parameters()]
        self.optimiser = torch.optim.SGD([*self.scores, *norms], lr=1e-3, momentum=0.9, weight_decay=1e-4)
        self.mask()

    @torch.no_grad()
    def mask(self):
        for kernel, weight, score, kept in zip(self.kernels, self.weights, self.scores, self.kept):
            largest = score.abs().reshape(-1).topk(kept, sorted=False).indices
            mask = torch.zeros(weight.numel()).index_fill_(0, largest, 1).view_as(weight)
            kernel.copy_(weight * mask)

    @torch.no_grad()
    def step(self):
        for kernel, weight, score in zip(self.kernels, self.weights, self.scores):
            score.grad = kernel.grad * weight * score.sign()
        self.optimiser.step()
        self.mask()


subjects = {}


def answer(request):
    torch.set_num_threads(request["threads"])
    key = tuple(request[name] for name in ("model", "variant", "batch", "density"))
    if key not in subjects:
        subjects[key] = Subject(*key)
        subjects[key].net.requires_grad_(False)
    seconds = [subjects[key].seconds(request["work"]) for _ in range(request["repeat"])]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": seconds, "memory": memory, "version": torch.__version__}


for line in sys.stdin:
    try:
        reply = answer(json.loads(line))
    except Exception as error:  # whatever a peer cannot do is a cell of the table, not the end of the run
        reply = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:300]}
    print(json.dumps(reply), flush=True)
