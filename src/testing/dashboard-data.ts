/** Made-up resources of the dashboard, as the files that an export has, for tests of the page. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { reducedCurve } from '../dashboard/page/curve.ts';
import {
  type Curve,
  type EvaluationList,
  type HistogramSeries,
  type ImageList,
  idOf,
  type RunList,
  type RunSummary,
  type ScalarOverview,
} from '../dashboard/wire.ts';
import { encodeImage } from '../summary/png.ts';

export interface MadeOptions {
  readonly runs: number;
  /** The number of points of each curve. */
  readonly points: number;
  /** The number of curves of each run, all if it is missing. */
  readonly curves?: number;
  /** Whether the whole curves are written too, and not only the overviews. */
  readonly hasWhole?: boolean;
}

const classes = [
  ...['airplane', 'automobile', 'bird', 'cat', 'deer'],
  ...['dog', 'frog', 'horse', 'ship', 'truck'],
];
const layers = ['conv1', 'conv2', 'local3', 'local4'];
const scalars = [
  ...[
    'total_loss',
    'Precision @ 1',
    'learning_rate',
    'examples_per_sec',
    'input/waiting',
    'total_loss (raw)',
  ],
  ...layers.map((layer) => `${layer}/sparsity`),
  ...classes.map((name) => `recall/${name}`),
];
const histograms = layers.flatMap((layer) => [`${layer}/weights`, `${layer}/weights/gradients`]);
const started = 1_790_000_000;
const overviewPoints = 1000;

/** Writes `data/` below a folder, and returns the list of runs. */
export function writeMadeData(folder: string, options: MadeOptions): RunList {
  const { points, curves: curveCount, hasWhole = true } = options;
  const write = (path: string, content: string | Uint8Array) => {
    const file = join(folder, 'data', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  };
  const runs = Array.from({ length: options.runs }, (_, index) => {
    const whole = summaryOf(index, points);
    const run = { ...whole, scalars: whole.scalars.slice(0, curveCount) };
    const curves = Object.fromEntries(
      run.scalars.map((tag) => [tag, madeCurve(tag, index, points, hasWhole)]),
    );
    writeCurves(write, run.id, curves, options);
    // One run has everything. The others would only repeat it.
    if (index === 0) writeRest(write, run.id);
    return run;
  });
  const list: RunList = { version: '0.1.0', program: 'npx cifar10', folder: 'runs', isLive: false, runs };
  write('runs.json', JSON.stringify(list));
  return list;
}

type Write = (path: string, content: string | Uint8Array) => void;

function summaryOf(index: number, points: number): RunSummary {
  const path = `sweep/lr-${(0.01 * (index + 1)).toFixed(2)}-seed-${index % 3}`;
  const isFirst = index === 0;
  const step = points * 10 - 10;
  return {
    ...{ id: idOf(path), path, step, maxSteps: index % 4 === 2 ? step * 2 : step },
    state: index === 1 ? 'live' : index % 4 === 2 ? 'stopped' : 'finished',
    isRead: true,
    started: started + index * 5000,
    changed: started + index * 5000 + points * 0.8,
    settings: {
      ...{ recipe: 'tutorial', 'batch-size': '128', augmentation: 'tutorial' },
      ...{ 'learning-rate': (0.01 * (index + 1)).toFixed(2), seed: String(index % 3) },
      ...(index % 2 === 1 && { precision: 'bfloat16' }),
    },
    results: { 'precision @ 1': 0.86 + 0.003 * (index % 9), 'total loss': 0.41 - 0.01 * (index % 7) },
    scalars,
    histograms: isFirst ? histograms : [],
    images: isFirst ? ['images/image/0', 'images/image/1', 'conv1/weights/filters'] : [],
    has: { log: isFirst, checkpoint: isFirst, evaluations: isFirst },
    remarks: index === 3 ? ['events.out.tfevents.1.host.3.0: a record is cut off after 4,096 bytes'] : [],
  };
}

/** A falling or rising curve with noise that depends only on its arguments. */
function madeCurve(tag: string, run: number, points: number, hasWhole: boolean): Curve {
  const every = hasWhole ? 1 : Math.max(1, points / overviewPoints);
  const indices = Array.from({ length: points / every }, (_, index) => Math.floor(index * every));
  const noise = (index: number) => Math.sin(index * 12.9898 + run * 78.233 + tag.length) * 43758.5453;
  const random = (index: number) => noise(index) - Math.floor(noise(index));
  const valueAt = (index: number) => {
    const done = index / Math.max(1, points - 1);
    if (tag === 'learning_rate') return (0.01 * (run + 1)) / 10 ** Math.floor(done * 3);
    if (tag === 'examples_per_sec') return 1500 + 60 * run + 80 * random(index);
    const loss = (4 + run * 0.05) * Math.exp(-5 * done) + 0.4 + 0.15 * random(index);
    return /loss/.test(tag) ? loss : Math.max(0, 0.95 - loss / 5);
  };
  return {
    steps: indices.map((index) => index * 10),
    times: indices.map((index) => started + run * 5000 + index * 0.8),
    values: indices.map((index) => Number(valueAt(index).toPrecision(5))),
  };
}

function writeCurves(
  write: Write,
  id: string,
  curves: Readonly<Record<string, Curve>>,
  { points, hasWhole = true }: MadeOptions,
): void {
  const entries = Object.entries(curves);
  const overview: ScalarOverview = {
    counts: Object.fromEntries(entries.map(([tag]) => [tag, points])),
    curves: Object.fromEntries(entries.map(([tag, curve]) => [tag, reducedCurve(curve, overviewPoints)])),
  };
  write(`${id}/scalars.json`, JSON.stringify(overview));
  if (hasWhole) for (const [tag, curve] of entries) write(`${id}/scalars/${idOf(tag)}.bin`, bytesOf(curve));
}

/** Encodes a curve as `scalars/TAG.bin`. */
export function bytesOf({ steps, times, values }: Curve): Uint8Array {
  return new Uint8Array(
    new Float64Array([...steps, ...times, ...values.map((value) => value ?? Number.NaN)]).buffer,
  );
}

function writeRest(write: Write, id: string): void {
  for (const tag of histograms)
    write(`${id}/histograms/${idOf(tag)}.json`, JSON.stringify(madeHistograms(tag)));
  const images: ImageList = {
    images: [0, 500, 1000].flatMap((step) =>
      ['images/image/0', 'images/image/1', 'conv1/weights/filters'].map((tag) => ({
        ...{ tag, step, width: 24, height: 24 },
      })),
    ),
  };
  write(`${id}/images.json`, JSON.stringify(images));
  images.images.forEach((_, index) => {
    write(`${id}/images/${index}.png`, madePicture(index));
  });
  write(`${id}/evaluations.json`, JSON.stringify(madeEvaluations()));
  for (let index = 0; index < 12; index++) write(`${id}/mistakes/${index}.png`, madePicture(index + 20));
  const lines = Array.from({ length: 300 }, (_, line) => {
    return `2026-01-01 12:${String(line % 60).padStart(2, '0')}: step ${line * 10}, loss = ${(4 * Math.exp(-line / 60)).toFixed(2)} (1620.4 examples/sec; 0.079 sec/batch)`;
  });
  write(`${id}/log.txt`, `${lines.join('\n')}\n`);
  write(`${id}/checkpoint.safetensors`, madeCheckpoint());
}

function madeHistograms(tag: string): HistogramSeries {
  const edges = Array.from({ length: 81 }, (_, index) => (index - 40) / 100);
  return {
    tag,
    histograms: Array.from({ length: 40 }, (_, index) => {
      const width = 0.04 + 0.002 * index;
      const center = 0.002 * index;
      const counts = edges.slice(1).map((edge) => {
        return Math.round(4800 * Math.exp(-(((edge - 0.005 - center) / width) ** 2) / 2));
      });
      return { step: index * 25, edges, counts };
    }),
  };
}

function madePicture(seed: number): Uint8Array {
  const size = 24;
  const data = Uint8Array.from({ length: size * size * 3 }, (_, at) => {
    const [pixel, color] = [Math.floor(at / 3), at % 3];
    const [x, y] = [pixel % size, Math.floor(pixel / size)];
    return 128 + 100 * Math.sin((x * (1 + (seed % 3)) + y * (1 + color) + seed * 7) / 5);
  });
  return encodeImage({ width: size, height: size, channels: 3, data }).png;
}

function madeEvaluations(): EvaluationList {
  const confusion = classes.map((_, label) =>
    classes.map((_, predicted) => {
      if (label === predicted) return 820 + ((label * 37) % 140);
      return Math.floor(60 / (1 + Math.abs(label - predicted) ** 2)) + ((label * predicted) % 5);
    }),
  );
  return {
    evaluations: [250, 500, 750, 1000].map((step, index) => ({
      ...{ step, precision: 0.6 + 0.07 * index, images: 10_000, data: 'test', weights: 'ema', tta: null },
      time: started + step,
    })),
    report: {
      ...{ step: 1000, data: 'test', weights: 'ema', classes, confusion },
      mistakes: Array.from({ length: 12 }, (_, index) => ({
        label: classes[index % 10] ?? '',
        predicted: classes[(index + 1 + (index % 2)) % 10] ?? '',
        probability: 0.999 - index * 0.01,
        source: `test_batch.bin, record ${index * 17}`,
        hasPicture: index !== 5,
      })),
    },
  };
}

/** A safetensors file with the filters of a first layer. */
export function madeCheckpoint(): Uint8Array {
  const shape = [64, 3, 5, 5];
  const values = Float32Array.from({ length: 64 * 75 }, (_, at) => {
    const [filter, color, place] = [Math.floor(at / 75), Math.floor(at / 25) % 3, at % 25];
    const [x, y] = [place % 5, Math.floor(place / 5)];
    return (
      0.1 *
      Math.cos((x * Math.cos(filter) + y * Math.sin(filter)) * (1 + (filter % 4) / 3) + color * (filter % 5))
    );
  });
  const header = JSON.stringify({
    'conv1/weights': { dtype: 'F32', shape, data_offsets: [0, values.byteLength] },
  });
  const length = new Uint8Array(new BigUint64Array([BigInt(header.length)]).buffer);
  return Buffer.concat([length, Buffer.from(header), Buffer.from(values.buffer)]);
}
