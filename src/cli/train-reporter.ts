/** What is told of a training while it runs, in lines. */
import type { TrainingRun } from '../training/run.ts';
import type { TrainEvent } from '../training/train.ts';
import { type Console, duration, timestamp } from './console.ts';
import type { TrainFlags } from './flag-table.ts';
import { StepLines } from './step-lines.ts';

const number = (value: number) => value.toLocaleString('en-US');

export class TrainReporter {
  readonly #console: Console;
  readonly #flags: TrainFlags;
  readonly #run: TrainingRun;
  readonly #lines: StepLines;
  readonly #started: number = performance.now();
  #first = 0;
  #finished = false;

  /** Says what is trained on what. */
  constructor(console: Console, flags: TrainFlags, run: TrainingRun, resumedFrom: string | undefined) {
    this.#console = console;
    this.#flags = flags;
    this.#run = run;
    this.#lines = new StepLines(run.batchSize, flags.logFrequency);
    const { examples, batchSize, seed, engine, validation } = run;
    const held = validation === undefined ? '' : ` (${number(validation.count)} held out)`;
    console.line(
      `Training on ${number(examples.count)} images of ${examples.dataset.title}${held}, ${batchSize} a step, ` +
        `seed ${seed}, with ${engine.library} (${engine.threads} threads)`,
    );
    if (resumedFrom !== undefined) console.line(`Going on from ${resumedFrom}`);
  }

  /** Did it reach its last step? */
  get finished(): boolean {
    return this.#finished;
  }

  tell(event: TrainEvent): void {
    switch (event.kind) {
      case 'ready':
        this.#ready(event);
        return;
      case 'step': {
        const line = this.#lines.lineFor(event.step, event.totalLoss);
        if (line !== undefined) this.#console.line(line);
        return;
      }
      case 'validation':
        this.#console.line(
          `${timestamp()}: step ${event.globalStep}, validation precision @ 1 = ${event.precision.toFixed(3)}` +
            (event.path === undefined ? '' : `, the best so far: ${event.path}`),
        );
        return;
      case 'end':
        this.#end(event);
        return;
      case 'checkpoint':
        return;
    }
  }

  #ready({ globalStep, changes }: TrainEvent & { readonly kind: 'ready' }): void {
    this.#first = globalStep;
    this.#lines.start(globalStep);
    for (const change of changes) this.#console.warn(`equality to the bit ends here (${change})`);
    const { maxSteps } = this.#flags;
    if (globalStep >= maxSteps)
      this.#console.line(`${globalStep} steps are done already; --max-steps asks for ${maxSteps}`);
  }

  #end({ globalStep, stopped, waitedMillis }: TrainEvent & { readonly kind: 'end' }): void {
    this.#finished = !stopped;
    const took = performance.now() - this.#started;
    const images = (globalStep - this.#first) * this.#run.batchSize;
    this.#console.line(
      `${stopped ? 'Stopped' : 'Done'} at step ${globalStep}: ${number(images)} images in ${duration(took)} ` +
        `(waited ${duration(waitedMillis)} for input). Checkpoints are in ${this.#flags.trainDir}`,
    );
    const { trainDir, dataDir } = this.#flags;
    const data = dataDir === '/tmp/cifar10_data' ? '' : ` --data-dir ${dataDir}`;
    if (stopped)
      this.#console.line(
        `Go on: cifar10 train --train-dir ${trainDir}${data} --max-steps ${this.#flags.maxSteps}`,
      );
    this.#console.line(`Next: cifar10 eval --run-once --checkpoint-dir ${trainDir}${data}`);
  }
}
