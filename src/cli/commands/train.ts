/** `cifar10 train`: flags, one library call, what is told about it. */
import { CheckpointStore } from '../../checkpoint/store.ts';
import { datasets } from '../../data/dataset.ts';
import { loadExamples } from '../../data/files.ts';
import { ensureSynthetic } from '../../data/synthetic/generate.ts';
import { createOnnxEngine } from '../../engine/onnx/onnx-engine.ts';
import { tutorialNetwork } from '../../model/network.ts';
import { tutorialHyperparameters } from '../../training/hyperparameters.ts';
import { datasetOf, networkOf, type TrainingRun } from '../../training/run.ts';
import { train } from '../../training/train.ts';
import { type Console, duration } from '../console.ts';
import type { TrainFlags } from '../flag-table.ts';
import { StepLines } from '../step-lines.ts';
import { version } from '../version.ts';

/** What a command is given. `given` holds the names of the flags that were written on the command line. */
export interface CommandContext<Flags> {
  readonly flags: Flags;
  readonly given: ReadonlySet<string>;
  readonly console: Console;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Trains until `--max-steps`, or until it is stopped. Returns whether it reached the end. */
export async function trainCommand({
  flags,
  given,
  console,
  signal,
}: CommandContext<TrainFlags>): Promise<boolean> {
  const started = performance.now();
  const store = new CheckpointStore(flags.trainDir, { keep: flags.keep, onWarning: console.warn });
  const resume = await store.latest();
  const stored = resume?.checkpoint.metadata;
  // What is not asked for is as it was: a resumed run keeps its data set, batch size and seed.
  const dataset = stored !== undefined && !given.has('dataset') ? datasetOf(stored) : datasets[flags.dataset];
  const batchSize = stored !== undefined && !given.has('batch-size') ? stored.batchSize : flags.batchSize;
  const seed = stored !== undefined && !given.has('seed') ? stored.seed : flags.seed;

  if (dataset.name === 'synthetic') await ensureSynthetic(flags.dataDir);
  const run: TrainingRun = {
    network: stored === undefined ? tutorialNetwork(dataset.classes.length) : networkOf(stored),
    hyperparameters: stored?.hyperparameters ?? tutorialHyperparameters,
    batchSize,
    seed,
    examples: await loadExamples(flags.dataDir, dataset, 'train'),
    engine: createOnnxEngine(),
  };
  console.line(
    `Training on ${run.examples.count.toLocaleString('en-US')} images of ${dataset.title}, ${batchSize} a step, ` +
      `seed ${seed}, with ${run.engine.library} (${run.engine.threads} threads)`,
  );
  if (resume !== undefined) console.line(`Going on from ${resume.path}`);

  const lines = new StepLines(batchSize, flags.logFrequency);
  const { maxSteps, checkpointSteps } = flags;
  const options = { run, store, maxSteps, checkpointSteps, versions: { cifar10: version }, signal };
  let first = 0;
  for await (const event of train(resume === undefined ? options : { ...options, resume })) {
    if (event.kind === 'ready') {
      first = event.globalStep;
      lines.start(first);
      for (const change of event.changes) console.warn(`equality to the bit ends here (${change})`);
      if (first >= maxSteps)
        console.line(`${first} steps are done already; --max-steps asks for ${maxSteps}`);
    } else if (event.kind === 'step') {
      const line = lines.lineFor(event.step, event.totalLoss);
      if (line !== undefined) console.line(line);
    } else if (event.kind === 'end') {
      const took = performance.now() - started;
      const images = (event.globalStep - first) * batchSize;
      console.line(
        `${event.stopped ? 'Stopped' : 'Done'} at step ${event.globalStep}: ${images.toLocaleString('en-US')} images in ` +
          `${duration(took)} (waited ${duration(event.waitedMillis)} for input). Checkpoints are in ${flags.trainDir}`,
      );
      const data = flags.dataDir === '/tmp/cifar10_data' ? '' : ` --data-dir ${flags.dataDir}`;
      console.line(`Next: cifar10 eval --run-once --checkpoint-dir ${flags.trainDir}${data}`);
      return !event.stopped;
    }
  }
  return true;
}
