/** What training and the search for a learning rate report when they start. */
import type { Device } from '../engine/device.ts';
import { describeThreads } from '../machine/cores.ts';
import { tutorialRecipe } from '../recipe/recipes/tutorial.ts';
import type { TrainingRun } from '../training/run-definition.ts';
import { threadsOf } from '../training/towers.ts';
import { counted } from '../wording.ts';
import type { JsonEvent } from './console.ts';

/** Returns the object that `--json` prints.
 * @param resumedFrom the path of the checkpoint from which the run resumes */
export function startEvent(run: TrainingRun, resumedFrom?: string): JsonEvent {
  const { recipe, examples, batchSize, seed, engine, validation } = run;
  return {
    kind: 'start',
    recipe: recipe ?? tutorialRecipe.name,
    dataset: examples.dataset.name,
    examples: examples.count,
    heldOut: validation?.count ?? 0,
    batchSize,
    seed,
    engine: engine.library,
    precision: engine.precision,
    device: engine.device,
    ranks: run.ranks?.size ?? 1,
    towers: run.towers,
    threads: threadsOf(run),
    resumedFrom: resumedFrom ?? null,
  };
}

/** Describes the engine and the towers of a run, such as `oneDNN 2.6.3 (2 threads, float32)`,
 * `onnxruntime-node 1.30.0 (2 towers of 1 thread, float32)` or `onnxruntime-node 1.30.0 (webgpu, float32)`. */
export function describeEngine(run: Pick<TrainingRun, 'engine' | 'towers' | 'ranks'>): string {
  const { engine, towers, ranks } = run;
  const threads = describeCompute(engine.device, threadsOf(run));
  const each = towers === 1 ? threads : `${towers} towers of ${threads}`;
  return `${engine.library} (${processesWith(ranks?.size ?? 1)}${each}, ${engine.precision})`;
}

/** Describes what computes: the threads on the CPU, or another device by its name. */
export function describeCompute(device: Device, threads: number): string {
  return device === 'cpu' ? describeThreads(threads) : device;
}

/** Returns the beginning of a description of the threads of several processes, such as `2 processes with `. It is empty for one
 * process. */
export function processesWith(count: number): string {
  return count === 1 ? '' : `${counted(count, 'process', 'processes')} with `;
}
