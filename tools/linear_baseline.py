#!/usr/bin/env python3
"""Measures how well a linear classifier on raw pixels does on a data set in the CIFAR-10 binary version.

This is an optional check of the generated set. src/data/synthetic/generate.ts quotes the result. If a linear classifier did
well, a convolutional network would have no advantage there. This needs PyTorch.

    python3 linear_baseline.py FOLDER        FOLDER holds data_batch_1.bin … data_batch_5.bin, test_batch.bin

The classifier is multinomial logistic regression, fitted to convergence by L-BFGS on standardized pixels. Of several weights of
the L2 penalty, it uses the one that is best on data_batch_5 after fitting the other four files; then all five are fitted.
"""
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F

PENALTIES = (1e-2, 1e-1, 1.0)
CROPS = {'32x32': slice(0, 32), '24x24 center': slice(4, 28)}


def load(folder, name, crop):
    """Returns the pixels [N, 3 * size * size], float32, and the labels [N] of one file."""
    records = torch.from_numpy(np.fromfile(os.path.join(folder, name), dtype=np.uint8)).view(-1, 3073)
    images = records[:, 1:].view(-1, 3, 32, 32)[:, :, crop, crop]
    return images.flatten(1).float(), records[:, 0].long()


def fit(x, y, penalty):
    """Returns the weights [D, 10] and biases [10] that minimize cross entropy + penalty / 2 * |weights|²."""
    weights = torch.zeros(x.shape[1], 10, requires_grad=True)
    biases = torch.zeros(10, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, biases], max_iter=100, history_size=20, line_search_fn='strong_wolfe')

    def loss():
        optimizer.zero_grad()
        value = F.cross_entropy(x @ weights + biases, y) + penalty / 2 * weights.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    return weights.detach(), biases.detach()


def precision(model, x, y):
    weights, biases = model
    return (x @ weights + biases).argmax(1).eq(y).float().mean().item()


def measure(folder, crop):
    """Returns the test precision, and the penalty that was chosen."""
    parts = [load(folder, f'data_batch_{batch}.bin', crop) for batch in range(1, 6)]
    x, y = (torch.cat(tensors) for tensors in zip(*parts))
    mean, deviation = x.mean(0), x.std(0).clamp_min(1e-3)
    x = (x - mean) / deviation
    fitted = len(y) - len(parts[-1][1])
    chosen = max(PENALTIES, key=lambda penalty: precision(
        fit(x[:fitted], y[:fitted], penalty), x[fitted:], y[fitted:]))
    test_x, test_y = load(folder, 'test_batch.bin', crop)
    return precision(fit(x, y, chosen), (test_x - mean) / deviation, test_y), chosen


def main():
    results = [(name, *measure(sys.argv[1], crop)) for name, crop in CROPS.items()]
    print('linear classifier, test precision: '
          + ', '.join(f'{found:.3f} on {name} (l2 {chosen:g})' for name, found, chosen in results))


if __name__ == '__main__':
    main()
