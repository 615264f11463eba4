#!/usr/bin/env python3
"""Scores widths, lengths and batch sizes of airbench-muon on held-out training images, in PyTorch on a GPU: how the sizes of the
recipe `fast` were chosen. The test images are not scored, unless --test is given.

    python3 tools/size_grid.py --data-dir data --points 0.5x6x512,1x12x512 --runs 3 --jobs 3

A point is WIDTHxEPOCHSxBATCH. The rates and the epochs of the whitening layer's biases are those that cifar10 uses for it
(src/recipe/fitted.ts). The last 5,000 training images are held out. Prints a line of JSON per run, and a table of means at the end.
Runs are trained in --jobs processes, because a small network does not fill a GPU. --time-limit is the number of seconds after which no
new run begins. Needs PyTorch 2 and numpy.
"""
import argparse
import itertools
import json
import math
import os
import queue
import sys
import time

import torch
import torch.multiprocessing as processes

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'bench', 'peers'))
from airbench_model import UPDATES, Airbench, channels, whitening  # noqa: E402
from torch_airbench import SHIFT, SIDE, Data, precisions, trained as made_step  # noqa: E402

HELD_OUT = 5000


class Images:
    """The training images and those to score, on the device."""

    def __init__(self, folder, device, test):
        data = Data(folder, torch.Generator(), 10_000)
        self.device = device
        move = lambda tensor: tensor.to(device)
        self.mean, self.deviation = move(data.mean), move(data.deviation)
        self.all = len(data.labels)
        last = self.all - (0 if test else HELD_OUT)
        self.padded, self.labels = move(data.padded[:last]), move(data.labels[:last])
        self.sample = move(data.sample)
        inner = data.padded[last:, :, SHIFT:SHIFT + SIDE, SHIFT:SHIFT + SIDE]
        # The names are those that `precisions` reads.
        self.test = move(data.test if test else data.normalized(inner))
        self.test_labels = move(data.test_labels if test else data.labels[last:])

    def batches(self, generator, size, steps):
        """Yields the augmented images and labels of the steps. A batch may contain images of two epochs."""
        count = len(self.labels)
        flips = torch.randint(0, 2, (count,), generator=generator, device=self.device)
        window = torch.arange(SIDE, device=self.device)
        rows, epoch = torch.empty(0, dtype=torch.int64, device=self.device), 0
        turns = torch.empty(0, dtype=torch.bool, device=self.device)
        for _ in range(steps):
            while len(rows) < size:
                order = torch.randperm(count, generator=generator, device=self.device)
                rows, turns = torch.cat((rows, order)), torch.cat((turns, (flips[order] + epoch) % 2 == 1))
                epoch += 1
            here, turned, rows, turns = rows[:size], turns[:size], rows[size:], turns[size:]
            y, x = torch.randint(0, 2 * SHIFT + 1, (2, size), generator=generator, device=self.device)
            columns = torch.where(turned[:, None], window.flip(0), window) + x[:, None]
            pixels = self.padded[here[:, None, None, None], torch.arange(3, device=self.device)[None, :, None, None],
                                 (window + y[:, None])[:, None, :, None], columns[:, None, None, :]]
            yield (pixels.float() / 255 - self.mean) / self.deviation, self.labels[here]


def trained(images, point, seed):
    """Trains a network, and returns what is printed about it."""
    width, epochs, batch = point
    device = images.device
    torch.manual_seed(seed)
    model = Airbench(channels(width)).to(device, memory_format=torch.channels_last)
    with torch.no_grad():
        model.whiten.weight.copy_(whitening(images.sample)[0])
    # Held-out images do not make a run shorter.
    steps = math.ceil(epochs * images.all / batch)
    updates = UPDATES['airbench-muon'](model, batch, steps, 3 / 8 * steps)
    began = time.perf_counter()
    generator = torch.Generator(device).manual_seed(seed)
    for step, (pixels, labels) in enumerate(images.batches(generator, batch, steps)):
        made_step(model, updates, step, pixels.contiguous(memory_format=torch.channels_last), labels, 'fp32')
    found = precisions(model, images, 'fp32')
    seconds = round(time.perf_counter() - began, 1)
    return {'width': width, 'epochs': epochs, 'batch': batch, 'seed': seed, 'steps': steps, 'precision': found, 'seconds': seconds}


def work(args, tasks, results):
    torch.set_num_threads(1)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    try:
        images = Images(args.data_dir, torch.device(args.device), args.test)
        while (task := tasks.get()) is not None and time.time() < args.end:
            results.put(trained(images, *task))
    finally:
        results.put(None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data-dir', required=True, help='folder that contains cifar-10-batches-bin')
    parser.add_argument('--points', required=True, help='WIDTHxEPOCHSxBATCH, separated by commas')
    parser.add_argument('--runs', type=int, default=3, help='number of seeds (3)')
    parser.add_argument('--jobs', type=int, default=1, help='number of processes (1)')
    parser.add_argument('--device', default='cuda', help='device of PyTorch (cuda)')
    parser.add_argument('--time-limit', type=float, default=3600, help='seconds after which no new run begins (3600)')
    parser.add_argument('--test', action='store_true', help='train on all training images, and score the test images')
    args = parser.parse_args()
    args.end = time.time() + args.time_limit
    points = [tuple(convert(word) for convert, word in zip((float, float, int), point.split('x'))) for point in args.points.split(',')]
    context = processes.get_context('spawn')
    tasks, results = context.Queue(), context.Queue()
    for task in [(point, seed) for seed, point in itertools.product(range(args.runs), points)] + [None] * args.jobs:
        tasks.put(task)
    workers = [context.Process(target=work, args=(args, tasks, results), daemon=True) for _ in range(args.jobs)]
    for worker in workers:
        worker.start()
    found, ended = {}, 0
    while ended < args.jobs:
        try:
            result = results.get(timeout=5)
        except queue.Empty:
            if any(worker.exitcode for worker in workers):
                break
            continue
        if result is None:
            ended += 1
            continue
        print(json.dumps(result), flush=True)
        found.setdefault((result['width'], result['epochs'], result['batch']), []).append(result['precision'])
    print('\n| width | epochs | batch | runs | plain | with TTA |\n|---|---|---|---|---|---|')
    for (width, epochs, batch), all_runs in sorted(found.items()):
        mean = lambda name: sum(run[name] for run in all_runs) / len(all_runs)
        print(f'| {width:g} | {epochs:g} | {batch} | {len(all_runs)} | {mean("none"):.4f} | {mean("full"):.4f} |')
    for worker in workers:
        worker.join(timeout=5)
    if any(worker.exitcode for worker in workers):
        sys.exit('a process failed, so runs are missing')


if __name__ == '__main__':
    main()
