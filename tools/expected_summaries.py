"""The expected contents of the event files of a training or an evaluation, for check_events.py.

The names and counts are those of the CIFAR-10 tutorial of TensorFlow r0.11. A summary of its training has 25 histograms (5
activations, 10 variables, 10 gradients), 3 images and 22 scalars (5 sparsities, 14 losses, the learning rate and 2 queues). Here
21 of those scalars remain, because there is only one queue. Scalars about time are added, and with several towers a
`tower_{tower}/total_loss` of each."""
import math
import re

VARIABLES = {
    'conv1/weights': 64 * 3 * 5 * 5,
    'conv1/biases': 64,
    'conv2/weights': 64 * 64 * 5 * 5,
    'conv2/biases': 64,
    'local3/weights': 2304 * 384,
    'local3/biases': 384,
    'local4/weights': 384 * 192,
    'local4/biases': 192,
    'softmax_linear/weights': 192 * 10,
    'softmax_linear/biases': 10,
}
# The number of values of each activation for one image.
ACTIVATIONS = {
    'conv1/conv1': 64 * 24 * 24,
    'conv2/conv2': 64 * 12 * 12,
    'local3/local3': 384,
    'local4/local4': 192,
    'softmax_linear/softmax_linear': 10,
}
LAYERS = ('conv1', 'conv2', 'local3', 'local4', 'softmax_linear')
LOSSES = [f'{layer}/weight_loss' for layer in LAYERS] + ['cross_entropy', 'total_loss']
SPARSITIES = [f'{name}/sparsity' for name in ACTIVATIONS]
TUTORIAL_SCALARS = {*SPARSITIES, *LOSSES, *(f'{name} (raw)' for name in LOSSES), 'learning_rate'}
IMAGES = {f'images/image/{index}' for index in range(3)}
QUEUE = re.compile(r'queue/batches/fraction_of_\d+_full')
TOWER = re.compile(r'tower_\d+/total_loss')
RATES = {'examples_per_sec', 'input/waiting'}
SCALE = {'loss_scale'}  # with --precision float16
SINGLE = {'images', 'pool1', 'norm1', 'norm2', 'pool2'}


def is_training(run):
    return run.hparams is not None and {'network', 'batchSize'} <= set(run.hparams)


def is_evaluation(run):
    return run.hparams is None and 'Precision @ 1' in run.scalars


def check_training(run):
    """Returns a list of texts that say what is wrong with a training run."""
    batch = int(run.hparams['batchSize'])
    sizes = histogram_sizes(batch)
    for summary in run.summaries:
        scalars = set(summary['scalars'])
        if scalars <= {'validation/Precision @ 1'}:
            continue
        where = f'step {summary["step"]}'
        queues = {tag for tag in scalars if QUEUE.fullmatch(tag)}
        towers = {tag for tag in scalars if TOWER.fullmatch(tag)}
        yield from differing(f'{where}: scalars', scalars - queues - towers - RATES - SCALE, TUTORIAL_SCALARS)
        yield from differing(f'{where}: histograms', set(summary['histograms']), set(sizes))
        yield from differing(f'{where}: images', set(summary['images']), set(sorted(IMAGES)[:batch]))
        if len(queues) != 1:
            yield f'{where}: {len(queues)} queues'
        if (run.hparams['precision'] == 'float16') != (SCALE <= scalars):
            yield f'{where}: {sorted(SCALE)} in {run.hparams["precision"]}'
        if len(scalars & RATES) not in (0, 2):
            yield f'{where}: one of {sorted(RATES)} without the other'
    yield from check_sizes(run, sizes)
    yield from check_values(run)


def check_values(run):
    rates = [value for _, value in run.scalars['learning_rate']]
    asked = run.hparams['learningRate']
    if rates != sorted(rates, reverse=True) or not math.isclose(rates[0], asked, rel_tol=1e-6):
        yield f'learning rates {rates[:3]}… of a run that begins with {asked}'
    step, loss = run.scalars['total_loss (raw)'][0]
    averaged = run.scalars['total_loss'][0][1]
    if step == 0 and not 4.6 <= loss <= 4.8:
        yield f'the first total loss is {loss}, not 4.6 to 4.8'
    if step == 0 and averaged != loss:
        yield f'the average of one total loss, {loss}, is {averaged}'
    for tag, points in run.scalars.items():
        is_share = tag.endswith('/sparsity') or QUEUE.fullmatch(tag) or tag == 'input/waiting'
        wrong = [value for _, value in points if is_share and not 0 <= value <= 1]
        if wrong:
            yield f'{tag}: {wrong[:3]} is not between 0 and 1'
    for at, (step, total) in enumerate(run.scalars['total_loss (raw)']):
        terms = math.fsum(run.scalars[f'{name} (raw)'][at][1] for name in LOSSES[:-1])
        if not math.isclose(total, terms, rel_tol=1e-5):
            yield f'step {step}: the terms of the loss add up to {terms}, not {total}'


def check_evaluation(run):
    """Returns a list of texts that say what is wrong with an evaluation. Its batch may have any size."""
    scalars = {tag for tag in run.scalars if not re.match(r'(precision|recall)/', tag)}
    # Only an evaluation with --tta has the second precision.
    yield from differing('scalars', scalars - {'Precision @ 1 with test-time augmentation'}, {'Precision @ 1', *SPARSITIES})
    activations = {f'{name}/activations' for name in ACTIVATIONS}
    yield from differing('histograms', set(run.histograms), activations)
    # If all predictions are correct, there is no image of mistakes.
    images = set(run.images) - {'most_confidently_wrong'}
    yield from differing('images', images, IMAGES | {'confusion_matrix', 'conv1/weights/filters'})
    for kind in ('precision', 'recall'):
        classes = sum(tag.startswith(f'{kind}/') for tag in run.scalars)
        if classes != 10:
            yield f'{kind} of {classes} classes'
    shares = [value for tag, points in run.scalars.items() for _, value in points]
    if not all(0 <= share <= 1 for share in shares):
        yield 'a scalar is not between 0 and 1'
    logits = run.histograms.get('softmax_linear/softmax_linear/activations')
    if logits and set(run.histograms) == activations:
        yield from check_sizes(run, {f'{name}/activations': size * logits[0][1] // 10 for name, size in ACTIVATIONS.items()})


def check_graph(run):
    """Checks that layers with variables are scopes that can be opened, and that each other layer is a single operator."""
    scopes = {name.split('/')[0] for name in run.graph if '/' in name}
    if not set(LAYERS) <= scopes:
        yield f'the graph has no scopes {sorted(set(LAYERS) - scopes)}'
    if not SINGLE <= set(run.graph):
        yield f'the graph has no nodes {sorted(SINGLE - set(run.graph))}'


def histogram_sizes(batch):
    activations = {f'{name}/activations': size * batch for name, size in ACTIVATIONS.items()}
    gradients = {f'{name}/gradients': size for name, size in VARIABLES.items()}
    return {**activations, **VARIABLES, **gradients}


def check_sizes(run, sizes):
    for tag, size in sizes.items():
        wrong = [num for _, num in run.histograms.get(tag, []) if num != size]
        if wrong:
            yield f'{tag}: histograms of {sorted(set(wrong))} values, the tensor has {size}'


def differing(what, found, expected):
    if found != expected:
        yield f'{what}: {sorted(expected - found)} missing, {sorted(found - expected)} too many'
