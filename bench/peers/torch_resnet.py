#!/usr/bin/env python3
"""Measures how fast PyTorch trains ResNet-20 on this machine's CPU. It is a peer for `cifar10 bench --recipe resnet20 --peers`.

    python3 bench/peers/torch_resnet.py                                            all variants, with one line of JSON for each
    npm run bench -- --recipe resnet20 --peers "python3 bench/peers/torch_resnet.py"     alternately with cifar10, to compare them

A step computes the same as a step of cifar10: the forward pass with running statistics of batch normalization, the cross entropy, the
backward pass, Nesterov's momentum with weight decay, and moving averages of all parameters. The batch stays in memory, while the
figures of cifar10 include making the next batch. A variant is a combination of three choices, and its name consists of their words:

    channels_last | contiguous   the order of images and filters in memory
    fp32 | bf16                  float32, or autocast to bfloat16
    eager | compiled             eager mode, or torch.compile (which takes minutes)

Every line has `variant`, and either `images_per_sec` (for the median step) or `failed` with the reason. This needs PyTorch 2
(pip install torch).
"""
import itertools

import torch
import torch.nn.functional as F
from torch import nn

from torch_step import AVERAGE_DECAY, CLASSES, run

SIDE, STAGES, BLOCKS = 32, (16, 32, 64), 3
LEARNING_RATE, MOMENTUM, WEIGHT_DECAY = 0.01, 0.9, 1e-4


def normalized_convolution(inputs, outputs, stride):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs))


class Block(nn.Module):
    """ReLU(shortcut + BN(conv(ReLU(BN(conv(x)))))); the shortcut is option A of He et al. (2015)."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = normalized_convolution(inputs, outputs, stride)
        self.second = normalized_convolution(outputs, outputs, 1)
        self.stride, self.added = stride, outputs - inputs

    def forward(self, x):
        y = self.second(F.relu(self.first(x)))
        if self.added:
            x = F.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, 0, self.added))
        return F.relu(x + y)


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = normalized_convolution(3, STAGES[0], 1)
        blocks, inputs = [], STAGES[0]
        for stage, outputs in enumerate(STAGES):
            for index in range(BLOCKS):
                blocks.append(Block(inputs, outputs, 2 if stage > 0 and index == 0 else 1))
                inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.logits = nn.Linear(inputs, CLASSES)

    def forward(self, x):
        return self.logits(self.blocks(F.relu(self.stem(x))).mean((2, 3)))


def make_step(batch, memory, precision, mode):
    """Returns a function that runs one complete training step and returns its loss."""
    torch.manual_seed(0)
    network = ResNet20()
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight)
    images, labels = torch.randn(batch, 3, SIDE, SIDE), torch.randint(0, CLASSES, (batch,))
    if memory == 'channels_last':
        network = network.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    parameters = list(network.parameters())
    averages = [value.detach().clone() for value in parameters]
    groups = [{'params': [value for value in parameters if value.dim() > 1], 'weight_decay': WEIGHT_DECAY},
              {'params': [value for value in parameters if value.dim() == 1], 'weight_decay': 0.0}]
    optimizer = torch.optim.SGD(groups, lr=LEARNING_RATE, momentum=MOMENTUM, nesterov=True, foreach=True)
    forward = torch.compile(network) if mode == 'compiled' else network

    def step():
        with torch.autocast(images.device.type, dtype=torch.bfloat16, enabled=precision == 'bf16'):
            logits = forward(images)
        loss = F.cross_entropy(logits.float(), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(averages, parameters, 1 - AVERAGE_DECAY)
        return loss

    return step


if __name__ == '__main__':
    choices = sorted(itertools.product(('channels_last', 'contiguous'), ('fp32', 'bf16'), ('eager', 'compiled')), key=lambda choice: choice[-1] == 'compiled')
    # The first loss is ln 10 plus the contribution of the variance of the logits.
    run(__doc__, lambda _: choices, make_step, (2.0, 6.0))
