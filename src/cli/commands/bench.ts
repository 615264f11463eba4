/** `cifar10 bench`: how fast training is here, how far below the roof, and beside other programs. */

import { rm, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measurePaired } from '../../bench/paired.ts';
import { profileSums } from '../../bench/profile.ts';
import { measureRoof } from '../../bench/roof.ts';
import { measureRun } from '../../bench/run.ts';
import { profileStep, type SteppedTraining, startTraining, stepFlop } from '../../bench/step.ts';
import { measureEvaluation, measureInput } from '../../bench/throughput.ts';
import { findVariants, type Variant, type Variants } from '../../bench/variants.ts';
import { datasets } from '../../data/dataset.ts';
import type { Examples } from '../../data/examples.ts';
import { loadExamples } from '../../data/files.ts';
import { ensureSynthetic } from '../../data/synthetic/generate.ts';
import { requireOffered } from '../../engine/engines.ts';
import { messageOf, RunError } from '../../errors.ts';
import { usableCores } from '../../machine/cores.ts';
import { makeTemporaryFolder } from '../../machine/temporary.ts';
import { Patience } from '../../training/patience.ts';
import { version } from '../../version.ts';
import { counted } from '../../wording.ts';
import { missingLine, profileTables, type StepRow, stepTable } from '../bench-tables.ts';
import type { JsonEvent } from '../console.ts';
import type { BenchFlags } from '../flag-table.ts';
import { comparePeers } from './bench-peers.ts';
import type { CommandContext } from './context.ts';

const program = fileURLToPath(new URL('../main.js', import.meta.url));
const usualBatches = [32, 128, 512];
/** Steps are timed in so many rounds, every variant in each. */
const rounds = 4;

/** Everything that one call of `bench` measures goes through here: to the console, and to `--out`. */
class Notes {
  readonly #context: CommandContext<BenchFlags>;
  readonly #results: JsonEvent[] = [];

  constructor(context: CommandContext<BenchFlags>) {
    this.#context = context;
  }

  add(text: string, result: JsonEvent): void {
    this.#results.push(result);
    this.#context.console.result(text, result);
  }

  /** @throws RunError when the file cannot be written */
  async write(): Promise<void> {
    const { out } = this.#context.flags;
    if (out === undefined) return;
    const all = { time: new Date().toISOString(), results: this.#results };
    try {
      await writeFile(out, `${JSON.stringify(all, null, 2)}\n`);
    } catch (error) {
      throw new RunError(
        `${out}: the measurements cannot be written (${messageOf(error)}). Give another --out.`,
        { cause: error },
      );
    }
  }
}

/** Measures on the generated set, in a folder of its own that is removed afterwards. */
export async function benchCommand(context: CommandContext<BenchFlags>): Promise<void> {
  const { flags, given } = context;
  requireOffered(flags.engine, flags.precision);
  const cores = usableCores();
  const threads = cores === 1 || flags.peers !== undefined || flags.profile ? [cores] : [1, cores];
  const wanted = {
    ...(flags.engine !== 'auto' && { engine: flags.engine }),
    ...(given.has('precision') && { precision: flags.precision }),
  };
  const { there, missing } = findVariants(wanted, threads);
  if (there.length === 0)
    throw new RunError(`nothing to measure: ${[...new Set(missing.map(({ why }) => why))].join('; ')}`);
  const notes = new Notes(context);
  const libraries = [...new Set(there.map(({ engine }) => engine.library))].join(', ');
  const machine = `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${counted(cores, 'core')}`;
  const versions = `cifar10 ${version}, ${libraries}, Node ${process.versions.node}`;
  notes.add(`${machine}; ${versions}`, { kind: 'benchMachine', machine, versions });

  for (const one of missing) notes.add(missingLine(one), { kind: 'benchMissing', ...one });

  const { signal } = context;
  const patience = new Patience(signal);
  try {
    if (flags.profile) await patience.for(profiles(there, flags, notes));
    else
      await withGeneratedSet(signal, (examples, folder) =>
        patience.for(measureAll(context, { there, missing }, examples, folder, notes)),
      );
  } finally {
    await notes.write();
  }
}

async function profiles(variants: readonly Variant[], flags: BenchFlags, notes: Notes): Promise<void> {
  for (const { engine, title } of variants) {
    const sums = profileSums(await profileStep(engine, flags.batchSize, flags.steps));
    const heading = `\n${title}, batch ${flags.batchSize}: ${sums.millis.toFixed(1)} ms in all parts`;
    notes.add(`${heading}\n\n${profileTables(sums)}`, { kind: 'benchProfile', title, ...sums });
  }
}

/** The generated set, and the checkpoints of a run with each engine. */
const folderBytes = 150 * 2 ** 20;

async function withGeneratedSet(
  signal: AbortSignal,
  work: (examples: Examples, folder: string) => Promise<void>,
): Promise<void> {
  const folder = makeTemporaryFolder('cifar10-bench-', folderBytes);
  try {
    await ensureSynthetic(folder, { signal });
    await work(await loadExamples(folder, datasets.synthetic, 'train'), folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureAll(
  { flags, given, console, signal }: CommandContext<BenchFlags>,
  { there: found, missing }: Variants,
  examples: Examples,
  folder: string,
  notes: Notes,
): Promise<void> {
  if (flags.peers !== undefined) {
    await comparePeers(flags.peers, found, examples, flags, signal, notes);
    return;
  }
  const roofs = new Map<Variant, number>();
  for (const variant of found) {
    if (signal.aborted) return;
    const roof = await measureRoof(variant.engine).catch((error: unknown) => {
      console.warn(`not measured: ${variant.title}: ${messageOf(error)}`);
      return undefined;
    });
    if (roof === undefined) continue;
    roofs.set(variant, roof);
    notes.add(`roof of ${variant.title}: ${(roof / 1e9).toFixed(0)} GFLOP/s`, {
      kind: 'benchRoof',
      title: variant.title,
      flopPerSecond: roof,
    });
  }
  const variants = [...roofs.keys()];
  for (const batchSize of given.has('batch-size') ? [flags.batchSize] : usualBatches) {
    if (signal.aborted) return;
    const rows = await steps(variants, roofs, examples, batchSize, flags.steps);
    notes.add(`\n${stepTable(rows, missing)}`, { kind: 'benchSteps', rows });
  }
  const { imagesPerSecond } = await measureInput(examples, flags.batchSize, 200);
  notes.add(`\ninput: ${imagesPerSecond.toFixed(0)} distorted images/s on one core`, {
    kind: 'benchInput',
    imagesPerSecond,
  });
  const cores = Math.max(...variants.map(({ engine }) => engine.threads));
  const widest = variants.filter(({ engine }) => engine.threads === cores);
  for (const { engine, title } of widest) {
    const evaluated = await measureEvaluation(engine, examples, flags.batchSize);
    notes.add(`evaluation, ${title}: ${evaluated.toFixed(0)} images/s`, {
      kind: 'benchEvaluation',
      title,
      imagesPerSecond: evaluated,
    });
  }
  for (const { engine, title } of widest.filter(({ emulated }) => !emulated)) {
    if (signal.aborted) return;
    console.progress(() => `a run with ${title} …`);
    const where = ['--dataset', 'synthetic', '--data-dir', folder, '--train-dir', join(folder, title)];
    const how = ['--engine', engine.name, '--precision', engine.precision];
    const count = Math.max(flags.steps * 5, 50);
    const run = await measureRun(program, [...where, ...how], flags.batchSize, count, signal);
    const memory = `${megabytes(run.peakBytes)} MB (${megabytes(run.earlyPeakBytes)} MB after a tenth)`;
    notes.add(
      `run of ${count} steps, ${title}: first step after ${run.firstStepSeconds.toFixed(2)} s, ` +
        `${run.imagesPerSecond.toFixed(0)} images/s, peak memory ${memory}`,
      { kind: 'benchRun', title, steps: count, ...run },
    );
  }
}

/** Every variant at one batch size, in turn. */
async function steps(
  variants: readonly Variant[],
  roofs: ReadonlyMap<Variant, number>,
  examples: Examples,
  batchSize: number,
  count: number,
): Promise<readonly StepRow[]> {
  const trainings: SteppedTraining[] = [];
  try {
    for (const { engine } of variants) trainings.push(await startTraining(engine, examples, batchSize));
    const competitors = trainings.map(({ step }, index) => ({
      title: variants[index]?.title ?? '',
      run: step,
    }));
    const timing = { rounds, steps: Math.max(1, Math.ceil(count / rounds)), warmUp: 3 };
    const results = await measurePaired(competitors, timing);
    const flop = stepFlop(batchSize);
    return results.map((result, index) => {
      const variant = variants[index];
      const roof = (variant && roofs.get(variant)) ?? Number.NaN;
      const perSecond = 1e3 / result.millis.median;
      return {
        ...result,
        batchSize,
        imagesPerSecond: batchSize * perSecond,
        shareOfRoof: (flop * perSecond) / roof,
      };
    });
  } finally {
    await Promise.all(trainings.map(({ release }) => release()));
  }
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
