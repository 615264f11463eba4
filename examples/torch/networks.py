"""The networks of cifar10 as PyTorch modules, for weights from `cifar10 export --format safetensors --names torch`:

    model, classes = load("model.safetensors")
    probabilities = model(images).softmax(1)      # images: uint8 [N, 3, H, W]

Needs torch and safetensors. With a file and pictures in the binary version of CIFAR-10, `python networks.py model.safetensors
test_batch.bin` prints the precision."""

import json
import sys

import torch
from safetensors import safe_open
from torch import nn
from torch.nn import functional as F


class Images(nn.Module):
    """Crops and normalizes pictures as an evaluation does: uint8 [N, C, H, W] → float32 [N, C, size, size]."""

    def __init__(self, size, normalization, statistics):
        super().__init__()
        self.size, self.normalization = size, normalization
        for name in ("mean", "deviation"):
            self.register_buffer(name, torch.tensor(statistics[name]).view(-1, 1, 1), persistent=False)

    def forward(self, pixels):
        top, left = [(length - self.size) // 2 for length in pixels.shape[2:]]
        x = pixels[:, :, top : top + self.size, left : left + self.size].float()
        if self.normalization == "none":
            return x / 255
        if self.normalization == "dataset":
            return (x / 255 - self.mean) / self.deviation
        # per_image: whitening, with a lower bound for the standard deviation
        mean, variance = x.mean((1, 2, 3), keepdim=True), x.var((1, 2, 3), keepdim=True, unbiased=False)
        return (x - mean) / variance.sqrt().clamp(min=x[0].numel() ** -0.5)


def pool(x):
    """A maximum over 3×3 cells with stride 2, padded as TensorFlow does: one more cell after the last than before the first."""
    before, after = [], []
    for length in x.shape[2:]:
        total = max((-(-length // 2) - 1) * 2 + 3 - length, 0)
        before.append(total // 2)
        after.append(total - total // 2)
    padding = (before[1], after[1], before[0], after[0])
    return F.max_pool2d(F.pad(x, padding, value=float("-inf")), 3, 2)


class Tutorial(nn.Module):
    """The network `cifar10`: TensorFlow's tutorial."""

    image_size = 24

    def __init__(self, classes, conv1=64, conv2=64, local3=384, local4=192):
        super().__init__()
        self.conv1 = nn.Conv2d(3, conv1, 5, padding=2)
        self.conv2 = nn.Conv2d(conv1, conv2, 5, padding=2)
        self.local3 = nn.Linear(conv2 * 6 * 6, local3)
        self.local4 = nn.Linear(local3, local4)
        self.softmax_linear = nn.Linear(local4, classes)
        # PyTorch divides alpha by the size of the window.
        self.norm = nn.LocalResponseNorm(9, alpha=0.001, beta=0.75, k=1)

    def forward(self, x):
        x = self.norm(pool(F.relu(self.conv1(x))))
        x = pool(self.norm(F.relu(self.conv2(x))))
        x = F.relu(self.local3(x.flatten(1)))
        return self.softmax_linear(F.relu(self.local4(x)))


class LocallyConnected(nn.Module):
    """A convolution with a filter of its own at every position, with weights [H, W, out, rows, columns, in]."""

    def __init__(self, inputs, filters, size=6, kernel=3):
        super().__init__()
        self.kernel = kernel
        self.weight = nn.Parameter(torch.empty(size, size, filters, kernel, kernel, inputs))
        self.bias = nn.Parameter(torch.empty(filters, size, size))

    def forward(self, x):
        n, inputs, rows, columns = x.shape
        patches = F.unfold(x, self.kernel, padding=self.kernel // 2)
        patches = patches.view(n, inputs, self.kernel, self.kernel, rows, columns)
        return torch.einsum("nijkrc,rcojki->norc", patches, self.weight) + self.bias


class Local(nn.Module):
    """The network `cifar10_local`: the tutorial's exercise."""

    image_size = 24

    def __init__(self, classes, conv1=64, conv2=64, local3=64, local4=32):
        super().__init__()
        self.conv1 = nn.Conv2d(3, conv1, 5, padding=2)
        self.conv2 = nn.Conv2d(conv1, conv2, 5, padding=2)
        self.local3 = LocallyConnected(conv2, local3)
        self.local4 = LocallyConnected(local3, local4)
        self.softmax_linear = nn.Linear(local4 * 6 * 6, classes)
        self.norm = nn.LocalResponseNorm(9, alpha=0.001, beta=0.75, k=1)

    def forward(self, x):
        x = self.norm(pool(F.relu(self.conv1(x))))
        x = pool(self.norm(F.relu(self.conv2(x))))
        x = F.relu(self.local4(F.relu(self.local3(x))))
        return self.softmax_linear(x.flatten(1))


class Convolution(nn.Conv2d):
    """A 3×3 convolution with batch normalization."""

    def __init__(self, inputs, filters, stride=1):
        super().__init__(inputs, filters, 3, stride, padding=1, bias=False)
        self.batch_norm = nn.BatchNorm2d(filters)

    def forward(self, x):
        return self.batch_norm(super().forward(x))


class Block(nn.Module):
    def __init__(self, inputs, filters, stride):
        super().__init__()
        self.conv1 = Convolution(inputs, filters, stride)
        self.conv2 = Convolution(filters, filters)
        self.stride, self.added = stride, filters - inputs

    def forward(self, x):
        y = self.conv2(F.relu(self.conv1(x)))
        shortcut = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.added))
        return F.relu(y + shortcut)


class Resnet(nn.Module):
    """The network `resnet`: He et al., 2015, section 4.2."""

    image_size = 32

    def __init__(self, classes, depth=20, dropout=0):
        super().__init__()
        self.conv1 = Convolution(3, 16)
        inputs = 16
        for stage, filters in enumerate((16, 32, 64)):
            blocks = nn.ModuleDict()
            for index in range((depth - 2) // 6):
                blocks[f"block{index + 1}"] = Block(inputs, filters, 2 if stage > 0 and index == 0 else 1)
                inputs = filters
            self.add_module(f"stage{stage + 1}", blocks)
        self.dropout = nn.Dropout(dropout)
        self.softmax_linear = nn.Linear(64, classes)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        for stage in (self.stage1, self.stage2, self.stage3):
            for block in stage.values():
                x = block(x)
        return self.softmax_linear(self.dropout(x.mean((2, 3))))


networks = {"cifar10": Tutorial, "cifar10_local": Local, "resnet": Resnet}


def load(path):
    """Loads a network with its weights. Returns it, and the names of the classes."""
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        weights = {name: file.get_tensor(name) for name in file.keys()}
    classes = json.loads(metadata["classes"])
    network = networks[metadata["network"]](len(classes), **json.loads(metadata["configuration"]))
    # PyTorch counts the batches of training. The file does not contain this number, and an evaluation does not use it.
    missing, unexpected = network.load_state_dict(weights, strict=False)
    if unexpected or any(not name.endswith("num_batches_tracked") for name in missing):
        raise ValueError(f"{path} does not fit the network: missing {missing}, unexpected {unexpected}")
    images = Images(network.image_size, metadata["normalization"], json.loads(metadata["statistics"]))
    return nn.Sequential(images, network).eval(), classes


if __name__ == "__main__":
    model, classes = load(sys.argv[1])
    with open(sys.argv[2], "rb") as file:
        records = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8).view(-1, 3073)[:1000]
    with torch.inference_mode():
        found = model(records[:, 1:].view(-1, 3, 32, 32)).argmax(1)
    print(f"precision @ 1 = {(found == records[:, 0]).float().mean():.3f} on {len(records)} pictures")
