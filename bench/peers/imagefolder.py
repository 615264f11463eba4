#!/usr/bin/env python3
"""Measures how fast PyTorch's ImageFolder reads a folder of pictures, beside `cifar10 import`.

    python3 bench/peers/imagefolder.py FOLDER [--workers 2] [--size 32] [--rounds 3]

Both decode every picture, resize its shorter side, crop the central square, and keep the bytes of the pixels. The rounds of the
two programs alternate. Files are read once before, so that the disk is not measured. The last line is JSON with the median rate
of each program in pictures per second, with the processor seconds of `import`, and with the ratio of the rates.

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


def peer_rate(data, workers):
    loader = DataLoader(data, batch_size=256, num_workers=workers)
    start = time.perf_counter()
    count = sum(len(images) for images, _ in loader)
    return count / (time.perf_counter() - start)


def our_rate(folder, size, count):
    """Returns pictures per second, and processor seconds."""
    target = tempfile.mkdtemp()
    words = ['import', '--from', folder, '--data-dir', target, '--image-size', str(size), '--quiet']
    before, start = os.times(), time.perf_counter()
    subprocess.run(['node', str(ROOT / 'bin' / 'cifar10.mjs'), *words], check=True, stdout=subprocess.DEVNULL)
    seconds, after = time.perf_counter() - start, os.times()
    shutil.rmtree(target)
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return count / seconds, used


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
    ours, theirs, used = [], [], []
    for index in range(given.rounds):
        rate, seconds = our_rate(given.folder, given.size, len(data))
        ours.append(rate)
        used.append(seconds)
        theirs.append(peer_rate(data, given.workers))
        print(f'round {index}: cifar10 {ours[-1]:.0f}/s ({seconds:.0f} s of processor time), {peer} {theirs[-1]:.0f}/s', flush=True)
    print(json.dumps({
        'peer': peer, 'pictures': len(data), 'workers': given.workers,
        'imagesPerSecond': round(statistics.median(ours)), 'processorSeconds': round(statistics.median(used), 1),
        'peerImagesPerSecond': round(statistics.median(theirs)),
        'ratio': round(statistics.median(ours) / statistics.median(theirs), 2),
    }))


if __name__ == '__main__':
    main()
