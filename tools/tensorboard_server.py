"""Runs the real TensorBoard server, and requests over HTTP what its pages would show, for check_events.py."""
import io
import json
import math
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request

from google.protobuf import text_format
from PIL import Image
from tensorboard.compat.proto import graph_pb2

# By default, TensorBoard shows only a sample of a long curve.
KEEP = ','.join(f'{plugin}=100000' for plugin in ('scalars', 'histograms', 'images'))
PATIENCE_SECONDS = 90


class Server:
    """A server for a folder of runs, on a free port of this machine, for use in a `with` statement.

    load_fast: 'true' for the reader that is TensorBoard's default if it is installed, 'false' for the one in Python."""

    def __init__(self, logdir, load_fast):
        options = ['--logdir', str(logdir), '--host', '127.0.0.1', '--port', '0', '--load_fast', load_fast]
        command = [sys.executable, '-m', 'tensorboard.main', *options, '--samples_per_plugin', KEEP]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        self.address = None
        said = []
        for line in self.process.stderr:
            said.append(line)
            found = re.search(r'http://[\w.]+:\d+/', line)
            if found:
                self.address = found[0]
                return
        raise RuntimeError('tensorboard did not start:\n' + ''.join(said))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate(timeout=30)

    def get(self, path, data=None, **query):
        url = f'{self.address}data/{path}' + (f'?{urllib.parse.urlencode(query)}' if query else '')
        body = None if data is None else json.dumps(data).encode()
        headers = {'Content-Type': 'application/json', 'X-TensorBoard-Feature-Flags': '{}'}
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60) as reply:
            return reply.read()

    def json(self, path, data=None, **query):
        return json.loads(self.get(path, data, **query))


def check_server(logdir, load_fast, runs):
    """Returns a list of texts that say what is wrong with the runs that the server shows. It is empty if nothing is wrong.

    runs: for TensorBoard's name of each run, an object with `scalars`, `histograms` and `images` (for each tag, a list of pairs
    of a step and a value, where the value of a histogram is the number of its values, and that of an image its width and height),
    `graph` (the names of its nodes) and `hparams` (None or a dict). The server answers before it has read everything, so the
    requests are repeated until nothing is wrong, or until the time limit."""
    with Server(logdir, load_fast) as server:
        patient_until = time.monotonic() + PATIENCE_SECONDS
        while True:
            problems, answers = ask_all(server, runs, exact=load_fast == 'false')
            if not problems or time.monotonic() > patient_until:
                return problems, answers
            time.sleep(1)


def ask_all(server, runs, exact):
    problems, answers = [], 0
    known = set(server.json('runs'))
    problems += [f'the server knows no run {run}' for run in runs if run not in known]
    front = server.json('plugin/timeseries/tags')
    pages = {kind: server.json(f'plugin/{kind}/tags') for kind in ('scalars', 'histograms', 'images')}
    for run, expected in runs.items():
        if run not in known:
            continue
        for kind, tags in pages.items():
            wanted = set(getattr(expected, kind))
            problems += [f'{run}: the page {kind} lacks {tag}' for tag in sorted(wanted - set(tags.get(run, {})))]
            shown = tags_of_front(front, kind, run)
            problems += [f'{run}: the page of time series lacks {tag}' for tag in sorted(wanted - shown)]
            for tag in sorted(wanted & set(tags.get(run, {}))):
                answers += 1
                points = POINTS[kind](server, run, tag)
                problems += [f'{run}: {kind} {tag}: {text}' for text in compare(points, getattr(expected, kind)[tag], exact)]
        problems += [f'{run}: graph: {text}' for text in check_graph(server, run, expected.graph)]
        problems += [f'{run}: hparams: {text}' for text in check_hparams(server, run, expected.hparams)]
        answers += (len(expected.graph) > 0) + (expected.hparams is not None)
    return problems, answers


def tags_of_front(front, kind, run):
    """Returns the tags of a run on the page that TensorBoard opens with."""
    if kind == 'images':
        return {tag for tag, runs in front['images']['tagRunSampledInfo'].items() if run in runs}
    return set(front[kind]['runTagInfo'].get(run, []))


def scalar_points(server, run, tag):
    return [(step, float(value)) for _, step, value in server.json('plugin/scalars/scalars', run=run, tag=tag)]


def histogram_points(server, run, tag):
    points = server.json('plugin/histograms/histograms', run=run, tag=tag)
    return [(step, round(sum(count for _, _, count in buckets))) for _, step, buckets in points]


def image_points(server, run, tag):
    points = []
    for point in server.json('plugin/images/images', run=run, tag=tag, sample=0):
        query = urllib.parse.parse_qs(point['query'])
        png = server.get('plugin/images/individualImage', **{name: values[0] for name, values in query.items()})
        image = Image.open(io.BytesIO(png))
        image.load()
        points.append((point['step'], image.size))
    return points


POINTS = {'scalars': scalar_points, 'histograms': histogram_points, 'images': image_points}


def compare(points, expected, exact):
    """Compares points. The fast reader ignores START, so a point of a killed session remains until its tag is written again."""
    steps = [step for step, _ in points]
    if steps != sorted(set(steps)):
        yield f'steps {steps} do not increase'
    by_step = dict(points)
    for step, value in expected:
        if step not in by_step:
            yield f'step {step} is missing'
        elif not same(by_step[step], value):
            yield f'step {step} is {by_step[step]}, not {value}'
    if exact and len(steps) > len(expected):
        yield f'{len(steps)} points, not {len(expected)}'


def same(one, other):
    return one == other or isinstance(one, float) and math.isnan(one) and math.isnan(other)


def check_graph(server, run, names):
    if not names:
        return
    # This is how the page requests it: attributes of more than 1,024 bytes are left out.
    query = {'limit_attr_size': 1024, 'large_attrs_key': '_too_large_attrs'}
    text = server.get('plugin/graphs/graph', run=run, conceptual='false', **query).decode()
    graph = text_format.Parse(text, graph_pb2.GraphDef())
    if {node.name for node in graph.node} != set(names):
        yield f'{len(graph.node)} nodes, not {len(names)}'


def check_hparams(server, run, expected):
    if expected is None:
        return
    experiment = server.json('plugin/hparams/experiment', {'experimentName': ''})
    names = {info['name'] for info in experiment['hparamInfos']}
    # If TensorBoard itself finds out in which values runs differ, its list omits a value that all runs share.
    if not names <= set(expected):
        yield f'unknown names {sorted(names - set(expected))}'
    query = {
        'experimentName': '',
        'allowedStatuses': ['STATUS_UNKNOWN', 'STATUS_SUCCESS', 'STATUS_FAILURE', 'STATUS_RUNNING'],
        'colParams': [{'hparam': name} for name in sorted(names)],
        'startIndex': 0,
        'sliceSize': 1000,
    }
    groups = server.json('plugin/hparams/session_groups', query)['sessionGroups']
    found = [group for group in groups if any(session['name'] == run for session in group['sessions'])]
    if not found:
        yield 'the run is in no row of the table'
    for group in found:
        differ = {name: value for name, value in group['hparams'].items() if value != expected.get(name)}
        if differ:
            yield f'{differ}, not {expected}'
