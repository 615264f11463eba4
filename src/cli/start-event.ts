/** What training and the search for a learning rate report when they start. */
import { describeThreads } from '../machine/cores.ts';
import { tutorialRecipe } from '../recipe/recipes/tutorial.ts';
import type { TrainingRun } from '../training/run-definition.ts';
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
    threads: engine.threads,
    resumedFrom: resumedFrom ?? null,
  };
}

/** Describes the engine of a run, such as `oneDNN 2.6.3 (2 threads, float32)`. */
export function describeEngine({ engine }: Pick<TrainingRun, 'engine'>): string {
  return `${engine.library} (${describeThreads(engine.threads)}, ${engine.precision})`;
}
