/** `cifar10 eval`: precision @ 1 of the newest checkpoint. */
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointStore } from '../../checkpoint/store.ts';
import { datasets } from '../../data/dataset.ts';
import { loadExamples } from '../../data/files.ts';
import { ensureSynthetic } from '../../data/synthetic/generate.ts';
import { createOnnxEngine } from '../../engine/onnx/onnx-engine.ts';
import { messageOf, RunError } from '../../errors.ts';
import { type Evaluation, evaluate } from '../../evaluation/evaluate.ts';
import { datasetOf } from '../../training/run.ts';
import { timestamp } from '../console.ts';
import type { EvalFlags } from '../flag-table.ts';
import type { CommandContext } from './context.ts';

/** Prints the tutorial's line and adds one to `evaluations.jsonl` in the evaluation folder. */
export async function evalCommand({ flags, console }: CommandContext<EvalFlags>): Promise<void> {
  const store = new CheckpointStore(flags.checkpointDir, { keep: 0, onWarning: console.warn });
  const found = await store.latest();
  if (found === undefined) {
    throw new RunError(
      `No checkpoint file found in ${flags.checkpointDir}. ` +
        `Train first: cifar10 train --train-dir ${flags.checkpointDir}`,
    );
  }
  const { metadata } = found.checkpoint;
  const dataset = flags.dataset === undefined ? datasetOf(metadata) : datasets[flags.dataset];
  if (dataset.name === 'synthetic') await ensureSynthetic(flags.dataDir);
  const split = flags.evalData === 'test' ? 'test' : 'train';
  const examples = await loadExamples(flags.dataDir, dataset, split);
  const { batchSize, numExamples, weights } = flags;
  const engine = createOnnxEngine();
  const result = await evaluate({
    engine,
    checkpoint: found.checkpoint,
    examples,
    weights,
    batchSize,
    numExamples,
  });
  console.line(
    `${result.total.toLocaleString('en-US')} ${split === 'test' ? 'test' : 'training'} images of ${dataset.title}, step ` +
      `${result.globalStep}, ${weights === 'ema' ? 'moving averages' : 'raw weights'}: ${result.correct} right`,
  );
  console.line(`${timestamp()}: precision @ 1 = ${result.precision.toFixed(3)}`);
  await record(flags, {
    checkpoint: found.path,
    dataset: dataset.name,
    evalData: flags.evalData,
    weights,
    ...result,
  });
}

async function record(
  { evalDir }: EvalFlags,
  result: Evaluation & { checkpoint: string; dataset: string; evalData: string; weights: string },
): Promise<void> {
  const file = join(evalDir, 'evaluations.jsonl');
  try {
    await mkdir(evalDir, { recursive: true });
    await appendFile(file, `${JSON.stringify({ time: new Date().toISOString(), ...result })}\n`);
  } catch (error) {
    throw new RunError(
      `${file}: the result cannot be written (${messageOf(error)}). Give another --eval-dir.`,
    );
  }
}
