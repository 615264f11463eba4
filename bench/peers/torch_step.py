#!/usr/bin/env python3
"""Measures how fast PyTorch trains the tutorial's network. This is a peer for `cifar10 bench --peers`.

    python3 bench/peers/torch_step.py                       measures every variant, and prints one line of JSON for each
    python3 bench/peers/torch_step.py --device cuda         the same on a GPU of NVIDIA or AMD
    npm run bench -- --peers bench/peers/torch_step.py      measures it alternately with cifar10, and prints ratios

A step computes the same as a step of cifar10: forward pass, cross entropy and weight decay, backward pass, gradient descent, and
moving averages of all parameters. The batch of distorted images is kept in memory (the figures of cifar10 include making the
next batch). A variant is a combination of four choices, and its name consists of their words:

    channels_last | contiguous   the order of images and filters in memory
    banded | own-lrn             local response normalization as a 1x1 convolution with a banded matrix, or PyTorch's own
    fp32 | bf16 | fp16           float32, or autocast to bfloat16 or float16 (float16 only on GPUs, with a fixed loss scale)
    eager | compiled             without or with torch.compile (only for the fastest eager variant, because it takes minutes)

In float32 on a GPU, PyTorch's defaults apply: cuDNN may compute convolutions in TF32, and matrix products are in float32.

Every line has `variant` and either `images_per_sec` (for the median step) or `failed` with the reason. This needs PyTorch 2
(pip install torch).
"""
import argparse
import itertools
import json
import os
import statistics
import sys
import time

import torch
import torch.nn.functional as F

CLASSES, SIDE = 10, 24
# Section 3.3 of A. Krizhevsky et al. (2012), with the constants, initial values, decays and rates of the tutorial.
LRN_RADIUS, LRN_ALPHA, LRN_BETA, LRN_BIAS = 4, 0.001 / 9, 0.75, 1.0
WEIGHT_DECAY = {'local3/weights': 0.004, 'local4/weights': 0.004}
LEARNING_RATE, AVERAGE_DECAY = 0.01, 0.9999
AUTOCAST = {'bf16': torch.bfloat16, 'fp16': torch.float16}
LOSS_SCALE = {'fp16': 1024.0}
PLAUSIBLE = (4.4, 5.0)  # the first loss: ln 10 plus the weight decay
SHAPES = {  # name: shape, standard deviation of weights or value of biases
    'conv1/weights': ((64, 3, 5, 5), 5e-2), 'conv1/biases': ((64,), 0.0),
    'conv2/weights': ((64, 64, 5, 5), 5e-2), 'conv2/biases': ((64,), 0.1),
    'local3/weights': ((64 * 6 * 6, 384), 0.04), 'local3/biases': ((384,), 0.1),
    'local4/weights': ((384, 192), 0.04), 'local4/biases': ((192,), 0.1),
    'softmax_linear/weights': ((192, CLASSES), 1 / 192), 'softmax_linear/biases': ((CLASSES,), 0.0),
}


def initial_parameters(channels_last):
    torch.manual_seed(0)
    parameters = {}
    for name, (shape, scale) in SHAPES.items():
        if name.endswith('biases'):
            value = torch.full(shape, scale)
        else:
            value = torch.nn.init.trunc_normal_(torch.empty(shape), std=scale, a=-2 * scale, b=2 * scale)
        if channels_last and len(shape) == 4:
            value = value.contiguous(memory_format=torch.channels_last)
        parameters[name] = value.requires_grad_()
    return parameters


def own_lrn(x):
    # PyTorch divides alpha by the size of the window, but the tutorial does not.
    size = 2 * LRN_RADIUS + 1
    return F.local_response_norm(x, size, alpha=LRN_ALPHA * size, beta=LRN_BETA, k=LRN_BIAS)


def banded_lrn():
    """Computes x / d^0.75 as x / (sqrt(d) * sqrt(sqrt(d))), where a convolution sums squares over neighboring channels."""
    channel = torch.arange(64)
    near = (channel[:, None] - channel[None, :]).abs() <= LRN_RADIUS
    band = (near.float() * LRN_ALPHA)[:, :, None, None]

    def normalise(x):
        root = (F.conv2d(x * x, band.to(x.dtype)) + LRN_BIAS).sqrt()
        return x / (root * root.sqrt())

    return normalise


def pool(x):
    return F.max_pool2d(x, 3, 2, ceil_mode=True)  # TensorFlow's SAME, for even sizes


def loss_of(p, lrn, images, labels):
    x = lrn(pool(F.relu(F.conv2d(images, p['conv1/weights'], p['conv1/biases'], padding=2))))
    x = pool(lrn(F.relu(F.conv2d(x, p['conv2/weights'], p['conv2/biases'], padding=2))))
    x = x.flatten(1)
    for layer in ('local3', 'local4'):
        x = F.relu(x @ p[f'{layer}/weights'] + p[f'{layer}/biases'])
    logits = x @ p['softmax_linear/weights'] + p['softmax_linear/biases']
    loss = F.cross_entropy(logits.float(), labels)
    for name, factor in WEIGHT_DECAY.items():
        loss = loss + factor * p[name].square().sum() / 2
    return loss


def random_batch(batch, channels_last):
    images = torch.randn(batch, 3, SIDE, SIDE)
    if channels_last:
        images = images.contiguous(memory_format=torch.channels_last)
    return images, torch.randint(0, CLASSES, (batch,))


def lrn_of(name):
    return banded_lrn() if name == 'banded' else own_lrn


def make_step(batch, memory, lrn_name, precision, mode):
    """Returns a function that runs one complete training step and returns its loss."""
    channels_last = memory == 'channels_last'
    parameters = initial_parameters(channels_last)
    values = list(parameters.values())
    averages = [value.detach().clone() for value in values]
    images, labels = random_batch(batch, channels_last)
    lrn = lrn_of(lrn_name)
    forward = torch.compile(loss_of) if mode == 'compiled' else loss_of

    def step():
        with torch.autocast(images.device.type, dtype=AUTOCAST.get(precision), enabled=precision in AUTOCAST):
            loss = forward(parameters, lrn, images, labels)
        scale = LOSS_SCALE.get(precision, 1.0)
        gradients = torch.autograd.grad(loss * scale, values)
        with torch.no_grad():
            torch._foreach_add_(values, gradients, alpha=-LEARNING_RATE / scale)
            torch._foreach_lerp_(averages, values, 1 - AVERAGE_DECAY)
        return loss

    return step


def wait_for_gpu():
    if torch.get_default_device().type == 'cuda':
        torch.cuda.synchronize()


def measure(batch, steps, warm_up, variant, make_step, plausible):
    """Measures the median time of a step. A first loss outside the plausible range means that the network is different."""
    step = make_step(batch, *variant)
    first = step().item()
    for _ in range(warm_up):
        step()
    wait_for_gpu()
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        step()
        wait_for_gpu()
        times.append(time.perf_counter() - start)
    low, high = plausible
    if not low < first < high:
        raise ValueError(f'first loss: found {first:.3f}, expected {low} to {high}')
    return statistics.median(times)


def variants(device):
    precisions = ('fp32', 'bf16') if device == 'cpu' else ('fp32', 'bf16', 'fp16')
    eager = list(itertools.product(('channels_last', 'contiguous'), ('banded', 'own-lrn'), precisions, ('eager',)))
    return eager + [('channels_last', 'banded', precision, 'compiled') for precision in precisions]


def command_line(description, cores):
    """Returns the parser of the command line of a peer. `cores` is the default number of threads."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--batch', type=int, default=128, help='images of a step (128)')
    parser.add_argument('--threads', type=int, default=cores, help=f'threads that compute, in each process ({cores})')
    parser.add_argument('--steps', type=int, default=20, help='steps that are timed (20)')
    parser.add_argument('--warm-up', type=int, default=3, help='steps before them (3)')
    parser.add_argument('--only', default='', help='only variants whose name has all these words, such as "fp32 eager"')
    return parser


def usable_cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()


def chosen(args, variants):
    """Returns the variants that --only leaves."""
    found = [variant for variant in variants if set(args.only.split()) <= set(variant)]
    return found or sys.exit(f'--only {args.only!r} leaves no variant; it takes words such as "fp32 eager"')


def report(args, variants, seconds_of, say=print):
    """Measures the variants and prints a line of JSON for each of them, and for the best.

    seconds_of(variant) returns the time of a step with args.batch images. say(text) prints.
    """
    best = None
    for variant in variants:
        name = ' '.join(variant)
        try:
            seconds = seconds_of(variant)
        except Exception as error:  # such as a missing compiler, or an operation that does not support bfloat16
            reason = str(error).strip().splitlines() or [type(error).__name__]
            say(json.dumps({'variant': name, 'failed': reason[0][:200]}), flush=True)
            continue
        rate = args.batch / seconds
        line = {'variant': name, 'images_per_sec': round(rate), 'ms_per_step': round(seconds * 1e3, 2),
                'torch': torch.__version__, 'threads': args.threads, 'batch': args.batch}
        say(json.dumps(line), flush=True)
        if best is None or rate > best['images_per_sec']:
            best = {'best': name, 'images_per_sec': round(rate)}
    if best is None:
        sys.exit('no variant was measured, because all failed')
    say(json.dumps(best), flush=True)


def run(description, variants, make_step, plausible):
    """Runs the command line of a peer.

    variants(device) returns the variants that a device can compute. make_step(batch, *variant) returns a function that runs a training
    step on the default device and returns its loss. `plausible` is the range of the first loss.
    """
    parser = command_line(description, usable_cores())
    parser.add_argument('--device', default='cpu', help='device of PyTorch, such as cuda or cuda:1 (cpu)')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.set_default_device(args.device)
    report(args, chosen(args, variants(torch.device(args.device).type)), lambda variant: measure(args.batch, args.steps, args.warm_up, variant, make_step, plausible))


if __name__ == '__main__':
    run(__doc__, variants, make_step, PLAUSIBLE)
