#!/usr/bin/env python3
"""What does the real TensorBoard read in a folder of event files? An optional check; needs the Python packages
tensorboard and numpy.

    npm run build && node tools/emit_events.mjs /tmp/events && python3 tools/check_events.py /tmp/events

Prints every tag of the folder and of those in it, with number, first and last step of its points, as TensorBoard's
EventAccumulator finds them, and fails where something is not whole: a record that is damaged or cut, steps that do not
rise, histograms whose counts do not add up, pictures that cannot be opened, a graph or hyperparameters that cannot be
parsed. Where the folder has a file histograms.json (of emit_events.mjs), its histograms are made again by NumPy.
"""
import io
import json
import pathlib
import sys

import numpy as np
from PIL import Image
from tensorboard.backend.event_processing import event_accumulator, event_file_loader
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator as ServerAccumulator
from tensorboard.plugins.hparams import metadata as hparams

failures = []


def require(condition, what):
    if not condition:
        failures.append(what)
        print(f'  WRONG: {what}')


def describe(points):
    steps = [point.step for point in points]
    return f'{len(steps)} points, steps {steps[0]} to {steps[-1]}' if steps else 'no points'


def check_steps(tag, points):
    steps = [point.step for point in points]
    require(steps == sorted(set(steps)), f'{tag}: steps {steps} do not rise')


def check_files(run):
    """Every byte of every file belongs to a whole record that TensorBoard takes for an event."""
    for path in sorted(run.glob('*tfevents*')):
        data, end, events = path.read_bytes(), 0, 0
        while end + 12 <= len(data):
            end += 16 + int.from_bytes(data[end:end + 8], 'little')
            events += 1
        require(end == len(data), f'{path.name}: ends in a record that is not whole')
        read = sum(1 for _ in event_file_loader.LegacyEventFileLoader(str(path)).Load())
        require(read == events, f'{path.name}: TensorBoard reads {read} of {events} events')
        print(f'  {path.name}: {len(data)} bytes, {events} events')


def check_run(run):
    print(f'{run}:')
    check_files(run)
    sizes = {kind: 0 for kind in event_accumulator.DEFAULT_SIZE_GUIDANCE}
    events = event_accumulator.EventAccumulator(str(run), size_guidance=sizes).Reload()
    tags = events.Tags()
    for tag in tags['scalars']:
        points = events.Scalars(tag)
        check_steps(tag, points)
        values = f', first {points[0].value:.6g}, last {points[-1].value:.6g}' if points else ''
        print(f'  scalar     {tag}: {describe(points)}{values}')
    for tag in tags['histograms']:
        points = events.Histograms(tag)
        check_steps(tag, points)
        for point in points:
            value = point.histogram_value
            require(sum(value.bucket) == value.num, f'{tag}: counts add up to {sum(value.bucket)}, not {value.num}')
            require(value.bucket_limit == sorted(value.bucket_limit), f'{tag}: limits do not rise')
        last = points[-1].histogram_value if points else None
        values = f', last of {last.num:.0f} values from {last.min:.4g} to {last.max:.4g}' if last else ''
        print(f'  histogram  {tag}: {describe(points)}{values}')
    for tag in tags['images']:
        points = events.Images(tag)
        check_steps(tag, points)
        for point in points:
            image = Image.open(io.BytesIO(point.encoded_image_string))
            image.load()
            require(image.size == (point.width, point.height), f'{tag}: a picture of {image.size}')
        size = f', {points[-1].width}x{points[-1].height}' if points else ''
        print(f'  image      {tag}: {describe(points)}{size}')
    if tags['graph']:
        nodes = events.Graph().node
        shaped = sum('_output_shapes' in node.attr for node in nodes)
        print(f'  graph      {len(nodes)} nodes, {shaped} with shapes')
    check_server(run, tags)


def check_server(run, tags):
    """The server has an accumulator of its own, which makes tensors of everything."""
    events = ServerAccumulator(str(run)).Reload()
    known = set(events.Tags()['tensors'])
    for kind in ('scalars', 'histograms', 'images'):
        require(known >= set(tags[kind]), f'the server does not know the {kind} {set(tags[kind]) - known}')
    for tag in tags['scalars']:
        steps = [point.step for point in events.Tensors(tag)]
        require(steps == sorted(set(steps)), f'{tag}: steps {steps} do not rise in the server')
    try:
        contents = events.PluginTagToContent('hparams')
    except KeyError:
        return
    parsers = {
        hparams.EXPERIMENT_TAG: hparams.parse_experiment_plugin_data,
        hparams.SESSION_START_INFO_TAG: hparams.parse_session_start_info_plugin_data,
        hparams.SESSION_END_INFO_TAG: hparams.parse_session_end_info_plugin_data,
    }
    for tag, content in contents.items():
        message = str(parsers[tag](content)).replace('\n', ' ')
        print(f'  hparams    {tag}: {message[:120]}')


def check_histograms(path):
    """TensorFlow's limits by NumPy: ±1e-12·1.1^k below 1e20, 0, ±DBL_MAX; bucket i is [limit i−1, limit i)."""
    positive = [1e-12]
    while positive[-1] * 1.1 < 1e20:
        positive.append(positive[-1] * 1.1)
    largest = np.finfo(np.float64).max
    limits = np.array([-largest] + [-limit for limit in reversed(positive)] + [0.0] + positive + [largest])
    for histogram in json.loads(path.read_text()):
        values = np.array(histogram['values'], dtype=np.float32).astype(np.float64)
        counts = np.zeros(len(limits))
        np.add.at(counts, np.searchsorted(limits, values, side='right'), 1)
        kept = [i for i in range(len(limits)) if counts[i] > 0 or i + 1 == len(limits) or counts[i + 1] > 0]
        same = histogram['limits'] == list(limits[kept]) and histogram['counts'] == list(counts[kept])
        require(same, f'{histogram["name"]}: the buckets are not those of NumPy')
        numbers = [histogram[key] for key in ('min', 'max', 'num')]
        require(numbers == [values.min(), values.max(), len(values)], f'{histogram["name"]}: min, max or num')
        sums = [histogram['sum'], histogram['sumSquares']]
        expected = [values.sum(), (values ** 2).sum()]
        require(np.allclose(sums, expected, rtol=1e-12, atol=0), f'{histogram["name"]}: sums {sums}, not {expected}')
        print(f'  histogram of {histogram["name"]}: {len(values)} values in {len(kept)} buckets, as NumPy makes it')


folders = [pathlib.Path(argument) for argument in sys.argv[1:]]
runs = [run for folder in folders for run in [folder, *sorted(path for path in folder.rglob('*') if path.is_dir())]]
runs = [run for run in runs if any(run.glob('*tfevents*'))]
require(len(runs) > 0, 'no event files found')
for run in runs:
    check_run(run)
    if (run / 'histograms.json').exists():
        check_histograms(run / 'histograms.json')
print(f'{len(failures)} failures' if failures else 'all whole')
sys.exit(len(failures) > 0)
