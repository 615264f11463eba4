/** Precision @ 1 of a checkpoint, each example scored exactly once (r0.11 scored 10,112 of 10,000). */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { Examples } from '../data/files.ts';
import type { Engine, Session } from '../engine/engine.ts';
import { RunError } from '../errors.ts';
import { prefetchEvaluation } from '../input/prefetch.ts';
import { type Float32Tensor, float32Data, type Tensor } from '../tensor/tensor.ts';
import { networkOf } from '../training/run.ts';
import { averageName } from '../training/training-graph.ts';
import { buildEvaluationGraph } from './evaluation-graph.ts';
import { countInTop1 } from './in-top-k.ts';

/** `ema`: the moving averages of the weights, as the tutorial evaluates; `raw`: the weights themselves. */
export type Weights = 'ema' | 'raw';

export interface EvaluateOptions {
  readonly engine: Engine;
  readonly checkpoint: Checkpoint;
  readonly examples: Examples;
  readonly weights: Weights;
  readonly batchSize: number;
  /** At most this many examples are scored, from the first on. */
  readonly numExamples: number;
}

export interface Evaluation {
  readonly globalStep: number;
  readonly correct: number;
  readonly total: number;
  /** correct / total. */
  readonly precision: number;
}

/** @throws RunError when the data set has other classes than the checkpoint, or a tensor is missing in it. */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const { engine, checkpoint, examples, weights, batchSize, numExamples } = options;
  const { metadata } = checkpoint;
  requireSameClasses(metadata.dataset.classes, examples);
  const network = networkOf(metadata);
  const graph = buildEvaluationGraph(network, batchSize);
  const values = new Map(
    [...graph.variables.keys()].map((name) => [name, weightsOf(checkpoint, name, weights)]),
  );
  const batches = prefetchEvaluation(examples, { batchSize, numExamples });
  let session: Session | undefined;
  try {
    session = await engine.compile(graph);
    await session.write(values);
    let correct = 0;
    let total = 0;
    for (let batch = await batches.next(); batch !== undefined; batch = await batches.next()) {
      const shape = [batchSize, ...network.imageShape];
      const images: Tensor = { dtype: 'float32', shape, data: batch.images };
      const logits = (await session.step(new Map([['images', images]]))).get('logits');
      if (logits === undefined) throw new RunError('the evaluation graph returned no logits');
      correct += countInTop1(float32Data(logits), network.classes, batch.labels, batch.count);
      total += batch.count;
      batches.recycle(batch);
    }
    return { globalStep: metadata.globalStep, correct, total, precision: correct / total };
  } finally {
    await Promise.all([batches.close(), session?.release()]);
  }
}

function weightsOf(checkpoint: Checkpoint, variable: string, weights: Weights): Float32Tensor {
  const key = weights === 'ema' ? averageName(variable) : variable;
  const found = checkpoint.tensors.get(key);
  if (found !== undefined) return found;
  throw new RunError(
    `Key ${key} not found in checkpoint; it holds ${[...checkpoint.tensors.keys()].join(', ')}`,
  );
}

function requireSameClasses(trained: readonly string[], { dataset }: Examples): void {
  if (trained.join() === dataset.classes.join()) return;
  throw new RunError(
    `the checkpoint was trained on ${trained.length} classes (${trained.join(', ')}), ` +
      `${dataset.title} has ${dataset.classes.length} (${dataset.classes.join(', ')})`,
  );
}
