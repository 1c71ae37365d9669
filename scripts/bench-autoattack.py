"""The peer of the attack benchmark: the public AutoAttack and Foolbox's Brendel & Bethge attack on a checkpoint, in PyTorch.

Requests come as JSON lines on standard input, each is answered by one line:
{"checkpoint": FILE, "data": FOLDER, "samples": 32, "attack": "apgd-ce", "standing": [0, 3, ...], "threads": 2,
 "fraction": 1}
-> {"standing": [...], "seconds": s, "processor": s, "forwards": images, "gradients": images, "variant": "eager"}
A gradient includes its forward. "clean" gives the samples that are right; "bb-starts" those of them that noise gets misclassified.
"""

import importlib.util
import json
import pathlib
import resource
import sys
import time

import torch
from autoattack import AutoAttack

EPSILON = 8 / 255
SEED = 1


def load_cross_check():
    path = pathlib.Path(__file__).resolve().parent / "cross-check.py"
    spec = importlib.util.spec_from_file_location("cross_check", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cross_check = load_cross_check()


class Counted(torch.nn.Module):
    """A checkpoint's network that counts images."""

    def __init__(self, checkpoint):
        super().__init__()
        self.network = cross_check.Checkpoint(checkpoint)
        self.forwards = self.gradients = 0

    def forward(self, images):
        if torch.is_grad_enabled() and images.requires_grad:
            self.gradients += len(images)
        else:
            self.forwards += len(images)
        return self.network(images)

    def channels_last(self, is_last):
        layout = torch.channels_last if is_last else torch.contiguous_format
        tensors = self.network.tensors
        for name, values in tensors.items():
            if values.ndim == 4:
                tensors[name] = values.contiguous(memory_format=layout)


class Subject:
    """A network with its images, in the faster of PyTorch's two layouts."""

    def __init__(self, checkpoint, data, samples):
        self.net = Counted(checkpoint).eval()
        self.images, self.labels, _ = cross_check.read_images(data, samples)
        self.variant = min(("eager", "channels-last"), key=self.time_of_gradients)
        self.net.channels_last(self.variant == "channels-last")
        self.library = AutoAttack(self.net, norm="Linf", eps=EPSILON, version="standard", seed=SEED, device="cpu", verbose=False)
        self.is_warm = False

    def time_of_gradients(self, variant):
        self.net.channels_last(variant == "channels-last")
        times = []
        for _ in range(4):
            start = time.perf_counter()
            images = self.images[:16].clone().requires_grad_()
            torch.autograd.grad(self.net(images).sum(), images)
            times.append(time.perf_counter() - start)
        return min(times[1:])

    def shorten(self, fraction):
        """To a fraction of the published steps and queries; Auto-PGD's checkpoints follow its steps."""
        library, steps = self.library, max(1, round(100 * fraction))
        for one in (library.apgd, library.apgd_targeted):
            one.n_iter = one.n_iter_orig = steps
            one.n_iter_2, one.n_iter_min, one.size_decr = (max(int(share * steps), 1) for share in (0.22, 0.06, 0.03))
        library.fab.n_iter = steps
        library.square.n_queries = max(1, round(5000 * fraction))
        self.walk_steps = max(1, round(1000 * fraction))

    def attack(self, name, standing):
        """Dataset indices that still stand."""
        if not standing:
            return []
        chosen = torch.tensor(standing)
        images, labels = self.images[chosen].clone(), self.labels[chosen].clone()
        found = images if name == "clean" else self.perturbed(name, images, labels)
        with torch.no_grad():
            right = self.net(found).argmax(1) == labels
        return chosen[right].tolist()

    def perturbed(self, name, images, labels):
        """As the library's standard ensemble runs its members."""
        library = self.library
        if name == "apgd-ce":
            library.apgd.loss, library.apgd.seed = "ce", SEED
            return library.apgd.perturb(images, labels)
        if name == "apgd-t":
            library.apgd_targeted.seed = SEED
            return library.apgd_targeted.perturb(images, labels)
        if name == "fab-t":
            library.fab.targeted, library.fab.n_restarts, library.fab.seed = True, 1, SEED
            return library.fab.perturb(images, labels)
        if name == "square":
            library.square.seed = SEED
            return library.square.perturb(images, labels)
        if name == "bb":
            return self.walked(images, labels, {"steps": self.walk_steps})
        raise ValueError(f"no attack is called {name}")

    def walked(self, images, labels, constants):
        import foolbox

        torch.manual_seed(SEED)
        model = foolbox.PyTorchModel(self.net, bounds=(0, 1), device="cpu")
        attack = foolbox.attacks.LinfinityBrendelBethgeAttack(**constants)
        return attack(model, images, labels, epsilons=EPSILON)[1]

    def starts(self, standing):
        """Samples that some of 100 noise images get misclassified: without one, Foolbox refuses the whole batch."""
        torch.manual_seed(SEED)
        with torch.no_grad():
            seen = set(self.net(torch.rand(100, *self.images.shape[1:])).argmax(1).tolist())
        found = [index for index in standing if seen - {self.labels[index].item()}]
        # Its inner solver is compiled at the first use.
        if found and not self.is_warm:
            chosen = torch.tensor(found[:2])
            self.walked(self.images[chosen].clone(), self.labels[chosen].clone(), {"steps": 3})
            self.is_warm = True
        return found


subjects = {}


def answer(request):
    torch.set_num_threads(request["threads"])
    key = (request["checkpoint"], request["data"], request["samples"])
    if key not in subjects:
        subjects[key] = Subject(*key)
    subject, net = subjects[key], subjects[key].net
    if request["attack"] == "bb-starts":
        return {"standing": subject.starts(request["standing"])}
    subject.shorten(request["fraction"])
    net.forwards = net.gradients = 0
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    standing = subject.attack(request["attack"], request["standing"])
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    counts = {"forwards": net.forwards, "gradients": net.gradients}
    return {"standing": standing, "seconds": seconds, "processor": processor, **counts, "variant": subject.variant}


def main():
    replies, sys.stdout = sys.stdout, sys.stderr  # what the libraries print is for people
    for line in sys.stdin:
        try:
            reply = answer(json.loads(line))
        except Exception as error:  # whatever a peer cannot do is a cell of the table, not the end of the run
            reply = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:300]}
        print(json.dumps(reply), file=replies, flush=True)


main()
