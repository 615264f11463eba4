import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { decode } from 'fast-png';
import { readCheckpoint } from '../checkpoint/checkpoint.ts';
import { datasets } from '../data/datasets.ts';
import { loadExamples } from '../data/files.ts';
import { readRun } from '../summary/event-reader.ts';
import { decodeGraphDef } from '../summary/graph-def.ts';
import { histogramOf } from '../summary/histogram.ts';
import type { RunEvents } from '../summary/run-events.ts';
import { scaleImage } from '../summary/scale-image.ts';
import { HParamsPluginDataProto } from '../summary/schema.ts';
import { float32, sizeOf } from '../tensor/tensor.ts';
import { trainingBatch } from '../testing/batches.ts';
import { engineVariants } from '../testing/engines.ts';
import { cifar10 } from '../testing/in-process.ts';
import { type Outcome, programWithoutReader } from '../testing/program.ts';
import { elements, parsePage } from '../testing/report-pages.ts';
import { copySynthetic, smallNetwork } from '../testing/synthetic.ts';

const folder = mkdtempSync(join(tmpdir(), 'cifar10-summaries-'));
const data = join(folder, 'data');
const run = (name: string) => join(folder, name);
const train = (name: string, more: readonly string[], onLine?: Parameters<typeof cifar10>[1]) => {
  const where = ['--dataset', 'synthetic', '--data-dir', data, '--train-dir', run(name)];
  const network = name === 'shown' ? [] : smallNetwork;
  return cifar10(['train', ...where, ...network, '--batch-size', String(batchSize), ...more], onLine);
};
const batchSize = 16;
const steps = 7;
const length = ['--max-steps', String(steps), '--checkpoint-steps', '5'];

function ok(outcome: Outcome): Outcome {
  assert.equal(outcome.code, 0, outcome.errors);
  return outcome;
}

const layers = ['conv1', 'conv2', 'local3', 'local4', 'softmax_linear'];
const variables = layers.flatMap((layer) => [`${layer}/weights`, `${layer}/biases`]);
const activations = layers.map((layer) => `${layer}/${layer}`);
const losses = [...layers.map((layer) => `${layer}/weight_loss`), 'cross_entropy', 'total_loss'];
const metricsOf = (name: string) =>
  readFileSync(join(run(name), 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Readonly<Record<string, number>>);
/** Returns the values of a tag by step. */
const curve = ({ scalars }: RunEvents, tag: string) =>
  new Map((scalars.get(tag) ?? []).map(({ step, value }) => [step, value]));
const stepsOf = ({ scalars }: RunEvents, tag: string) => (scalars.get(tag) ?? []).map(({ step }) => step);
/** Returns what an event file contains for the hparams plugin under a tag. */
const hparamsOf = ({ plugins }: RunEvents, tag: string): unknown => {
  const { plugin, content } = plugins.get(`_hparams_/${tag}`) ?? {};
  assert.equal(plugin, 'hparams');
  return HParamsPluginDataProto.toObject(HParamsPluginDataProto.decode(content ?? new Uint8Array(0)))[tag];
};
const upTo = (end: number, every = 1) =>
  Array.from({ length: Math.ceil(end / every) }, (_, index) => index * every);

before(() => copySynthetic(data));
after(() => rmSync(folder, { recursive: true, force: true }));

describe("summaries of the tutorial's network", () => {
  let events: RunEvents;
  let output: string;
  /** The terms of the loss by step, from the lines of `--json`. */
  let terms: readonly Readonly<Record<string, number>>[];

  before(async () => {
    const how = ['--engine', 'onnx', '--summary-steps', '1'];
    const told = ok(await train('shown', [...length, ...how, '--json', '--log-frequency', '1']));
    output = told.output;
    events = await readRun(run('shown'));
    terms = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; terms: Record<string, number> })
      .flatMap((line) => (line.kind === 'step' ? [line.terms] : []));
  });

  test('contain 25 histograms at every step, each with all values of its tensor', () => {
    const sizes = new Map([
      ...activations.map((name, index) => {
        const perImage = [64 * 24 * 24, 64 * 12 * 12, 384, 192, 10][index] ?? 0;
        return [`${name}/activations`, batchSize * perImage] as const;
      }),
      ...variables.flatMap((name, index) => {
        const size = [4800, 64, 102_400, 64, 884_736, 384, 73_728, 192, 1920, 10][index] ?? 0;
        return [[name, size] as const, [`${name}/gradients`, size] as const];
      }),
    ]);
    assert.equal(sizes.size, 25);
    assert.deepEqual([...events.histograms.keys()].sort(), [...sizes.keys()].sort());
    for (const [tag, points] of events.histograms) {
      assert.deepEqual(
        points.map(({ step }) => step),
        upTo(steps),
        tag,
      );
      for (const { value } of points) {
        assert.equal(value.num, sizes.get(tag), tag);
        assert.equal(
          value.counts.reduce((a, b) => a + b, 0),
          sizes.get(tag),
          tag,
        );
      }
    }
  });

  test('contain the variables as they were before the step, which are those of a checkpoint', async () => {
    const { tensors } = await readCheckpoint(join(run('shown'), 'model.ckpt-5.safetensors'));
    for (const name of variables) {
      const shown = events.histograms.get(name)?.find(({ step }) => step === 5)?.value;
      assert.deepEqual(shown, histogramOf(tensors.get(name)?.data ?? new Float32Array(0)), name);
    }
  });

  test('contain the scalars of the tutorial in its order, and those that we add', () => {
    const tags = [...events.scalars.keys()];
    const lossTags = losses.flatMap((name) => [`${name} (raw)`, name]);
    const sparsity = activations.map((name) => `${name}/sparsity`);
    const queue = 'queue/batches/fraction_of_4_full';
    assert.deepEqual(tags.slice(0, 16), [...lossTags, 'learning_rate', queue]);
    assert.deepEqual(
      [...tags].sort(),
      [...lossTags, ...sparsity, 'learning_rate', queue, 'examples_per_sec', 'input/waiting'].sort(),
    );
    for (const tag of tags) {
      const isRate = tag === 'examples_per_sec' || tag === 'input/waiting';
      assert.deepEqual(stepsOf(events, tag), isRate ? upTo(steps).slice(1) : upTo(steps), tag);
    }
    for (const tag of [...sparsity, queue, 'input/waiting']) {
      for (const [step, value] of curve(events, tag)) {
        assert.ok(value >= 0 && value <= 1, `${tag} is ${value} at step ${step}`);
      }
    }
    for (const value of curve(events, 'examples_per_sec').values()) assert.ok(value > 0);
    assert.deepEqual([...new Set(curve(events, 'learning_rate').values())], [Math.fround(0.1)]);
  });

  test('contain the losses that are printed, and their averages without the initial bias', () => {
    const first = curve(events, 'total_loss (raw)').get(0) ?? 0;
    assert.ok(first > 4.6 && first < 4.8, `first total loss ${first}`);
    for (const name of losses) {
      const raw = curve(events, `${name} (raw)`);
      const averages = curve(events, name);
      assert.equal(averages.get(0), raw.get(0), `${name} at step 0`);
      for (const step of upTo(steps)) {
        assert.equal(
          raw.get(step),
          Math.fround(terms[step]?.[name] ?? Number.NaN),
          `${name} at step ${step}`,
        );
        // If an average starts at 0, its value contains a share of every loss, and these shares add up to 1 − 0.9^(step + 1).
        const weighted = upTo(step + 1).reduce(
          (sum, at) => sum + 0.1 * 0.9 ** (step - at) * (raw.get(at) ?? Number.NaN),
          0,
        );
        const expected = weighted / (1 - 0.9 ** (step + 1));
        const found = averages.get(step) ?? Number.NaN;
        assert.ok(
          Math.abs(found - expected) <= 1e-5 * Math.abs(expected),
          `${name} at step ${step}: ${found}`,
        );
      }
    }
    const total = curve(events, 'total_loss (raw)').get(3) ?? 0;
    const parts = losses.slice(0, -1).map((name) => curve(events, `${name} (raw)`).get(3) ?? Number.NaN);
    assert.ok(Math.abs(total - parts.reduce((a, b) => a + b, 0)) < 1e-5);
  });

  test('have about half of the values after a ReLU at 0, and none of the logits', () => {
    const at = (layer: string) => curve(events, `${layer}/${layer}/sparsity`).get(0) ?? Number.NaN;
    assert.ok(at('conv1') > 0.3 && at('conv1') < 0.7, `${at('conv1')}`);
    assert.equal(at('softmax_linear'), 0);
  });

  test('contain the first three images of the batch as the network sees them', async () => {
    assert.deepEqual([...events.images.keys()], ['images/image/0', 'images/image/1', 'images/image/2']);
    const examples = await loadExamples(data, datasets.synthetic, 'train');
    for (const step of [0, 4]) {
      const batch = trainingBatch(examples, step, batchSize);
      for (const index of [0, 1, 2]) {
        const shown = events.images.get(`images/image/${index}`)?.find((point) => point.step === step)?.value;
        const { width, height, channels, data: bytes } = decode(shown?.png ?? new Uint8Array(0));
        assert.deepEqual([width, height, channels], [24, 24, 3]);
        const pixels = batch.images.slice(index * 1728, (index + 1) * 1728);
        assert.deepEqual(Uint8Array.from(bytes), scaleImage(float32([3, 24, 24], pixels)).data);
      }
    }
  });

  test('contain the graph, in the scopes of the layers, and every input of every node exists and has a shape', () => {
    const nodes = decodeGraphDef(events.graph ?? new Uint8Array(0));
    const shapes = new Map(nodes.map(({ name, shapes: all = [] }) => [name, all]));
    for (const { name, inputs } of nodes) {
      for (const input of inputs) {
        const [source = '', output = '0'] = input.split(':');
        const shape = shapes.get(source)?.[Number(output)];
        assert.ok(shape !== undefined && sizeOf(shape) > 0, `${name} reads ${input}`);
      }
    }
    for (const scope of [...layers, 'pool1', 'norm1', 'norm2', 'pool2', 'cross_entropy', 'train']) {
      const isIn = ({ name }: { readonly name: string }) => name === scope || name.startsWith(`${scope}/`);
      assert.ok(nodes.some(isIn), scope);
    }
    assert.deepEqual(shapes.get('images'), [[batchSize, 3, 24, 24]]);
    assert.deepEqual(shapes.get('conv1/conv1'), [[batchSize, 64, 24, 24]]);
    assert.deepEqual(shapes.get('local3/weights'), [[2304, 384]]);
    assert.equal(nodes.find(({ name }) => name === 'conv1/weights')?.op, 'VariableV2');
  });

  test('contain the hyperparameters of the run, and the information that it was completed', () => {
    const { hparams } = hparamsOf(events, 'session_start_info') as {
      hparams: Record<string, Record<string, unknown>>;
    };
    const values = Object.fromEntries(
      Object.entries(hparams).map(([name, value]) => [name, Object.values(value)[0]]),
    );
    assert.deepEqual(
      [values['batchSize'], values['learningRate'], values['engine'], values['precision']],
      [batchSize, 0.1, 'onnx', 'float32'],
    );
    assert.deepEqual([values['dataset'], values['seed'], values['holdout']], ['synthetic', 0, 0]);
    const { hparam_infos, metric_infos } = hparamsOf(events, 'experiment') as {
      hparam_infos: { name: string }[];
      metric_infos: { name: { tag: string } }[];
    };
    assert.deepEqual(hparam_infos.map(({ name }) => name).sort(), Object.keys(values).sort());
    for (const { name } of metric_infos) assert.ok(events.scalars.has(name.tag), name.tag);
    assert.equal((hparamsOf(events, 'session_end_info') as { status: number }).status, 1);
  });

  test('contain a description of every tag', () => {
    const { scalars, histograms, images, descriptions } = events;
    const undescribed = [scalars, histograms, images]
      .flatMap((all) => [...all.keys()])
      .filter((tag) => !descriptions.has(tag));
    assert.deepEqual(undescribed, []);
  });

  test('also have their scalars in metrics.jsonl, one line per step', () => {
    const lines = metricsOf('shown');
    assert.deepEqual(
      lines.map(({ step }) => step),
      upTo(steps),
    );
    for (const [tag, points] of events.scalars) {
      for (const { step, value } of points) {
        assert.equal(Math.fround(lines[step]?.[tag] ?? Number.NaN), value, `${tag} at step ${step}`);
      }
    }
  });
});

describe('a run is bit-identical with and without summaries', () => {
  const final = (name: string) => readFileSync(join(run(name), `model.ckpt-${steps}.safetensors`));
  for (const { engine, precision, skip } of engineVariants) {
    test(`${engine}, ${precision}`, { skip }, async () => {
      const how = [...length, '--engine', engine, '--precision', precision];
      const name = `${engine}-${precision}`;
      const { output } = ok(await train(`${name}-0`, [...how, '--summary-steps', '0']));
      assert.doesNotMatch(output, /tensorboard|dashboard/);
      assert.equal(existsSync(join(run(`${name}-0`), 'metrics.jsonl')), false);
      const shown = ok(await train(`${name}-1`, [...how, '--summary-steps', '1']));
      for (const viewer of ['npx cifar10 dashboard', 'tensorboard'])
        assert.ok(
          shown.output.includes(`\n  ${viewer} --logdir ${dirname(run(`${name}-1`))}\n`),
          shown.output,
        );
      assert.deepEqual(final(`${name}-1`), final(`${name}-0`));
      const events = await readRun(run(`${name}-1`));
      assert.deepEqual(stepsOf(events, 'total_loss'), upTo(steps));
      assert.equal(events.histograms.size, 25);
    });
  }
});

describe('all summaries are on disk', () => {
  test('when a run is stopped, and the curves continue when it is resumed', async () => {
    let [stopStep, shownBefore] = [0, 0];
    const words = ['--max-steps', '4000', '--summary-steps', '2', '--log-frequency', '1'];
    const stopped = await train('stopped', words, (line, kill) => {
      const step = Number(/: step (\d+), loss/.exec(line)?.[1] ?? -1);
      if (step < 9 || stopStep > 0) return;
      stopStep = step;
      kill('SIGINT');
    });
    assert.equal(stopped.shellCode, 130, stopped.errors);
    assert.match(
      stopped.output,
      /To continue:\n {2}npx cifar10 train .* --max-steps 4000 --summary-steps 2\n/,
    );
    const done = Number(/Stopped at step (\d+)/.exec(stopped.output)?.[1]);
    assert.ok(done > stopStep, `${done} steps, asked to stop at ${stopStep}`);
    let events = await readRun(run('stopped'));
    assert.deepEqual(stepsOf(events, 'total_loss'), upTo(done, 2));
    assert.equal(events.plugins.has('_hparams_/session_end_info'), false, 'the run was not completed');
    shownBefore = curve(events, 'total_loss').get(2) ?? Number.NaN;

    ok(await train('stopped', ['--max-steps', String(done + 5), '--summary-steps', '2']));
    events = await readRun(run('stopped'));
    assert.deepEqual(stepsOf(events, 'total_loss'), upTo(done + 5, 2));
    assert.equal(curve(events, 'total_loss').get(2), shownBefore);
    assert.deepEqual(
      metricsOf('stopped').map(({ step }) => step),
      upTo(done + 5, 2),
    );
  });

  test('when the loss is not finite, except the summary of that step', async () => {
    const words = ['--max-steps', '50', '--summary-steps', '1', '--learning-rate', '1e6'];
    const { code, errors } = await train('diverged', words);
    assert.equal(code, 1);
    const [, at] = /Model diverged.* at step (\d+)/.exec(errors) ?? [];
    assert.ok(Number(at) > 0, errors);
    const events = await readRun(run('diverged'));
    assert.deepEqual(stepsOf(events, 'total_loss'), upTo(Number(at)));
    assert.deepEqual(
      metricsOf('diverged').map(({ step }) => step),
      upTo(Number(at)),
    );
    assert.equal(
      events.plugins.has('_hparams_/session_end_info'),
      false,
      'the run may be resumed and completed',
    );
  });

  test('when the output is no longer read', async () => {
    const where = ['--dataset', 'synthetic', '--data-dir', data, '--train-dir', run('unread')];
    const words = [...where, '--batch-size', '16', '--summary-steps', '1', '--log-frequency', '1'];
    await programWithoutReader(['train', ...words], ': step 1,');
    const events = await readRun(run('unread'));
    const done = Number(
      /ckpt-(\d+)\./.exec(readFileSync(join(run('unread'), 'checkpoint'), 'utf8'))?.[1] ?? Number.NaN,
    );
    assert.deepEqual(stepsOf(events, 'total_loss'), upTo(done));
  });
});

describe('if summaries cannot be written', () => {
  test('this is reported once, and training continues with the same result', async () => {
    mkdirSync(join(run('trouble'), 'metrics.jsonl'), { recursive: true });
    const { errors } = ok(await train('trouble', [...length, '--summary-steps', '1', '--engine', 'onnx']));
    assert.equal(errors.match(/warning: /g)?.length, 1, errors);
    assert.match(
      errors,
      /^warning: .*metrics\.jsonl: metrics cannot be written \(is a folder, not a regular file\)/,
    );
    assert.deepEqual(stepsOf(await readRun(run('trouble')), 'total_loss'), upTo(steps));
  });

  test('an evaluation whose folder cannot be created ends before it scores anything', async () => {
    ok(await train('scored', ['--max-steps', '1', '--summary-steps', '0']));
    mkdirSync(run('eval-blocked'));
    writeFileSync(join(run('eval-blocked'), 'test-raw'), 'a file');
    const where = ['--data-dir', data, '--checkpoint-dir', run('scored'), '--eval-dir', run('eval-blocked')];
    const { code, output, errors } = await cifar10(['eval', '--run-once', '--weights', 'raw', ...where]);
    assert.equal(code, 1);
    assert.match(
      errors,
      /^cifar10: .*test-raw: cannot be written \(.*test-raw is a file\)\. Use another --eval-dir\.$/m,
    );
    assert.ok(!output.includes('precision'), output);
  });
});

describe('the evaluator', () => {
  const evaluate = async (...more: readonly string[]) => {
    const where = ['--data-dir', data, '--checkpoint-dir', run('shown'), '--eval-dir', run('eval')];
    return ok(await cifar10(['eval', '--run-once', '--num-examples', '200', ...where, ...more]));
  };

  test('writes the precision at the step of the checkpoint, and everything that belongs to it', async () => {
    const { output } = await evaluate('--report', '--json', '--batch-size', '32');
    const charts = elements(parsePage(readFileSync(join(run('eval'), 'report.html'), 'utf8')), 'figure');
    const ids = charts.map(({ attributes }) => attributes['id']);
    assert.deepEqual(
      ids.filter((id) => id?.startsWith('chart-')),
      ['chart-loss', 'chart-learning-rate'],
    );
    const [scored] = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; precision: number; globalStep: number })
      .filter(({ kind }) => kind === 'evaluation');
    const events = await readRun(run('eval'));
    assert.equal(scored?.globalStep, steps);
    assert.deepEqual([...curve(events, 'Precision @ 1')], [[steps, Math.fround(scored?.precision ?? -1)]]);
    assert.deepEqual(
      [...events.histograms.keys()].sort(),
      activations.map((name) => `${name}/activations`).sort(),
    );
    for (const points of events.histograms.values()) assert.equal(points[0]?.step, steps);
    assert.equal(events.histograms.get('conv1/conv1/activations')?.[0]?.value.num, 32 * 64 * 24 * 24);
    assert.deepEqual([...events.images.keys()].sort(), [
      'confusion_matrix',
      'conv1/weights/filters',
      'images/image/0',
      'images/image/1',
      'images/image/2',
      'most_confidently_wrong',
    ]);
    for (const name of datasets.synthetic.classes) assert.equal(stepsOf(events, `recall/${name}`)[0], steps);
    assert.ok(decodeGraphDef(events.graph ?? new Uint8Array(0)).some(({ name }) => name === 'conv1/conv1'));
    const undescribed = [events.scalars, events.histograms, events.images]
      .flatMap((all) => [...all.keys()])
      .filter((tag) => !events.descriptions.has(tag));
    assert.deepEqual(undescribed, []);
    const names = datasets.synthetic.classes.join(', ');
    assert.match(
      events.descriptions.get('confusion_matrix') ?? '',
      new RegExp(`predicted classes: ${names}\\.$`),
    );
  });

  test('writes the summaries of other weights and images to separate folders', async () => {
    await evaluate('--weights', 'raw');
    await evaluate('--eval-data', 'train_eval');
    for (const name of ['test-raw', 'train_eval-ema']) {
      assert.deepEqual(stepsOf(await readRun(join(run('eval'), name)), 'Precision @ 1'), [steps]);
    }
    assert.deepEqual(
      stepsOf(await readRun(run('eval')), 'Precision @ 1'),
      [steps],
      'the usual summaries did not change',
    );
  });
});
