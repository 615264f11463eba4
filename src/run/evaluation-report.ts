/** Collects what the report of an evaluation shows about the run and the data. */
import { basename, dirname, join } from 'node:path';
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import { type Examples, recordIndexOf } from '../data/examples.ts';
import { readLines } from '../disk/json-lines.ts';
import type { Engine } from '../engine/engine.ts';
import { messageOf } from '../errors.ts';
import type { ConfusionMatrix } from '../evaluation/confusion.ts';
import type { Evaluation } from '../evaluation/evaluate.ts';
import { evaluationLogIn } from '../evaluation/evaluation-log.ts';
import type { Weights } from '../evaluation/weights.ts';
import { readStoredSet } from '../pictures/stored-set.ts';
import type { ReportCollector } from '../report/collector.ts';
import type { CurvePoint, Fact, ReportData, RunCurves } from '../report/report-data.ts';
import { readCurves } from '../summary/metrics-curves.ts';
import { metricsFileName } from '../summary/metrics-file.ts';
import { tagOf } from '../summary/tags.ts';
import { version } from '../version.ts';
import { oneLine } from '../wording.ts';
import type { EvaluationSettings } from './evaluation-request.ts';

/** What was evaluated, and with which engine. */
export interface EvaluatedRun {
  /** The path of the checkpoint. */
  readonly checkpoint: string;
  readonly metadata: CheckpointMetadata;
  readonly weights: Weights;
  readonly engine: Engine;
  readonly examples: Examples;
  /** The folder with the files of the data set. */
  readonly dataFolder: string;
  /** Called if a part of the report cannot be read. That part is then omitted. */
  readonly onWarning: (message: string) => void;
}

interface ReportSources {
  readonly confusion: ConfusionMatrix;
  readonly collected: ReportCollector;
  readonly run: EvaluatedRun;
  readonly settings: EvaluationSettings;
}

const imageWords = {
  test: 'test images',
  train_eval: 'training images',
  validation: 'validation images',
} as const;

/** Returns the data of a report. */
export async function reportDataOf(
  evaluation: Evaluation,
  { confusion, collected, run, settings }: ReportSources,
): Promise<ReportData> {
  const { title } = run.examples.dataset;
  const images = imageWords[settings.evalData];
  const capitalized = title.charAt(0).toUpperCase() + title.slice(1);
  return {
    ...evaluation,
    ...{ title: `${capitalized}: ${images}`, images, date: new Date(), facts: factsOf(run, settings) },
    ...{ classes: confusion.byClass, confusion: confusion.counts },
    ...{ top: collected.top, calibration: collected.calibration },
    mistakes: collected.mistakes(await sourcesOf(run)),
    curves: await curvesOf(evaluation, run, settings),
  };
}

/** Facts that are the same for every number of processes and threads, because the results are, too. */
function factsOf(
  { metadata, weights, engine, examples, checkpoint }: EvaluatedRun,
  { evalData, numExamples }: EvaluationSettings,
): readonly Fact[] {
  const { dataset, network, versions } = metadata;
  const [channels, height, width] = examples.dataset.record.image;
  const numbers = Object.entries(network.configuration).map(([name, value]) => `${name} ${value}`);
  const counts = [numExamples, examples.count].map((count) => count.toLocaleString('en-US'));
  const selection = numExamples < examples.count ? `the first ${counts.join(' of ')} ` : '';
  const all: Readonly<Record<string, string>> = {
    'data set': `${examples.dataset.title}${dataset.labels === 'class' ? '' : `, ${dataset.labels} labels`}`,
    images: `${selection}${imageWords[evalData]}, ${width}×${height}, ${channels === 1 ? 'gray' : 'color'}, ${dataset.classes.length} classes`,
    network: [network.name, ...numbers].join(', '),
    recipe: metadata.recipe,
    step: metadata.globalStep.toLocaleString('en-US'),
    weights: weights === 'ema' ? 'moving averages' : 'raw weights',
    'trained on': `${dataset.trainingExamples.toLocaleString('en-US')} images, batches of ${metadata.batchSize}, seed ${metadata.seed}`,
    'trained with': `${versions.engine}, ${metadata.precision}${onDevice(metadata.device)}, cifar10 ${versions.cifar10}, Node.js ${versions.node}`,
    'evaluated with': `${engine.library}, ${engine.precision}${onDevice(engine.device)}, cifar10 ${version}, Node.js ${process.versions.node}`,
    'training data': dataset.checksum.slice(0, 16),
    checkpoint: basename(checkpoint),
  };
  return Object.entries(all).map(([name, value]) => ({ name, value }));
}

/** Names a device in a list of facts, which means the CPU if it names none. */
function onDevice(device: string): string {
  return device === 'cpu' ? '' : ` on ${device}`;
}

/** Returns a function that says where an example comes from: the path of a picture of the user's own, and the file and the index
 * in it otherwise. */
async function sourcesOf({
  examples,
  dataFolder,
  onWarning,
}: EvaluatedRun): Promise<(example: number) => string> {
  const usual = (example: number) => basename(examples.keyOf(example));
  if (examples.dataset.origin === undefined) return usual;
  const set = await readStoredSet(dataFolder).catch((error: unknown) => onWarning(messageOf(error)));
  const pictures = set?.pictures.filter(({ split }) => split === examples.split) ?? [];
  const paths = new Map(pictures.map(({ record, path }) => [record, path]));
  return (example) => paths.get(recordIndexOf(examples, example)) ?? usual(example);
}

const total = { term: 'total_loss' };
const tags = {
  loss: tagOf('rawLoss', total).tag,
  averagedLoss: tagOf('averagedLoss', total).tag,
  learningRate: tagOf('learningRate').tag,
  validation: tagOf('validationPrecision').tag,
};

async function curvesOf(
  { globalStep, precision }: Evaluation,
  { checkpoint, onWarning }: EvaluatedRun,
  settings: EvaluationSettings,
): Promise<RunCurves> {
  const folder = dirname(checkpoint);
  const path = join(basename(folder) === 'best' ? dirname(folder) : folder, metricsFileName);
  const curves = await readCurves(path, Object.values(tags), globalStep).catch((error: unknown) => {
    onWarning(`${oneLine(path)}: cannot be read (${oneLine(messageOf(error))}), so the report has no curves`);
    return new Map<string, readonly CurvePoint[]>();
  });
  const curve = (name: keyof typeof tags) => curves.get(tags[name]) ?? [];
  const earlier = await earlierEvaluations(checkpoint, globalStep, settings);
  return {
    ...{ loss: curve('loss'), averagedLoss: curve('averagedLoss') },
    ...{ learningRate: curve('learningRate'), validation: curve('validation') },
    evaluations: [...earlier, { step: globalStep, value: precision }],
  };
}

/** Returns the results of evaluations of earlier checkpoints in the same folder, on the same images and with the same weights. */
async function earlierEvaluations(
  checkpoint: string,
  before: number,
  { evalDir, evalData, weights, numExamples }: EvaluationSettings,
): Promise<readonly CurvePoint[]> {
  const lines = await readLines(evaluationLogIn(evalDir)).catch(() => []);
  const results = new Map<number, number>();
  for (const line of lines) {
    const found = resultIn(line);
    if (found === undefined || found.globalStep >= before) continue;
    if (dirname(found.checkpoint) !== dirname(checkpoint)) continue;
    if (found.evalData !== evalData || found.weights !== weights || found.numExamples !== numExamples)
      continue;
    // Of several results for a step, the last one belongs to the newest run in the folder.
    results.set(found.globalStep, found.precision);
  }
  return [...results].sort(([a], [b]) => a - b).map(([step, value]) => ({ step, value }));
}

interface LoggedResult {
  readonly checkpoint: string;
  readonly globalStep: number;
  readonly precision: number;
  readonly evalData: unknown;
  readonly weights: unknown;
  readonly numExamples: unknown;
}

/** Returns the result in a line of the log, or undefined for an incomplete line. */
function resultIn(line: string): LoggedResult | undefined {
  let value: Readonly<Record<string, unknown>>;
  try {
    value = Object(JSON.parse(line));
  } catch {
    return undefined;
  }
  const { checkpoint, globalStep, precision, evalData, weights, numExamples } = value;
  if (typeof checkpoint !== 'string' || typeof globalStep !== 'number' || typeof precision !== 'number')
    return undefined;
  return { checkpoint, globalStep, precision, evalData, weights, numExamples };
}
