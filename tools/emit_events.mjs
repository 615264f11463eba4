// @ts-check
/**
 * Writes a small run with every kind of summary, which was killed once and resumed, for tools/check_events.py:
 *
 *     npm run build && node tools/emit_events.mjs /tmp/events && python3 tools/check_events.py /tmp/events
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawConfusion } from '../dist/summary/draw-confusion.js';
import { drawFilters } from '../dist/summary/draw-filters.js';
import { drawGrid } from '../dist/summary/draw-grid.js';
import { EventWriter } from '../dist/summary/event-writer.js';
import { encodeGraphDef } from '../dist/summary/graph-def.js';
import { histogramOf } from '../dist/summary/histogram.js';
import { experimentValue, sessionEndValue, sessionStartValue } from '../dist/summary/hparams.js';
import { encodeImage } from '../dist/summary/png.js';
import { scaleImage } from '../dist/summary/scale-image.js';
import { float32 } from '../dist/tensor/tensor.js';

const [dir] = process.argv.slice(2);
if (dir === undefined) throw new Error('usage: node tools/emit_events.mjs FOLDER');

const hyperparameters = { batch_size: 128, engine: 'onnx', use_fp16: false, learning_rate: 0.1 };

/** Makes the values of a tensor, with a wide range of sizes and both signs. The same seed gives the same values.
 * @param {number} count
 * @param {number} seed */
function values(count, seed) {
  return Float32Array.from(
    { length: count },
    (_, i) => Math.sin((i + 1) * (seed + 1.7)) ** 9 * 10 ** ((i % 7) - 4),
  );
}

/** @param {number} step */
function writerFrom(step) {
  return new EventWriter({
    ...{ dir: /** @type {string} */ (dir), startStep: step, maxFileBytes: 60_000 },
    onError: (error) => console.error(error.message),
  });
}

/** @param {number} step @param {number} session @returns {import('../dist/summary/event.js').SummaryValue[]} */
function summary(step, session) {
  const image = float32([3, 24, 24], values(3 * 24 * 24, step));
  return [
    {
      tag: 'total_loss',
      kind: 'scalar',
      value: 4.7 / (1 + step / 100) + session,
      description: 'The loss that is **minimized**.',
    },
    { tag: 'learning_rate', kind: 'scalar', value: 0.1 },
    { tag: 'conv1/weights', kind: 'histogram', histogram: histogramOf(values(4800, step)) },
    { tag: 'conv1/conv1/activations', kind: 'histogram', histogram: histogramOf(new Float32Array(1000)) },
    { tag: 'images/image/0', kind: 'image', image: encodeImage(scaleImage(image)) },
    {
      tag: 'filters',
      kind: 'image',
      image: encodeImage(drawFilters(float32([64, 3, 5, 5], values(4800, step)))),
    },
  ];
}

const first = writerFrom(0);
first.add(
  {
    kind: 'graph',
    graphDef: encodeGraphDef([
      { name: 'images', op: 'Placeholder', inputs: [], shapes: [[128, 3, 24, 24]] },
      { name: 'conv1/weights', op: 'Variable', inputs: [], shapes: [[64, 3, 5, 5]] },
      {
        ...{ name: 'conv1/Conv2D', op: 'Conv2D', inputs: ['images', 'conv1/weights'], device: '/cpu:0' },
        ...{ shapes: [[128, 64, 24, 24]], attributes: { padding: 'SAME', strides: [1, 1] } },
      },
      { name: 'loss/xent', op: 'SoftmaxLoss', inputs: ['conv1/Conv2D'], shapes: [[128], [128, 10]] },
      { name: 'loss/mean', op: 'Mean', inputs: ['loss/xent'], shapes: [[]] },
      { name: 'loss/gradient', op: 'Identity', inputs: ['loss/xent:1'], shapes: [[128, 10]] },
    ]),
  },
  0,
);
const metrics = [{ tag: 'total_loss', displayName: 'loss' }];
const experiment = experimentValue({ hyperparameters, metrics, created: Date.now() / 1000 });
first.add(
  { kind: 'summary', values: [experiment, sessionStartValue(hyperparameters, Date.now() / 1000)] },
  0,
);
for (let step = 0; step <= 500; step += 100) {
  first.add({ kind: 'summary', values: summary(step, 0) }, step);
  first.flush();
}
// The run is killed here and resumes from a checkpoint at step 300.
const second = writerFrom(300);
for (let step = 300; step <= 700; step += 100)
  second.add({ kind: 'summary', values: summary(step, 100) }, step);
const counts = Array.from({ length: 10 }, (_, row) =>
  Array.from({ length: 10 }, (_, column) => (row === column ? 90 : (row * column) % 4)),
);
const pictures = Array.from({ length: 14 }, (_, i) => scaleImage(float32([3, 32, 32], values(3072, i))));
second.add(
  {
    kind: 'summary',
    values: [
      { tag: 'confusion', kind: 'image', image: encodeImage(drawConfusion(counts)) },
      {
        tag: 'mistakes',
        kind: 'image',
        image: encodeImage(drawGrid(pictures, { columns: 7, scale: 2, gap: 4 })),
      },
      sessionEndValue('success', Date.now() / 1000),
    ],
  },
  700,
);
second.close();

// The values behind the histograms, from which NumPy can compute them again.
const samples = {
  zeros: new Float32Array(10),
  subnormal: Float32Array.of(1e-40, -1e-45, 0, 1e-38),
  sine: values(20_000, 3),
};
const huge = Float32Array.of(3e38, -3e38, 1e20, -1e20, 9.9e19, 1e-12, -1e-12);
const all = { ...samples, huge, constant: new Float32Array(77).fill(-0.3) };
const written = Object.entries(all).map(([name, numbers]) => {
  const { limits, counts, ...rest } = histogramOf(numbers);
  return { name, values: [...numbers], ...rest, limits: [...limits], counts: [...counts] };
});
writeFileSync(join(dir, 'histograms.json'), JSON.stringify(written));
