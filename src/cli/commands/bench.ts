/** The command `cifar10 bench`: converts the flags into one call of `bench`, and prints the measurements. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type BenchRequest, bench } from '../../bench/bench.ts';
import type { RunOptions } from '../../bench/run.ts';
import { messageOf, RunError } from '../../errors.ts';
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
    for await (const measurement of bench(requestOf(flags, given), { signal })) reporter.report(measurement);
  } finally {
    await write(reporter.results, flags.out);
  }
  return signal.aborted ? 'stopped' : 'done';
}

/** Returns the request that the flags describe. The engine is undefined for `auto`, and precision and batch size are undefined
 * if they were not given. The benchmark then measures all engines and precisions, and several batch sizes. */
function requestOf(flags: BenchFlags, given: ReadonlySet<string>): BenchRequest {
  const { engine, precision, device, batchSize, steps, profile, peers, recipe, network } = flags;
  return {
    ...{ device, steps, profile, peers, recipe, network, trainingWords },
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
