/** `cifar10 bench`: how fast training is here, and how far below the roof. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measureInput } from '../../bench/input.ts';
import { measureRoof } from '../../bench/roof.ts';
import { measureRun } from '../../bench/run.ts';
import { measureStep } from '../../bench/step.ts';
import { datasets } from '../../data/dataset.ts';
import { loadExamples } from '../../data/files.ts';
import { ensureSynthetic } from '../../data/synthetic/generate.ts';
import { chooseEngine } from '../../engine/engines.ts';
import { messageOf, RunError } from '../../errors.ts';
import { version } from '../../version.ts';
import type { BenchFlags } from '../flag-table.ts';
import type { CommandContext } from './context.ts';

const program = fileURLToPath(new URL('../main.js', import.meta.url));

/** Measures on the generated set, in a folder of its own that is removed afterwards. */
export async function benchCommand({ flags, console }: CommandContext<BenchFlags>): Promise<void> {
  const { batchSize, steps } = flags;
  const { engine } = chooseEngine(flags);
  const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${engine.threads} threads`;
  const versions = `cifar10 ${version}, ${engine.library}, Node ${process.versions.node}`;
  console.line(`${machine}; ${versions}`);

  // The roof before and after the steps: on a shared machine the better of the two is nearer the truth.
  const before = await measureRoof(engine);
  const step = await measureStep(engine, batchSize, steps);
  const roof = Math.max(before, await measureRoof(engine));
  const rate = step.flop / (step.millis.median / 1e3);
  console.line(
    `roof             ${(roof / 1e9).toFixed(0)} GFLOP/s (best of 40 products of 2048 × 2048 matrices)`,
  );
  console.line(
    `step of ${batchSize}      ${step.millis.median.toFixed(1)} ms (${step.millis.fastest.toFixed(1)} … ` +
      `${step.millis.slowest.toFixed(1)} of ${steps}), ${step.imagesPerSecond.toFixed(0)} images/s`,
  );
  console.line(
    `share of roof    ${((rate / roof) * 100).toFixed(0)}% (${(step.flop / 1e9).toFixed(2)} GFLOP a step by definition; ` +
      'short convolutions do with fewer)',
  );

  const folder = await mkdtemp(join(tmpdir(), 'cifar10-bench-'));
  try {
    await ensureSynthetic(folder);
    const input = await measureInput(await loadExamples(folder, datasets.synthetic, 'train'), batchSize, 200);
    console.line(`input            ${input.imagesPerSecond.toFixed(0)} images/s on one core`);
    const runSteps = Math.max(steps * 5, 50);
    const runFlags = ['--dataset', 'synthetic', '--data-dir', folder, '--train-dir', join(folder, 'run')];
    const run = await measureRun(program, runFlags, batchSize, runSteps);
    console.line(`first step       after ${run.firstStepSeconds.toFixed(2)} s`);
    console.line(
      `whole run        ${run.imagesPerSecond.toFixed(0)} images/s over ${runSteps} steps, input included`,
    );
    console.line(
      `peak memory      ${megabytes(run.peakBytes)} MB (${megabytes(run.earlyPeakBytes)} MB after a tenth of the steps)`,
    );
    const result = {
      time: new Date().toISOString(),
      machine,
      versions,
      roofFlopPerSecond: roof,
      step,
      input,
      run,
    };
    if (flags.out !== undefined) await write(flags.out, result);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}

async function write(file: string, result: object): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  } catch (error) {
    throw new RunError(
      `${file}: the measurements cannot be written (${messageOf(error)}). Give another --out.`,
    );
  }
}
