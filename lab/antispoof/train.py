#!/usr/bin/env python3
"""Trains the anti-spoof model on the crops of make-data.ts, on one core. Needs the distribution's python3-torch.

    python3 lab/antispoof/train.py --epochs 60 --minutes 18         the committed model
    python3 lab/antispoof/train.py --without replay --out NAME      without one species, to test the model on it

Writes .cache/antispoof/NAME.json (shapes, options, figures on the validation identities) and NAME.bin (float32 values that
are exact in binary16, with batch normalization folded in), which export.ts turns into an ONNX file. The seed is fixed;
if --minutes ends the training, the weights also depend on the speed of the machine.
"""
import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

FOLDER = Path(__file__).resolve().parents[2] / ".cache" / "antispoof"
SIZE = 160
SPECIES = ("print", "replay", "cutout", "bent")
# The input contract of the manifest entry: (value - MEAN) / STD.
MEAN, STD = 127.5, 64.0
BONA_FIDE, ATTACK = 0, 1
# Share of each batch that shows no face: white, noise, gradients, drawings. They are labeled as attacks.
NO_FACE_SHARE = 0.06


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--without", choices=SPECIES, help="a species to leave out of the training")
    parser.add_argument("--out", default="model")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--share", type=float, default=1.0, help="share of the photos to train on")
    parser.add_argument("--photos", type=int, default=4, help="photos per batch, each with all of its crops")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=600, help="time limit; the learning rate falls to 0 by then")
    return parser.parse_args()


def conv(inputs, outputs, kernel=3, stride=1, groups=1, relu=True):
    layers = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, *([nn.ReLU(inplace=True)] if relu else []))


class Residual(nn.Module):
    """A residual block: a depthwise and a pointwise convolution, plus the input."""

    def __init__(self, channels):
        super().__init__()
        self.depthwise = conv(channels, channels, groups=channels)
        self.pointwise = conv(channels, channels, kernel=1, relu=False)

    def forward(self, x):
        return F.relu(x + self.pointwise(self.depthwise(x)))


class Net(nn.Module):
    """The network: halves the side four times, then reads the mean (texture) and the maximum (edges) of each channel."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            conv(3, 16, kernel=5, stride=2),
            conv(16, 32, stride=2),
            Residual(32),
            conv(32, 64, stride=2),
            Residual(64),
            Residual(64),
            conv(64, 128, stride=2),
            Residual(128),
            Residual(128),
        )
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(256, 2)

    def forward(self, x):
        x = self.body(x)
        return self.head(self.dropout(torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)))


def load():
    index = json.loads((FOLDER / "index.json").read_text())
    crops = np.fromfile(FOLDER / "crops.u8", np.uint8, len(index) * 3 * SIZE * SIZE).reshape(-1, 3, SIZE, SIZE)
    kinds = np.array([line["kind"] for line in index])
    uses = np.array([line["use"] for line in index])
    # The eight crops of a photo are consecutive.
    photos = np.arange(len(index)) // 8
    return torch.from_numpy(crops), kinds, uses, photos


def no_faces(count, random):
    """Returns images of white and colored cards, noise, gradients, stripes and drawings, 0..255."""
    images = np.empty((count, 3, SIZE, SIZE), np.float32)
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE - 0.5
    for image in images:
        kind = random.integers(6)
        base = random.uniform(0, 255, (3, 1, 1)) if random.random() < 0.6 else np.full((3, 1, 1), random.uniform(0, 255))
        if kind == 0:
            image[:] = 255 if random.random() < 0.5 else base
        elif kind == 1:
            image[:] = base + random.normal(0, random.uniform(5, 90), (3 if random.random() < 0.5 else 1, SIZE, SIZE))
        elif kind == 2:
            angle = random.uniform(0, 2 * math.pi)
            image[:] = base + random.uniform(20, 250) * (x * math.cos(angle) + y * math.sin(angle))
        elif kind == 3:
            angle, waves = random.uniform(0, math.pi), random.uniform(2, 40)
            wave = np.sin(2 * math.pi * waves * (x * math.cos(angle) + y * math.sin(angle)))
            image[:] = base + random.uniform(20, 120) * (np.sign(wave) if random.random() < 0.5 else wave)
        else:
            image[:] = drawing(x, y, base, random)
    return np.clip(images, 0, 255)


def drawing(x, y, base, random):
    """Draws a face of a few strokes: outline, eyes and mouth, in pen or filled."""
    image = np.broadcast_to(base, (3, SIZE, SIZE)).copy()
    ink = random.uniform(0, 255, (3, 1, 1))
    skin = random.uniform(60, 255, (3, 1, 1))
    center_x, center_y = random.uniform(-0.05, 0.05, 2)
    wide, high = random.uniform(0.15, 0.3), random.uniform(0.2, 0.38)
    line = random.uniform(0.03, 0.12)
    radius = np.hypot((x - center_x) / wide, (y - center_y) / high)
    if random.random() < 0.7:
        image = np.where(radius < 1, skin, image)
    image = np.where(abs(radius - 1) < line, ink, image)
    eye = random.uniform(0.06, 0.16)
    for side in (-1, 1):
        distance = np.hypot((x - center_x) / wide - side * 0.4, (y - center_y) / high + 0.2)
        image = np.where(distance < eye, ink, image)
    u, v = (x - center_x) / wide, (y - center_y) / high
    smile = random.uniform(-0.5, 0.5)
    image = np.where((abs(v - 0.45 + smile * (u * u - 0.1)) < line) & (abs(u) < 0.45), ink, image)
    return image + random.normal(0, random.uniform(0, 8), (3, SIZE, SIZE))


# ITU-T T.81, table K.1.
LUMINANCE_TABLE = torch.tensor(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    dtype=torch.float32,
)
DCT = torch.tensor(
    [[math.sqrt((1 if k == 0 else 2) / 8) * math.cos(math.pi * (2 * n + 1) * k / 16) for n in range(8)] for k in range(8)]
)


def jpeg(images, quality):
    """Applies the loss of JPEG at a quality of 1..100, with every channel as luminance (ITU-T T.81, annex K)."""
    scale = 50 / quality if quality < 50 else 2 - quality / 50
    table = (LUMINANCE_TABLE * scale).clamp(1, 255)
    n = len(images)
    blocks = images.reshape(n, 3, SIZE // 8, 8, SIZE // 8, 8).permute(0, 1, 2, 4, 3, 5) - 128
    blocks = DCT.T @ (torch.round(DCT @ blocks @ DCT.T / table) * table) @ DCT
    return blocks.permute(0, 1, 2, 4, 3, 5).reshape(n, 3, SIZE, SIZE) + 128


BINOMIAL = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
NOISE = torch.randn(4_000_000, generator=torch.Generator().manual_seed(0))
BLUR = (BINOMIAL[:, None] * BINOMIAL[None, :]).repeat(3, 1, 1, 1)


def augment(images, generator):
    """Augments both classes alike: flip, shift, brightness, contrast, tint, gray, blur, noise, JPEG."""
    n = len(images)
    uniform = lambda low, high, *shape: torch.rand(*shape, generator=generator) * (high - low) + low
    which = lambda share: torch.rand(n, generator=generator) < share
    x = images.float()
    flipped = which(0.5)
    x[flipped] = x[flipped].flip(3)
    dx, dy = (torch.randint(-4, 5, (2,), generator=generator)).tolist()
    x = F.pad(x, (4, 4, 4, 4), mode="replicate")[:, :, 4 + dy : 4 + dy + SIZE, 4 + dx : 4 + dx + SIZE].clone()
    blurred = which(0.2)
    if blurred.any():
        soft = F.conv2d(F.pad(x[blurred], (2, 2, 2, 2), mode="replicate"), BLUR, groups=3)
        x[blurred] += uniform(0.3, 1.2, int(blurred.sum()), 1, 1, 1) * (soft - x[blurred])
    contrast, brightness = uniform(0.7, 1.3, n, 1, 1, 1), uniform(0.5, 1.5, n, 1, 1, 1)
    mean = x.mean((1, 2, 3), keepdim=True)
    x = ((x - mean) * contrast + mean) * brightness * uniform(0.88, 1.12, n, 3, 1, 1)
    gray = which(0.08)
    x[gray] = x[gray].mean(1, keepdim=True).expand(-1, 3, -1, -1)
    # Take slices of one long noise vector: drawing new noise would take as long as the network.
    for i in torch.nonzero(which(0.3)).flatten().tolist():
        at = int(torch.randint(len(NOISE) - x[0].numel(), (1,), generator=generator))
        x[i] += float(uniform(0, 7, 1)) * NOISE[at : at + x[0].numel()].view_as(x[0])
    compressed = which(0.12)
    if compressed.any():
        x[compressed] = jpeg(x[compressed].clamp(0, 255), float(uniform(20, 90, 1)))
    return prepare(x.clamp_(0, 255))


def prepare(images):
    # Convolutions are nearly twice as fast in this memory layout.
    return images.sub(MEAN).div_(STD).contiguous(memory_format=torch.channels_last)


def auc(bona_fide, attack):
    ranks = np.argsort(np.argsort(np.concatenate([bona_fide, attack]))) + 1
    n = len(bona_fide)
    return (ranks[:n].sum() - n * (n + 1) / 2) / (n * len(attack))


@torch.no_grad()
def scores_of(net, crops, chosen):
    net.eval()
    parts = [prepare(crops[torch.from_numpy(rows)].float()) for rows in np.array_split(chosen, len(chosen) // 128 + 1)]
    return torch.cat([F.softmax(net(part), 1)[:, BONA_FIDE] for part in parts]).numpy()


def figures(net, crops, kinds, uses):
    """Returns the AUC per species and the BPCER at APCER 10 % of the worst species, on the validation identities."""
    scored = {
        kind: scores_of(net, crops, np.flatnonzero((uses == "validate") & (kinds == kind)))
        for kind in ("photo", "bona fide", *SPECIES)
    }
    shots = scored["bona fide"]
    result = {kind: round(float(auc(shots, scored[kind])), 4) for kind in SPECIES}
    threshold = max(np.quantile(scored[kind], 0.9) for kind in SPECIES)
    result["threshold"] = round(float(threshold), 4)
    result["bpcer10"] = round(float((shots <= threshold).mean()), 4)
    result["photos"] = round(float((scored["photo"] <= threshold).mean()), 4)
    return result


def folded(net):
    """Returns kernels and biases with batch normalization folded in, in graph order, rounded to binary16."""
    tensors = []
    for module in net.modules():
        if not isinstance(module, nn.Sequential) or not isinstance(module[0], nn.Conv2d):
            continue
        kernel, norm = module[0], module[1]
        factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        tensors += [kernel.weight * factor.view(-1, 1, 1, 1), norm.bias - norm.running_mean * factor]
    tensors += [net.head.weight, net.head.bias]
    return [tensor.detach().half().float().contiguous(memory_format=torch.contiguous_format) for tensor in tensors]


def main():
    options = parse()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    generator = torch.Generator().manual_seed(options.seed)
    random = np.random.default_rng(options.seed)
    crops, kinds, uses, photos = load()
    is_train = (uses == "train") & (kinds != (options.without or ""))
    is_train &= random.random(photos.max() + 1)[photos] < options.share
    rows = np.flatnonzero(is_train)
    labels = torch.from_numpy(np.where(np.isin(kinds, SPECIES), ATTACK, BONA_FIDE))
    # Weigh the classes equally: leaving a species out reduces the number of attacks.
    counts = np.bincount(labels[rows], minlength=2)
    weights = torch.tensor(len(rows) / (2 * counts), dtype=torch.float32)
    net, average = (Net().to(memory_format=torch.channels_last) for _ in range(2))
    average.load_state_dict(net.state_dict())
    groups = [
        {"params": [p for p in net.parameters() if p.ndim > 1], "weight_decay": 0.02},
        {"params": [p for p in net.parameters() if p.ndim <= 1], "weight_decay": 0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=options.rate)
    start = time.time()
    # Keep a photo's crops in one batch: they differ in class, and their shared content cancels out.
    photo_rows = np.split(rows, np.flatnonzero(np.diff(photos[rows])) + 1)
    epochs, steps = options.epochs, len(photo_rows) // options.photos
    total, step, share = epochs * steps, 0, 0
    history = []
    epoch = 0
    print(f"{len(rows)} crops, {sum(p.numel() for p in net.parameters())} weights", flush=True)
    while epoch < epochs and share < 1:
        net.train()
        losses = []
        order = random.permutation(len(photo_rows))
        for i in range(steps):
            own = order[i * options.photos : (i + 1) * options.photos]
            chosen = torch.from_numpy(np.concatenate([photo_rows[photo] for photo in own]))
            images, wanted = crops[chosen], labels[chosen]
            extra = max(1, round(len(chosen) * NO_FACE_SHARE))
            images = torch.cat([images.float(), torch.from_numpy(no_faces(extra, random))])
            wanted = torch.cat([wanted, torch.full((extra,), ATTACK)])
            share = max(step / total, (time.time() - start) / 60 / options.minutes)
            for group in optimizer.param_groups:
                group["lr"] = options.rate * min(1, step / 100) * 0.5 * (1 + math.cos(math.pi * min(1, share)))
            loss = F.cross_entropy(net(augment(images, generator)), wanted, weight=weights, label_smoothing=0.05)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            losses.append(float(loss))
            step += 1
            with torch.no_grad():
                keep = min(0.998, step / (step + 10))
                for own, new in zip(average.state_dict().values(), net.state_dict().values()):
                    if own.dtype.is_floating_point:
                        own.lerp_(new, 1 - keep)
        epoch += 1
        spent = (time.time() - start) / 60
        history.append({"epoch": epoch, "loss": round(float(np.mean(losses)), 4), "minutes": round(spent, 1)})
        if epoch % 5 == 0 or epoch == epochs or share >= 1:
            history[-1].update(figures(average, crops, kinds, uses))
        print(json.dumps(history[-1]), flush=True)
        save(options, average, history)


def save(options, net, history):
    tensors = folded(net)
    (FOLDER / f"{options.out}.bin").write_bytes(b"".join(tensor.numpy().tobytes() for tensor in tensors))
    description = {"options": vars(options), "shapes": [list(tensor.shape) for tensor in tensors], "history": history}
    (FOLDER / f"{options.out}.json").write_text(json.dumps(description, indent=1) + "\n")


if __name__ == "__main__":
    main()
