#!/usr/bin/env python3
"""Measures the precision that the recipe `resnet20` reaches in PyTorch: the same training, written independently.

    python3 bench/peers/torch_resnet20.py --data-dir DIR --seed 0 [--epochs 20] [--threads 2] [--bf16]

ResNet-20 of K. He et al. (2015), section 4.2, with parameter-free shortcuts. Batch 128, padding by 4 and random crops, random
flips, mean and deviation per channel; Nesterov momentum 0.9, weight decay 1e-4 on the weights of convolutions and the dense
layer; learning rate 0.1 after 400 steps of linear warm-up, then a cosine to 0. Prints a line of JSON per epoch: the running
training accuracy; after the last epoch also the precision on the test images. DIR has `cifar-10-batches-bin`.
"""
import argparse
import json
import math
import os
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

MEAN = torch.tensor([0.4914, 0.4822, 0.4465]).view(1, 3, 1, 1)
DEVIATION = torch.tensor([0.2470, 0.2435, 0.2616]).view(1, 3, 1, 1)
BATCH, RATE, WARMUP = 128, 0.1, 400


def load(folder, names):
    records = np.concatenate([np.fromfile(os.path.join(folder, name), np.uint8).reshape(-1, 3073) for name in names])
    return torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32).copy()), torch.from_numpy(records[:, 0].astype(np.int64))


class Block(nn.Module):
    def __init__(self, inputs, filters, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, filters, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(filters)
        self.stride, self.extra = stride, filters - inputs

    def forward(self, x):
        y = F.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        shortcut = x[:, :, ::self.stride, ::self.stride]
        if self.extra > 0:
            shortcut = F.pad(shortcut, (0, 0, 0, 0, self.extra // 2, self.extra - self.extra // 2))
        return F.relu(y + shortcut)


class ResNet20(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(16)
        widths = [16] * 3 + [32] * 3 + [64] * 3
        inputs = [16, *widths[:-1]]
        self.blocks = nn.Sequential(*(Block(i, f, 1 if i == f else 2) for i, f in zip(inputs, widths)))
        self.dense = nn.Linear(64, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode='fan_out', nonlinearity='relu')
        nn.init.zeros_(self.dense.bias)

    def forward(self, x):
        x = self.blocks(F.relu(self.norm(self.conv(x))))
        return self.dense(x.mean((2, 3)))


def augment(images, generator):
    n = len(images)
    padded = F.pad(images, (4, 4, 4, 4))
    rows, columns = (torch.randint(0, 9, (n,), generator=generator) for _ in range(2))
    flips = torch.rand(n, generator=generator) < 0.5
    out = torch.empty_like(images)
    for i in range(n):
        crop = padded[i, :, rows[i]:rows[i] + 32, columns[i]:columns[i] + 32]
        out[i] = crop.flip(2) if flips[i] else crop
    return normalize(out)


def normalize(images):
    return ((images.float() / 255 - MEAN) / DEVIATION).contiguous(memory_format=torch.channels_last)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--data-dir', required=True)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--epochs', type=int, default=20)
    parser.add_argument('--threads', type=int, default=0)
    parser.add_argument('--bf16', action='store_true')
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    generator = torch.Generator().manual_seed(args.seed)
    folder = os.path.join(args.data_dir, 'cifar-10-batches-bin')
    images, labels = load(folder, [f'data_batch_{i}.bin' for i in range(1, 6)])
    test_images, test_labels = load(folder, ['test_batch.bin'])
    net = ResNet20().to(memory_format=torch.channels_last)
    weights = [p for p in net.parameters() if p.dim() > 1]
    others = [p for p in net.parameters() if p.dim() <= 1]
    optimizer = torch.optim.SGD([{'params': weights, 'weight_decay': 1e-4}, {'params': others}], lr=RATE, momentum=0.9, nesterov=True)
    steps = math.ceil(args.epochs * len(images) / BATCH)
    order = torch.cat([torch.randperm(len(images), generator=generator) for _ in range(args.epochs + 1)])
    correct, seen, epoch, began = 0, 0, 0, time.time()
    for step in range(steps):
        rows = order[step * BATCH:(step + 1) * BATCH]
        done = min(1, max(0, (step - WARMUP) / max(1, steps - WARMUP)))
        rate = RATE * (1 + math.cos(math.pi * done)) / 2 * min(1, (step + 1) / WARMUP)
        for group in optimizer.param_groups:
            group['lr'] = rate
        with torch.autocast('cpu', torch.bfloat16, enabled=args.bf16):
            logits = net(augment(images[rows], generator))
        loss = F.cross_entropy(logits.float(), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        correct += (logits.argmax(1) == labels[rows]).sum().item()
        seen += len(rows)
        if (step + 1) * BATCH // len(images) > epoch or step + 1 == steps:
            epoch = (step + 1) * BATCH // len(images)
            line = {'seed': args.seed, 'step': step + 1, 'loss': loss.item(), 'training_accuracy': correct / seen, 'seconds': round(time.time() - began, 1)}
            if step + 1 == steps or epoch % 5 == 0:
                net.eval()
                with torch.no_grad():
                    found = torch.cat([net(normalize(test_images[i:i + 500])).argmax(1) for i in range(0, len(test_images), 500)])
                net.train()
                line['test_precision'] = (found == test_labels).float().mean().item()
            print(json.dumps(line), flush=True)
            correct, seen = 0, 0


if __name__ == '__main__':
    main()
