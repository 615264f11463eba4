/**
 * Measures the training speed, the share of the roof, and the speed of other programs for comparison. This is a generator of
 * measurements that uses neither flags nor the console; `cifar10 bench` prints the measurements.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { datasets } from '../data/datasets.ts';
import type { Examples } from '../data/examples.ts';
import { loadExamples } from '../data/files.ts';
import { ensureSynthetic } from '../data/synthetic/generate.ts';
import type { DeviceChoice } from '../engine/device-names.ts';
import type { Engine } from '../engine/engine.ts';
import type { EngineName, Precision } from '../engine/offers.ts';
import { messageOf, RunError } from '../errors.ts';
import { usableCores } from '../machine/cores.ts';
import { makeTemporaryFolder } from '../machine/temporary.ts';
import { trainingDefaults } from '../recipe/defaults.ts';
import { changed } from '../recipe/recipe.ts';
import { tutorialRecipe } from '../recipe/recipes/tutorial.ts';
import { requireOffer } from '../run/fastest-device.ts';
import { inRecipe, readRecipe } from '../run/recipe-source.ts';
import { Patience } from '../training/patience.ts';
import { compareVariants } from './compare-variants.ts';
import { describeMachine } from './describe-machine.ts';
import type { Measurement, Measurements } from './measurement.ts';
import { comparePeers } from './peer-rounds.ts';
import { profileSums } from './profile.ts';
import { measureRoof } from './roof.ts';
import { measureRun, type RunOptions } from './run.ts';
import { profileStep } from './step.ts';
import { type Subject, subjectOf } from './subject.ts';
import { measureEvaluation, measureInput } from './throughput.ts';
import { divisionsOf, findVariants, type Variant } from './variants.ts';

export interface BenchRequest {
  /** The engines to measure. Default: all. */
  readonly engine?: EngineName | undefined;
  /** The precisions to measure. Default: all. */
  readonly precision?: Precision | undefined;
  /** The device to measure; `auto` measures one of each kind that works here. Default: the CPU. */
  readonly device?: DeviceChoice | undefined;
  /** The name of a recipe, or the path of a recipe file, to measure instead of the tutorial's recipe. */
  readonly recipe?: string | undefined;
  /** The network to measure instead of that of the recipe. */
  readonly network?: string | undefined;
  /** The factor of the widths of its layers. */
  readonly width?: number | undefined;
  /** The number of images per step. Default: that of `recipe`. Without a recipe, steps are measured with 32, 128 and 512
   * images, and everything else with 128. */
  readonly batchSize?: number | undefined;
  /** The number of steps to measure for every variant. */
  readonly steps: number;
  /** Whether to measure only the parts of a step. */
  readonly profile: boolean;
  /** The shell command of another program. If it is given, only steps are measured, alternately with that program
   * (`peers.ts`). */
  readonly peers?: string | undefined;
  /** The arguments with which Node.js runs the training in a separate process. */
  readonly trainingWords: (options: RunOptions) => readonly string[];
}

interface Settings extends BenchRequest {
  readonly subject: Subject;
  readonly batchSize: number;
  /** The batch sizes with which steps are measured. */
  readonly stepSizes: readonly number[];
  readonly signal: AbortSignal;
}

const usualSizes = [32, 128, 512];

/** Measures with the generated data set, in a temporary folder that is removed afterwards. After an abort, the current
 * measurement is abandoned if it takes too long.
 * @throws UsageError for an engine that does not offer the precision
 * @throws RunError when there is nothing to measure, or a peer or a training process fails
 * @throws StoppedError when the signal ends a peer or a training process */
export async function* bench(
  request: BenchRequest,
  { signal = new AbortController().signal }: { readonly signal?: AbortSignal } = {},
): Measurements {
  const { engine, precision, device, peers, profile } = request;
  requireOffer({
    engine: engine ?? trainingDefaults.engine,
    precision: precision ?? trainingDefaults.precision,
    device: device ?? trainingDefaults.device,
  });
  const given = request.recipe === undefined ? undefined : await readRecipe(request.recipe);
  const { network, width, batchSize: asked } = request;
  const recipe = changed(given?.recipe ?? tutorialRecipe, { network, width, batchSize: asked });
  const subject = inRecipe(given, () => subjectOf(recipe));
  const { batchSize } = recipe;
  const stepSizes = (asked ?? given) === undefined ? usualSizes : [batchSize];
  const settings = { ...request, subject, batchSize, stepSizes, signal };
  const cores = usableCores();
  const whole = { towers: 1, threads: cores };
  const one = { towers: 1, threads: 1 };
  const all = cores === 1 || peers !== undefined ? divisionsOf(cores) : [one, ...divisionsOf(cores)];
  const { available, missing } = findVariants({ engine, precision, device }, profile ? [whole] : all);
  if (available.length === 0)
    throw new RunError(`nothing to measure: ${[...new Set(missing.map(({ why }) => why))].join('; ')}`);
  yield describeMachine(available.map(({ engine }) => engine.library));
  for (const one of missing) yield { kind: 'benchMissing', ...one };
  if (profile) yield* untilStopped(profiles(available, settings), signal);
  else yield* measureOnGenerated(available, settings);
}

async function* profiles(
  variants: readonly Variant[],
  { subject, batchSize, steps }: Settings,
): Measurements {
  for (const { engine, title } of variants) {
    const sums = profileSums(await profileStep(engine, subject, batchSize, steps));
    yield { kind: 'benchProfile', title, batchSize, sums };
  }
}

/** The size of the generated data set and the checkpoints of a run with each engine. */
const folderBytes = 150 * 2 ** 20;

async function* measureOnGenerated(variants: readonly Variant[], settings: Settings): Measurements {
  const folder = makeTemporaryFolder('cifar10-bench-', folderBytes);
  try {
    await ensureSynthetic(folder, { signal: settings.signal });
    const examples = await loadExamples(folder, datasets.synthetic, 'train');
    const { peers } = settings;
    const measurements =
      peers === undefined
        ? measureAll(variants, settings, examples, folder)
        : comparePeers(peers, variants, examples, settings);
    yield* untilStopped(measurements, settings.signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Abandons a measurement that takes too long after a stop was requested. */
async function* untilStopped(measurements: Measurements, signal: AbortSignal): Measurements {
  const patience = new Patience(signal);
  try {
    for (;;) {
      const next = await patience.for(measurements.next());
      if (next === undefined || next.done === true) return;
      yield next.value;
    }
  } finally {
    if (!patience.hasAbandoned) await measurements.return();
  }
}

async function* measureAll(
  variants: readonly Variant[],
  settings: Settings,
  examples: Examples,
  folder: string,
): Measurements {
  const { subject, batchSize, stepSizes, steps, signal } = settings;
  const roofs = yield* measureRoofs(variants, signal);
  for (const size of stepSizes) {
    if (signal.aborted) return;
    yield { kind: 'benchSteps', rows: await compareVariants(roofs, examples, subject, size, steps) };
  }
  const { imagesPerSecond } = await measureInput(examples, subject, batchSize, 200);
  yield { kind: 'benchInput', imagesPerSecond };
  const measured = [...roofs.keys()];
  const cores = Math.max(...measured.map(({ engine }) => engine.threads));
  const widest = measured.filter(({ engine, towers }) => engine.threads === cores && towers === 1);
  for (const { engine, title } of widest) {
    const imagesPerSecond = await measureEvaluation(engine, examples, subject, batchSize);
    yield { kind: 'benchEvaluation', title, imagesPerSecond };
  }
  for (const variant of widest.filter(({ emulated }) => !emulated)) {
    if (signal.aborted) return;
    yield* measureTraining(variant, settings, folder);
  }
}

/** Measures the rate of the best matrix product of each variant, in floating-point operations per second. Variants that fail
 * are left out. */
async function* measureRoofs(
  variants: readonly Variant[],
  signal: AbortSignal,
): AsyncGenerator<Measurement, ReadonlyMap<Variant, number>, void> {
  const roofs = new Map<Variant, number>();
  for (const variant of variants) {
    if (signal.aborted) return roofs;
    const { engine, title } = variant;
    const same = [...roofs].find(([other]) => isSameEngine(other.engine, engine));
    if (same !== undefined) {
      roofs.set(variant, same[1]);
      continue;
    }
    try {
      const flopPerSecond = await measureRoof(engine);
      roofs.set(variant, flopPerSecond);
      yield { kind: 'benchRoof', title, flopPerSecond };
    } catch (error) {
      yield { kind: 'failed', title, why: messageOf(error) };
    }
  }
  return roofs;
}

function isSameEngine(a: Engine, b: Engine): boolean {
  return a.name === b.name && a.precision === b.precision && a.device === b.device && a.threads === b.threads;
}

/** Measures a whole training run in a separate process. */
async function* measureTraining(
  { engine, title }: Variant,
  { recipe, network, width, batchSize, steps, trainingWords, signal }: Settings,
  folder: string,
): Measurements {
  yield { kind: 'running', title };
  const maxSteps = Math.max(steps * 5, 50);
  const options: RunOptions = {
    ...{ dataset: 'synthetic', dataDir: folder, trainDir: join(folder, title) },
    ...{ engine: engine.name, precision: engine.precision, device: engine.device, batchSize, maxSteps },
    ...(recipe !== undefined && { recipe }),
    ...(network !== undefined && { network }),
    ...(width !== undefined && { width }),
  };
  const run = await measureRun(trainingWords(options), options, signal);
  yield { kind: 'benchRun', title, steps: maxSteps, ...run };
}
