#!/usr/bin/env python3
"""Checks that the real TensorBoard shows a folder of event files correctly. This is optional, and needs Python with the packages
tensorboard, numpy and pillow, which nothing else here needs.

    cifar10 train --dataset synthetic --clip-norm 5 --data-dir data --train-dir runs/a --max-steps 300
    cifar10 eval --run-once --data-dir data --checkpoint-dir runs/a --eval-dir runs/a-eval
    python3 tools/check_events.py runs

or, for values of every kind without a training run,

    npm run build && node tools/emit_events.mjs /tmp/events && python3 tools/check_events.py /tmp/events

First it reads the folder and its subfolders with TensorBoard's EventAccumulator. It prints every tag with the number of its points
and their first and last step, and checks that everything is intact: no damaged or truncated records, increasing steps (each once,
even in a run that was killed and resumed), histograms whose counts add up, images that can be opened, and a graph and
hyperparameters that can be parsed. A training or an evaluation of this program must have the tags, counts and sizes of
expected_summaries.py: 25 histograms, 21 of the tutorial's scalars and 3 images in every summary, a first total loss from 4.6 to
4.8, and the learning rate that was requested. If the folder contains a histograms.json file (from emit_events.mjs), NumPy
computes its histograms again.

Then it starts the `tensorboard` server on a free port of 127.0.0.1, once with each of its two readers (`--load_fast true` and
`false`). It requests every scalar, histogram, image, graph and row of hyperparameters over HTTP, as TensorBoard's pages do, and
compares them with what was read before. `--no-server` skips this part. The folder must not be written to during the check. A
truncated record at the end of a file, which a kill may leave and TensorBoard ignores, is accepted if a later session wrote
another file.

If a checkpoint was evaluated twice, there are two points at one step, which is reported as an error. A dozen runs take two
minutes.

If something is wrong, the program says what, and exits with 1.
"""
import argparse
import io
import json
import pathlib
import sys
from types import SimpleNamespace

import numpy as np
from PIL import Image
from tensorboard.backend.event_processing import event_accumulator, event_file_loader
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator as ServerAccumulator
from tensorboard.compat.proto import event_pb2
from tensorboard.plugins.hparams import metadata as hparams

import expected_summaries
import tensorboard_server

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
    require(steps == sorted(set(steps)), f'{tag}: steps {steps} do not increase')


def check_files(run):
    """Checks that every byte of every file belongs to a complete record that TensorBoard reads as an event. Returns the summaries
    in the files, including those that a later session replaced, each as its step and its tags by kind."""
    summaries, paths = [], sorted(run.glob('*tfevents*'))
    for path in paths:
        data, end, events = path.read_bytes(), 0, []
        while end + 12 <= len(data):
            length = int.from_bytes(data[end:end + 8], 'little')
            if end + 16 + length > len(data):
                break
            events.append(event_pb2.Event.FromString(data[end + 12:end + 12 + length]))
            end += 16 + length
        cut = f', and {len(data) - end} of a cut record' if end < len(data) else ''
        require(not cut or path != paths[-1], f'{path.name}: ends in an incomplete record')
        read = sum(1 for _ in event_file_loader.LegacyEventFileLoader(str(path)).Load())
        require(read == len(events), f'{path.name}: TensorBoard reads {read} of {len(events)} events')
        print(f'  {path.name}: {end} bytes{cut}, {len(events)} events')
        summaries += [tags_of(event) for event in events if event.HasField('summary')]
    return summaries


def tags_of(event):
    kinds = {'scalars': 'simple_value', 'histograms': 'histo', 'images': 'image'}
    values = event.summary.value
    tags = {kind: [value.tag for value in values if value.HasField(field)] for kind, field in kinds.items()}
    for kind, found in tags.items():
        require(len(found) == len(set(found)), f'step {event.step}: a tag occurs twice among the {kind}')
    return {'step': event.step, **tags}


def check_run(run):
    """Checks and prints a run. Returns what was found: the points by tag (pairs of a step and a value, where the value of a
    histogram is the number of its values, and that of an image its size), the names of the nodes of the graph, the
    hyperparameters, and the summaries in the files."""
    print(f'{run}:')
    summaries = check_files(run)
    sizes = {kind: 0 for kind in event_accumulator.DEFAULT_SIZE_GUIDANCE}
    events = event_accumulator.EventAccumulator(str(run), size_guidance=sizes).Reload()
    tags = events.Tags()
    found = SimpleNamespace(
        scalars={tag: check_scalar(tag, events.Scalars(tag)) for tag in tags['scalars']},
        histograms={tag: check_histogram(tag, events.Histograms(tag)) for tag in tags['histograms']},
        images={tag: check_image(tag, events.Images(tag)) for tag in tags['images']},
        graph=check_graph(events) if tags['graph'] else [],
        hparams=check_plugins(run, tags),
        summaries=[summary for summary in summaries if any(summary[kind] for kind in ('scalars', 'histograms', 'images'))],
    )
    check_program(found)
    return found


def check_scalar(tag, points):
    check_steps(tag, points)
    values = f', first {points[0].value:.6g}, last {points[-1].value:.6g}' if points else ''
    print(f'  scalar     {tag}: {describe(points)}{values}')
    return [(point.step, point.value) for point in points]


def check_histogram(tag, points):
    check_steps(tag, points)
    for point in points:
        value = point.histogram_value
        require(sum(value.bucket) == value.num, f'{tag}: counts add up to {sum(value.bucket)}, not {value.num}')
        require(value.bucket_limit == sorted(value.bucket_limit), f'{tag}: limits do not increase')
    last = points[-1].histogram_value if points else None
    values = f', last of {last.num:.0f} values from {last.min:.4g} to {last.max:.4g}' if last else ''
    print(f'  histogram  {tag}: {describe(points)}{values}')
    return [(point.step, round(point.histogram_value.num)) for point in points]


def check_image(tag, points):
    check_steps(tag, points)
    for point in points:
        image = Image.open(io.BytesIO(point.encoded_image_string))
        image.load()
        require(image.size == (point.width, point.height), f'{tag}: a picture of {image.size}')
    size = f', {points[-1].width}x{points[-1].height}' if points else ''
    print(f'  image      {tag}: {describe(points)}{size}')
    return [(point.step, (point.width, point.height)) for point in points]


def check_graph(events):
    nodes = events.Graph().node
    shaped = sum('_output_shapes' in node.attr for node in nodes)
    require(shaped == len(nodes), f'graph: {len(nodes) - shaped} nodes without shapes')
    print(f'  graph      {len(nodes)} nodes, {shaped} with shapes')
    return [node.name for node in nodes]


def check_plugins(run, tags):
    """Checks the server's own accumulator, which converts everything to tensors. Returns the hyperparameters, if any."""
    events = ServerAccumulator(str(run)).Reload()
    known = set(events.Tags()['tensors'])
    for kind in ('scalars', 'histograms', 'images'):
        require(known >= set(tags[kind]), f'the server does not know the {kind} {set(tags[kind]) - known}')
    try:
        contents = events.PluginTagToContent('hparams')
    except KeyError:
        return None
    parsers = {
        hparams.EXPERIMENT_TAG: hparams.parse_experiment_plugin_data,
        hparams.SESSION_START_INFO_TAG: hparams.parse_session_start_info_plugin_data,
        hparams.SESSION_END_INFO_TAG: hparams.parse_session_end_info_plugin_data,
    }
    parsed = {tag: parsers[tag](content) for tag, content in contents.items()}
    for tag, message in parsed.items():
        text = str(message).replace('\n', ' ')
        print(f'  hparams    {tag}: {text[:120]}')
    start = parsed.get(hparams.SESSION_START_INFO_TAG)
    if start is None:
        return None
    return {name: getattr(value, value.WhichOneof('kind')) for name, value in start.hparams.items()}


def check_program(found):
    """Checks what a training or an evaluation of this program must contain."""
    if expected_summaries.is_training(found):
        check_all('a training of this program', expected_summaries.check_training(found))
        check_all('its graph', expected_summaries.check_graph(found))
    if expected_summaries.is_evaluation(found):
        check_all('an evaluation of this program', expected_summaries.check_evaluation(found))
        check_all('its graph', expected_summaries.check_graph(found))


def check_all(what, problems):
    problems = list(problems)
    for problem in problems:
        require(False, problem)
    if not problems:
        print(f'  as expected of {what}')


def check_histograms(path):
    """Computes TensorFlow's limits with NumPy: ±1e-12·1.1^k below 1e20, 0, ±DBL_MAX. Bucket i is [limit i−1, limit i)."""
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


def check_server(folder, found):
    runs = {path.relative_to(folder).as_posix(): run for path, run in found.items()}
    for load_fast in ('true', 'false'):
        problems, answers = tensorboard_server.check_server(folder, load_fast, runs)
        for problem in problems:
            require(False, problem)
        print(f'tensorboard --load_fast {load_fast} --logdir {folder}: {answers} answers about {len(runs)} runs')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folders', nargs='+', type=pathlib.Path)
    parser.add_argument('--no-server', action='store_true', help='read the files only')
    arguments = parser.parse_args()
    for folder in arguments.folders:
        below = sorted(path for path in folder.rglob('*') if path.is_dir())
        runs = [run for run in [folder, *below] if any(run.glob('*tfevents*'))]
        require(len(runs) > 0, f'{folder}: no event files found')
        found = {run: check_run(run) for run in runs}
        for run in runs:
            if (run / 'histograms.json').exists():
                check_histograms(run / 'histograms.json')
        if runs and not arguments.no_server:
            check_server(folder, found)
    print(f'{len(failures)} failures' if failures else 'no problems found')
    sys.exit(len(failures) > 0)


if __name__ == '__main__':
    main()
