#!/usr/bin/env python3
"""Measures how fast PyTorch's ImageFolder reads a folder of pictures, beside `cifar10 import`.

    python3 bench/peers/imagefolder.py FOLDER [--workers 2] [--size 32] [--rounds 3]

Both decode every picture, resize its shorter side, crop the central square, and keep the bytes of the pixels. The rounds of the
two programs alternate. Files are read once before, so that the disk is not measured. `import` also starts Node.js, looks for
duplicates and writes the records. The last line is JSON with the median rate of each program in pictures per second, with its
processor seconds, which are more reliable on a busy machine, and with the ratios of both (above 1, `cifar10` is ahead).

This needs PyTorch 2, and torchvision or, if that is missing, Pillow: ImageFolder's own loader decodes with Pillow too.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

import torch
from torch.utils.data import DataLoader, Dataset

ENDINGS = ('.jpg', '.jpeg', '.png', '.webp', '.gif', '.tif', '.tiff')
ROOT = pathlib.Path(__file__).resolve().parents[2]


class PillowFolder(Dataset):
    """Reads pictures as torchvision.datasets.ImageFolder with Resize, CenterCrop and PILToTensor."""

    def __init__(self, folder, size):
        self.size = size
        self.paths = sorted(os.path.join(base, name) for base, _, names in os.walk(folder)
                            for name in names if name.lower().endswith(ENDINGS))

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        from PIL import Image
        with open(self.paths[index], 'rb') as file:
            image = Image.open(file).convert('RGB')
        width, height = image.size
        if min(width, height) != self.size:
            scale = self.size / min(width, height)
            image = image.resize((round(width * scale), round(height * scale)), Image.BILINEAR)
        left, top = (image.size[0] - self.size) // 2, (image.size[1] - self.size) // 2
        image = image.crop((left, top, left + self.size, top + self.size))
        pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
        return pixels.view(self.size, self.size, 3).permute(2, 0, 1).contiguous(), 0


def dataset_of(folder, size):
    try:
        from torchvision import datasets, transforms
    except ImportError:
        return PillowFolder(folder, size), 'PyTorch with Pillow'
    steps = transforms.Compose([transforms.Resize(size), transforms.CenterCrop(size), transforms.PILToTensor()])
    return datasets.ImageFolder(folder, steps), 'torchvision'


def measured(count, task):
    """Returns pictures per second, and processor seconds of this process and its children."""
    before, start = sum(os.times()[:4]), time.perf_counter()
    task()
    return count / (time.perf_counter() - start), sum(os.times()[:4]) - before


def peer_rate(data, workers):
    def read():
        # The worker processes end, and are counted, when the loop is over.
        for _ in DataLoader(data, batch_size=256, num_workers=workers):
            pass

    return measured(len(data), read)


def our_rate(folder, size, count):
    target = tempfile.mkdtemp()
    words = ['import', '--from', folder, '--data-dir', target, '--image-size', str(size), '--quiet']
    command = ['node', str(ROOT / 'bin' / 'cifar10.mjs'), *words]
    result = measured(count, lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))
    shutil.rmtree(target)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('folder')
    parser.add_argument('--workers', type=int, default=2)
    parser.add_argument('--size', type=int, default=32)
    parser.add_argument('--rounds', type=int, default=3)
    given = parser.parse_args()
    data, peer = dataset_of(given.folder, given.size)
    for path in pathlib.Path(given.folder).rglob('*'):
        if path.is_file():
            path.read_bytes()
    ours, theirs = [], []
    for index in range(given.rounds):
        ours.append(our_rate(given.folder, given.size, len(data)))
        theirs.append(peer_rate(data, given.workers))
        print(f'round {index}: cifar10 {ours[-1][0]:.0f}/s ({ours[-1][1]:.1f} s of processor time), '
              f'{peer} {theirs[-1][0]:.0f}/s ({theirs[-1][1]:.1f} s)', flush=True)
    rate, seconds = (statistics.median(column) for column in zip(*ours))
    peer_pictures, peer_seconds = (statistics.median(column) for column in zip(*theirs))
    print(json.dumps({
        'peer': peer, 'pictures': len(data), 'workers': given.workers,
        'imagesPerSecond': round(rate), 'peerImagesPerSecond': round(peer_pictures),
        'processorSeconds': round(seconds, 1), 'peerProcessorSeconds': round(peer_seconds, 1),
        'ratio': round(rate / peer_pictures, 2), 'processorRatio': round(peer_seconds / seconds, 2),
    }))


if __name__ == '__main__':
    main()
