/** A run that trains in the worker until it is paused. Between steps, the worker answers other requests. */
import { OneAtATime } from '../../../src/page/one-at-a-time.ts';
import { drawGeneratedSet, examplesOfPictures, type PageExamples } from '../../../src/page/page-examples.ts';
import { pageRecipe } from '../../../src/page/page-recipe.ts';
import { PageTraining } from '../../../src/page/page-training.ts';
import type { LoadedRuntime } from './load-runtime.ts';
import type { ProgressEvent, TrainingBegun, TrainingData, TrainingStart } from './messages.ts';

/** The number of steps over which images/s are measured. */
const measuredSteps = 20;

type Report = (event: ProgressEvent) => void;

export class TrainingLoop {
  readonly training: PageTraining;
  readonly #report: Report;
  readonly #queue = new OneAtATime();
  #isPaused = true;
  #finished: Promise<number> = Promise.resolve(0);

  private constructor(training: PageTraining, report: Report) {
    this.training = training;
    this.#report = report;
  }

  static async begin(
    { runtime, device, words }: LoadedRuntime,
    { data, learningRate, checkpoint }: TrainingStart,
    report: Report,
  ): Promise<{ readonly loop: TrainingLoop; readonly begun: TrainingBegun }> {
    const examples = await examplesFor(data, report);
    const { training: pictures, heldOut } = examples;
    const recipe = pageRecipe(pictures.count);
    const hyperparameters = { ...recipe.hyperparameters, learningRate };
    const training =
      checkpoint === null
        ? await PageTraining.create(runtime, device, examples, { ...recipe, hyperparameters })
        : await PageTraining.resume(runtime, device, examples, checkpoint);
    const begun = {
      isGenerated: data.kind === 'generated',
      step: training.step,
      classes: pictures.dataset.classes,
      trainingPictures: pictures.count,
      heldOutPictures: heldOut.count,
      learningRate: training.learningRate,
      batchSize: training.recipe.batchSize,
      device: words,
    };
    return { loop: new TrainingLoop(training, report), begun };
  }

  /** Trains until `pause`. Returns the step that was reached. */
  run(): Promise<number> {
    if (this.#isPaused) {
      this.#isPaused = false;
      this.#finished = this.#steps().finally(() => {
        this.#isPaused = true;
      });
    }
    return this.#finished;
  }

  /** Ends training after the current step. */
  async pause(): Promise<void> {
    this.#isPaused = true;
    await this.#finished.catch(() => undefined);
  }

  /** Runs a computation between two steps. Without this, it could see the variables of one step with the number of another. */
  exclusive<T>(work: (training: PageTraining) => Promise<T>): Promise<T> {
    return this.#queue.run(() => work(this.training));
  }

  async release(): Promise<void> {
    await this.pause();
    await this.training.release();
  }

  async #steps(): Promise<number> {
    const times: number[] = [performance.now()];
    while (!this.#isPaused) {
      const step = await this.exclusive((training) => training.trainStep());
      times.push(performance.now());
      if (times.length > measuredSteps + 1) times.shift();
      const seconds = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000;
      const imagesPerSecond = ((times.length - 1) * this.training.recipe.batchSize) / seconds;
      this.#report({ kind: 'step', step, imagesPerSecond });
      await turn();
    }
    return this.training.step;
  }
}

/** Lets the worker receive messages. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}

function examplesFor(data: TrainingData, report: Report): Promise<PageExamples> | PageExamples {
  if (data.kind === 'pictures') return examplesOfPictures(data.classes, data.pictures);
  return drawGeneratedSet(async (done) => {
    report({ kind: 'loading', what: 'Drawing 12,000 pictures', done });
    await turn();
  });
}
