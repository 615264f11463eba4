#!/usr/bin/env python3
"""Measures how fast several processes train the tutorial's network with PyTorch's DistributedDataParallel (gloo) on this
machine's CPU. This is a peer for `cifar10 bench --peers`.

    python3 bench/peers/torch_ddp.py                            2 processes of one thread, and one line of JSON for each variant
    npm run bench -- --batch-size 128 --peers bench/peers/torch_ddp.py      alternately with cifar10, which then also uses towers

`node tools/ranks/compare.mjs torch` compares it with a job of as many processes of cifar10.

Every process has its own images of each batch. A step computes the same as a step of cifar10 (see torch_step.py). The processes
average their gradients while they compute them, as DistributedDataParallel does by default. The variants are the eager ones of
torch_step.py, and the lines are the same. The rate counts the images of all processes. This needs PyTorch 2 (pip install torch).
"""
import socket
import sys

import torch
import torch.distributed as dist
import torch.multiprocessing as processes
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from torch_step import (AVERAGE_DECAY, LEARNING_RATE, PLAUSIBLE, chosen, command_line, initial_parameters, loss_of, lrn_of, measure,
                        random_batch, report, variants)


class Loss(nn.Module):
    """The loss of the network on a batch, as a module, which is what DistributedDataParallel takes."""

    def __init__(self, memory, lrn_name):
        super().__init__()
        initial = initial_parameters(memory == 'channels_last')
        self.values = nn.ParameterDict({name: nn.Parameter(value.detach()) for name, value in initial.items()})
        self.lrn = lrn_of(lrn_name)

    def forward(self, images, labels):
        return loss_of(self.values, self.lrn, images, labels)


def make_step(batch, memory, lrn_name, precision, _):
    """Returns a function that runs one complete training step of this process and returns its loss."""
    model = DistributedDataParallel(Loss(memory, lrn_name), gradient_as_bucket_view=True)
    values = list(model.parameters())
    averages = [value.detach().clone() for value in values]
    torch.manual_seed(1 + dist.get_rank())
    images, labels = random_batch(batch, memory == 'channels_last')

    def step():
        model.zero_grad(set_to_none=True)
        with torch.autocast('cpu', dtype=torch.bfloat16, enabled=precision == 'bf16'):
            loss = model(images, labels)
        loss.backward()
        with torch.no_grad():
            torch._foreach_add_(values, [value.grad for value in values], alpha=-LEARNING_RATE)
            torch._foreach_lerp_(averages, values, 1 - AVERAGE_DECAY)
        return loss

    return step


def eager_variants(args):
    return chosen(args, [variant for variant in variants('cpu') if 'eager' in variant])


def take_part(rank, args, port):
    """Runs one process. Only the first prints."""
    torch.set_num_threads(args.threads)
    dist.init_process_group('gloo', init_method=f'tcp://127.0.0.1:{port}', rank=rank, world_size=args.processes)
    share = args.batch // args.processes

    def seconds_of(variant):
        return measure(share, args.steps, args.warm_up, variant, make_step, PLAUSIBLE)

    report(args, eager_variants(args), seconds_of, print if rank == 0 else lambda *_, **__: None)
    dist.destroy_process_group()


def free_port():
    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        return server.getsockname()[1]


if __name__ == '__main__':
    parser = command_line(__doc__, 1)
    parser.add_argument('--processes', type=int, default=2, help='processes that train together (2)')
    args = parser.parse_args()
    if args.processes < 1 or args.batch % args.processes != 0:
        sys.exit(f'--batch {args.batch}: expected a multiple of the {args.processes} processes')
    eager_variants(args)  # which exits if there are none
    processes.spawn(take_part, (args, free_port()), nprocs=args.processes)
