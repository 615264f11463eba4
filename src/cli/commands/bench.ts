/** The command `cifar10 bench`: converts the flags into one call of `bench`, and prints the measurements. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { pickOptions } from '../../arguments.ts';
import { type BenchRequest, bench } from '../../bench/bench.ts';
import { type CompleteRunsRequest, measureCompleteRuns } from '../../bench/complete-runs.ts';
import type { Measurements } from '../../bench/measurement.ts';
import type { RunOptions } from '../../bench/run.ts';
import { messageOf, RunError, UsageError } from '../../errors.ts';
import { type TrainingRequest, trainingChecks } from '../../run/training-request.ts';
import { BenchReporter } from '../bench-reporter.ts';
import type { JsonEvent } from '../console.ts';
import { writtenName } from '../flag.ts';
import type { BenchFlags } from '../flag-table.ts';
import type { CommandContext, Outcome } from './context.ts';

const program = fileURLToPath(new URL('../main.js', import.meta.url));

export async function benchCommand(context: CommandContext<BenchFlags>): Promise<Outcome> {
  const { flags, given, console, signal } = context;
  const reporter = new BenchReporter(console);
  try {
    for await (const measurement of measurements(flags, given, signal)) reporter.report(measurement);
  } finally {
    await write(reporter.results, flags.out);
  }
  if (signal.aborted) return 'stopped';
  return reporter.hasFailedRuns ? 'failed' : 'done';
}

/** The flags that only complete runs have, and those that they do not have. */
const ofRuns: readonly string[] = ['data-dir', 'dataset', 'max-steps', 'epochs', 'train-dir', 'tta'];
const ofSteps: readonly string[] = ['steps', 'profile', 'peers'];

/** Returns the measurements that the flags ask for: complete runs with `--runs`, or else steps.
 * @throws UsageError for a flag of the other kind */
function measurements(flags: BenchFlags, given: ReadonlySet<string>, signal: AbortSignal): Measurements {
  const { runs } = flags;
  const wrong = (runs === undefined ? ofRuns : ofSteps).find((flag) => given.has(flag));
  if (wrong !== undefined)
    throw new UsageError(
      runs === undefined
        ? `--${wrong} is only for complete runs; add --runs, such as --runs 3`
        : `--${wrong} and --runs cannot be combined`,
    );
  if (runs === undefined) return bench(requestOf(flags, given), { signal });
  return measureCompleteRuns(runsRequestOf(flags, given, runs), { signal });
}

/** Returns the request of complete runs. Flags that are not given have the values of the recipe. */
function runsRequestOf(flags: BenchFlags, given: ReadonlySet<string>, runs: number): CompleteRunsRequest {
  const { dataDir, tta, ...others } = flags;
  const asked = Object.entries(others).filter(([name]) => given.has(writtenName(name)));
  const { trainDir, ...request } = pickOptions<TrainingRequest>(Object.fromEntries(asked), trainingChecks);
  return { ...request, dataDir, runs, trainDir, tta };
}

/** Returns the request that the flags describe. The engine is undefined for `auto`, and precision and batch size are undefined
 * if they were not given. The benchmark then measures all engines and precisions, and several batch sizes. */
function requestOf(flags: BenchFlags, given: ReadonlySet<string>): BenchRequest {
  const { engine, precision, device, batchSize, steps, profile, peers, recipe, network, width } = flags;
  return {
    ...{ device, steps, profile, peers, recipe, network, width, trainingWords },
    engine: engine === 'auto' ? undefined : engine,
    precision: given.has('precision') ? precision : undefined,
    batchSize: given.has('batch-size') ? batchSize : undefined,
  };
}

function trainingWords(options: RunOptions): readonly string[] {
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${writtenName(name)}`, String(value)]);
  return [program, 'train', ...flags];
}

/** Writes the measurements to the file of `--out`, if one was given. Also called after a failure, so that the measurements made
 * before it are kept.
 * @throws RunError when the file cannot be written */
async function write(results: readonly JsonEvent[], out: string | undefined): Promise<void> {
  if (out === undefined || results.length === 0) return;
  const all = { time: new Date().toISOString(), results };
  try {
    await writeFile(out, `${JSON.stringify(all, null, 2)}\n`);
  } catch (error) {
    throw new RunError(
      `${out}: the measurements cannot be written (${messageOf(error)}). Use another --out.`,
      { cause: error },
    );
  }
}
