#!/usr/bin/env python3
"""Trains the recipes airbench and airbench-muon in PyTorch: the peer of cifar10's recipes of these names.

    python3 bench/peers/torch_airbench.py                                 the speed of all variants, with one line of JSON for each
    npm run bench -- --recipe airbench --width 0.5 --batch-size 256 --peers "python3 bench/peers/torch_airbench.py --width 0.5 --batch 256"
    python3 bench/peers/torch_airbench.py --data-dir data --width 0.5 --epochs 3 --batch 512 --seed 0      a complete run

A step computes the same as a step of cifar10: forward pass with running statistics, cross entropy with label smoothing, backward
pass, update with weight decay, and look-ahead. For the speed, the batch stays in memory, while the figures of cifar10 include making
the next batch. A variant is a combination of three choices, and its name consists of their words:

    channels_last | contiguous   the order of images and filters in memory
    fp32 | bf16                  float32, or autocast to bfloat16
    eager | compiled             eager mode, or torch.compile (which takes minutes)

With --data-dir, which has the folder cifar-10-batches-bin, one run is trained in the variant that --only names, by default
`channels_last fp32 eager`. It prints a line of JSON per epoch: the precision @ 1 on the test images without test-time augmentation
(`none`) and with it (`mirror`, `full`), and the seconds and images/s of training. The time contains augmentation, but no evaluation.
As in `cifar10 bench --runs`, the first step, in which torch.compile works, counts as much as the mean of the others.
cifar10 makes other random numbers, so single runs differ from its runs. This needs PyTorch 2 and numpy.
"""
import argparse
import itertools
import json
import math
import os
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

from airbench_model import BIAS_EPOCHS, UPDATES, Airbench, channels, loss_of, test_time_outputs, whitening
from torch_step import chosen, command_line, measure, report, usable_cores

SIDE, SHIFT, WHITENED = 32, 2, 5000
DEFAULTS = {'airbench': (9.9, 1024), 'airbench-muon': (8, 2000)}  # epochs and images of a batch
DEFAULT_VARIANT = 'channels_last fp32 eager'
STEPS_OF_SCHEDULE = 1000  # for the speed, where the rate does not matter


def prepared(model, memory):
    return model.to(memory_format=torch.channels_last) if memory == 'channels_last' else model


def make_step_of(recipe, width):
    """Returns a function for `measure`, which makes the step of a variant."""
    def make_step(batch, memory, precision, mode):
        torch.manual_seed(0)
        model = prepared(Airbench(channels(width)), memory)
        images, labels = torch.randn(batch, 3, SIDE, SIDE), torch.randint(0, 10, (batch,))
        with torch.no_grad():
            model.whiten.weight.copy_(whitening(images)[0])
        if memory == 'channels_last':
            images = images.contiguous(memory_format=torch.channels_last)
        updates = UPDATES[recipe](model, batch, STEPS_OF_SCHEDULE, STEPS_OF_SCHEDULE)
        forward = torch.compile(model) if mode == 'compiled' else model
        steps = itertools.count()
        return lambda: trained(forward, updates, next(steps) % STEPS_OF_SCHEDULE, images, labels, precision) / batch

    return make_step


def trained(forward, updates, step, images, labels, precision):
    """Makes a training step, and returns the sum of the losses."""
    updates.before(step)
    with torch.autocast('cpu', dtype=torch.bfloat16, enabled=precision == 'bf16'):
        logits = forward(images)
    loss = loss_of(logits.float(), labels)
    updates.model.zero_grad(set_to_none=True)
    loss.backward()
    updates.after(step)
    return loss.detach()


class Data:
    """The images of the binary version of CIFAR-10, normalized with the mean and deviation of the training images."""

    def __init__(self, folder, generator, test_images):
        self.generator = generator
        folder = os.path.join(folder, 'cifar-10-batches-bin')
        train, self.labels = self.load(folder, [f'data_batch_{i}.bin' for i in range(1, 6)])
        test, self.test_labels = (part[:test_images] for part in self.load(folder, ['test_batch.bin']))
        values = train.float() / 255
        self.mean, self.deviation = values.mean((0, 2, 3)).view(1, 3, 1, 1), values.std((0, 2, 3)).view(1, 3, 1, 1)
        self.test = self.normalized(test)
        self.sample = self.normalized(train[torch.arange(WHITENED) * len(train) // WHITENED])
        self.padded = F.pad(train.float(), (SHIFT,) * 4, 'reflect').to(torch.uint8)
        self.flips = torch.randint(0, 2, (len(train),), generator=generator)
        self.orders = {}

    @staticmethod
    def load(folder, names):
        records = np.concatenate([np.fromfile(os.path.join(folder, name), np.uint8).reshape(-1, 3073) for name in names])
        return torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32).copy()), torch.from_numpy(records[:, 0].astype(np.int64))

    def normalized(self, images):
        return (images.float() / 255 - self.mean) / self.deviation

    def order(self, epoch):
        if epoch not in self.orders:
            self.orders = {e: o for e, o in self.orders.items() if e == epoch - 1}
            self.orders[epoch] = torch.randperm(len(self.labels), generator=self.generator)
        return self.orders[epoch]

    def batch(self, step, size):
        """Returns the augmented images and the labels of a step. As in cifar10, a batch may contain images of two epochs."""
        count = len(self.labels)
        positions = torch.arange(step * size, (step + 1) * size)
        rows = torch.cat([self.order(int(epoch))[positions[positions // count == epoch] % count] for epoch in (positions // count).unique()])
        shifts = torch.randint(0, 2 * SHIFT + 1, (2, size), generator=self.generator)
        flipped = (self.flips[rows] + positions // count) % 2 == 1
        pixels = self.padded[rows]
        images = torch.empty(size, 3, SIDE, SIDE, dtype=torch.uint8)
        for y, x in itertools.product(range(2 * SHIFT + 1), repeat=2):
            here = (shifts[0] == y) & (shifts[1] == x)
            images[here] = pixels[here][:, :, y:y + SIDE, x:x + SIDE]
        images[flipped] = images[flipped].flip(-1)
        return self.normalized(images), self.labels[rows]


@torch.no_grad()
def precisions(model, data, precision, size=500):
    """Returns the precision @ 1 on the test images, without and with test-time augmentation."""
    model.eval()
    right = dict.fromkeys(('none', 'mirror', 'full'), 0)
    with torch.autocast('cpu', dtype=torch.bfloat16, enabled=precision == 'bf16'):
        for first in range(0, len(data.test), size):
            found = test_time_outputs(lambda images: model(images).float(), data.test[first:first + size])
            for name, outputs in found.items():
                right[name] += (outputs.argmax(1) == data.test_labels[first:first + size]).sum().item()
    model.train()
    return {name: count / len(data.test) for name, count in right.items()}


def complete_run(args, variant):
    """Trains a run, and prints a line of JSON per epoch."""
    memory, precision, mode = variant
    torch.manual_seed(args.seed)
    data = Data(args.data_dir, torch.Generator().manual_seed(args.seed), args.test_images)
    model = prepared(Airbench(channels(args.width)), memory)
    with torch.no_grad():
        model.whiten.weight.copy_(whitening(data.sample)[0])
    count = len(data.labels)
    steps = math.ceil(args.epochs * count / args.batch)
    updates = UPDATES[args.recipe](model, args.batch, steps, args.bias_epochs * count / args.batch)
    forward = torch.compile(model) if mode == 'compiled' else model
    settings = {'recipe': args.recipe, 'variant': ' '.join(variant), 'width': args.width, 'batch': args.batch, 'seed': args.seed, 'threads': args.threads}
    others, losses = 0.0, []  # the seconds of all steps but the first
    for step in range(steps):
        began = time.perf_counter()
        images, labels = data.batch(step, args.batch)
        if memory == 'channels_last':
            images = images.contiguous(memory_format=torch.channels_last)
        losses.append(trained(forward, updates, step, images, labels, precision).item() / args.batch)
        elapsed = time.perf_counter() - began
        others += elapsed if step > 0 else 0.0
        seconds = others * (step + 1) / step if step > 0 else elapsed
        done = (step + 1) * args.batch / count
        is_last = step + 1 == steps or step + 1 == args.max_steps
        if int(done) > int(step * args.batch / count) or is_last:
            rate = round((step + 1) * args.batch / seconds)
            line = {**settings, 'epoch': round(done, 2), 'step': step + 1, 'steps': steps, 'loss': sum(losses) / len(losses),
                    'precision': precisions(model, data, precision), 'seconds': round(seconds, 1), 'images_per_second': rate}
            print(json.dumps(line), flush=True)
            losses = []
        if is_last:
            break


def main():
    parser = command_line(__doc__, usable_cores())
    parser.set_defaults(batch=None)
    parser.add_argument('--recipe', choices=list(UPDATES), default='airbench', help='recipe (airbench)')
    parser.add_argument('--width', type=float, default=1.0, help='factor of the numbers of channels (1)')
    runs = parser.add_argument_group('complete runs')
    runs.add_argument('--data-dir', help='folder that contains cifar-10-batches-bin')
    runs.add_argument('--epochs', type=float, help='passes over the training images (9.9, or 8 for airbench-muon)')
    runs.add_argument('--bias-epochs', type=float, default=BIAS_EPOCHS, help=f'epochs for which the biases of the whitening layer are trained ({BIAS_EPOCHS})')
    runs.add_argument('--seed', type=int, default=0, help='seed of weights, order and augmentation (0)')
    runs.add_argument('--max-steps', type=int, help='stop after so many steps, without a change of the schedule')
    runs.add_argument('--test-images', type=int, default=10_000, help='score only the first test images (10000)')
    args = parser.parse_args()
    epochs, batch = DEFAULTS[args.recipe]
    args.epochs, args.batch = args.epochs or epochs, args.batch or (128 if args.data_dir is None else batch)
    torch.set_num_threads(args.threads)
    choices = sorted(itertools.product(('channels_last', 'contiguous'), ('fp32', 'bf16'), ('eager', 'compiled')), key=lambda choice: choice[-1] == 'compiled')
    if args.data_dir is not None:
        found = chosen(argparse.Namespace(only=args.only or DEFAULT_VARIANT), choices)
        if len(found) > 1:
            sys.exit(f'--only {args.only!r} leaves {len(found)} variants, but a complete run needs one, such as {DEFAULT_VARIANT!r}')
        return complete_run(args, found[0])
    # The first loss is ln 10 plus the contribution of the variance of the logits.
    report(args, chosen(args, choices), lambda variant: measure(args.batch, args.steps, args.warm_up, variant, make_step_of(args.recipe, args.width), (2.0, 6.0)))


if __name__ == '__main__':
    main()
