/** Prints the steps of a training run, from the first one to the end. */

import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { tutorialRecipe } from '../recipe/recipes/tutorial.ts';
import type { ScaledFrom } from '../recipe/scale-learning-rate.ts';
import type { Initialization } from '../run/initial-weights.ts';
import type { TrainingEvent } from '../run/training.ts';
import type { TrainingRun } from '../training/run-definition.ts';
import type { TrainEvent } from '../training/train.ts';
import type { StepReport } from '../training/train-step.ts';
import type { RecipeChange } from '../training/training-run.ts';
import type { ValidationReport } from '../training/validation.ts';
import { counted, oneLine } from '../wording.ts';
import { type Console, duration, type JsonEvent, shortTime, timestamp } from './console.ts';
import { EpochLines } from './epoch-lines.ts';
import { writtenName } from './flag.ts';
import { flagTable } from './flag-table.ts';
import { nextCommands, type ReportedFlags, suggests } from './next-commands.ts';
import { inFlags } from './option-flags.ts';
import { type Progress, progressLine } from './progress-line.ts';
import { RunningMean } from './running-mean.ts';
import { describeEngine, startEvent } from './start-event.ts';
import { StepLines } from './step-lines.ts';
import { StepTimes } from './step-times.ts';

const number = (value: number) => value.toLocaleString('en-US');
/** The minimum time between two redraws of the progress line. */
const redrawMillis = 100;
/** The memory of the mean share of waiting (`RunningMean`): the mean covers about the last 50 steps. */
const memory = 0.98;
/** The shortest remaining time, in milliseconds, for which an estimate is printed. */
const shortMillis = 15_000;

/** Prints the events of a training run, from its `start` event on. */
export class StepReporter {
  readonly #console: Console;
  readonly #flags: ReportedFlags;
  readonly #run: TrainingRun;
  readonly #lines: StepLines;
  readonly #epochs: EpochLines;
  readonly #started: number = performance.now();
  readonly #times: StepTimes = new StepTimes();
  readonly #waiting: RunningMean = new RunningMean(memory);
  #first = 0;
  #isEstimated = false;
  /** The number of updates made. */
  #done = 0;
  /** The step of the last checkpoint, or -1 if there is none. */
  #saved = -1;
  #finished = false;
  #lastStepAt = 0;
  #drawnAt = 0;
  #loss = Number.NaN;

  /** Prints the network, the data set and the engine of the run. */
  constructor(
    console: Console,
    flags: ReportedFlags,
    { run, engineReason, resumedFrom, initialized, scaledFrom }: TrainingEvent & { readonly kind: 'start' },
  ) {
    this.#console = console;
    this.#flags = flags;
    this.#run = run;
    this.#lines = new StepLines(run.batchSize, flags.logFrequency);
    this.#epochs = new EpochLines(flags.maxSteps);
    const { examples, network, batchSize, hyperparameters, seed, engine, validation } = run;
    const held = validation === undefined ? '' : ` (${number(validation.count)} held out)`;
    const named = network.name === tutorialRecipe.network.name ? '' : `${network.name} `;
    console.line(
      `Training ${named}on ${number(examples.count)} images of ${examples.dataset.title}${held}, ${batchSize} per step, ` +
        `${scaledFrom === undefined ? '' : scaling(run, scaledFrom)}seed ${seed}, with ${describeEngine(run)}`,
      {
        ...startEvent(run, resumedFrom),
        learningRate: hyperparameters.learningRate,
        warmupSteps: hyperparameters.warmupSteps,
        scaledFrom: scaledFrom ?? null,
        initialized: initialized ?? null,
      },
    );
    if (engineReason !== undefined) console.line(`Engine ${engine.name}: ${inFlags(engineReason)}`);
    if (initialized !== undefined) console.line(initializationLines(initialized));
    if (resumedFrom !== undefined) {
      console.line(resumeLine(flags.trainDir, resumedFrom));
      this.#saved = Number(/ckpt-(\d+)/.exec(resumedFrom)?.[1] ?? -1);
    }
  }

  /** A description of what is lost by exiting before the next checkpoint. */
  get lossOnExit(): string {
    const lost = this.#done - Math.max(this.#saved, this.#first);
    if (lost === 0) return 'nothing is lost';
    const saved =
      this.#saved < 0 ? 'nothing was saved' : `the last checkpoint has step ${number(this.#saved)}`;
    return `${saved}; ${counted(lost, 'step')} ${lost === 1 ? 'is' : 'are'} lost`;
  }

  /** Whether the training reached its last step. */
  get finished(): boolean {
    return this.#finished;
  }

  report(event: TrainEvent): void {
    switch (event.kind) {
      case 'ready':
        this.#ready(event);
        return;
      case 'busy':
        this.#draw(event.globalStep, event.with);
        this.#drawnAt = 0; // so that the next step replaces this line, however soon it comes
        return;
      case 'step':
        this.#step(event);
        return;
      case 'validation':
        this.#validation(event);
        return;
      case 'checkpoint':
        this.#saved = event.globalStep;
        this.#console.event({ ...event });
        return;
      case 'epoch':
        this.#epoch(event);
        return;
      case 'summary':
        return;
      case 'end':
        this.#end(event);
        return;
    }
  }

  #ready({ globalStep, changes, recipe }: TrainEvent & { readonly kind: 'ready' }): void {
    this.#first = globalStep;
    this.#done = globalStep;
    this.#lines.start(globalStep);
    this.#lastStepAt = performance.now();
    for (const change of recipe) this.#console.line(changeLine(change));
    for (const change of changes) this.#console.warn(`results will no longer be bit-identical (${change})`);
    this.#draw(globalStep);
  }

  #step(report: StepReport): void {
    const { step, totalLoss, losses, towerLosses, learningRate } = report;
    const { isSkipped, skippedSteps, lossScale = null } = report;
    this.#done = step + 1;
    const due = this.#lines.lineFor(step, totalLoss);
    const json: JsonEvent = {
      kind: 'step',
      ...{ step, loss: totalLoss, terms: Object.fromEntries(losses), towerLosses, learningRate },
      ...{ lossScale, isSkipped, skippedSteps, examplesPerSecond: due?.examplesPerSecond ?? null },
    };
    if (due !== undefined) this.#console.line(due.text, json, due.shorter);
    if (isSkipped) this.#console.line(skippedLine(report), due === undefined ? json : undefined);
    this.#measure(report);
    this.#estimate(step + 1);
    if (performance.now() - this.#drawnAt >= redrawMillis) this.#draw(step + 1);
  }

  #measure({ step, totalLoss, waitedMillis }: StepReport): void {
    const now = performance.now();
    const millis = now - this.#lastStepAt;
    this.#lastStepAt = now;
    this.#loss = totalLoss;
    if (step === this.#first) return; // not measured, because it includes the engine's warm-up
    this.#times.add(millis);
    this.#waiting.add(waitedMillis / millis);
  }

  /** Draws the progress line.
   * @param done the number of updates made
   * @param busy the current activity, if it is not a training step */
  #draw(done: number, busy?: string): void {
    this.#drawnAt = performance.now();
    const { maxSteps } = this.#flags;
    const settled = done < maxSteps && this.#times.isSteady;
    const progress: Progress = {
      step: done,
      maxSteps,
      loss: this.#loss,
      imagesPerSecond: (this.#run.batchSize / this.#times.millis) * 1e3,
      millisLeft: settled ? (maxSteps - done) * this.#times.millis : undefined,
      waiting: this.#waiting.value,
      ...(busy !== undefined && { busy }),
    };
    this.#console.progress((columns) => progressLine(progress, columns));
  }

  /** Prints a line for the epoch, or for this epoch and the previous ones that had none. */
  #epoch(event: TrainEvent & { readonly kind: 'epoch' }): void {
    const { validation, ...counts } = event;
    const { epoch } = event;
    const json = { ...counts, validation: validation?.precision ?? null };
    const due = this.#epochs.lineFor(event);
    if (due === undefined) {
      this.#console.event(json);
      return;
    }
    const { images, correct, seconds, isPartial } = due;
    const accuracy = (correct / images).toFixed(3);
    const time = duration(seconds * 1e3);
    const counted = `${number(images)} images${isPartial ? ' since the resume' : ''}, ${time}`;
    const score = validation === undefined ? '' : `, ${scoreOf(validation)}`;
    const shorterScore =
      validation === undefined
        ? ` (${counted})`
        : `, validation ${validation.precision.toFixed(3)}${validation.best ? ', the best so far' : ''} (${time})`;
    this.#console.line(
      `${timestamp()}: epoch ${epoch}, training accuracy = ${accuracy} (${counted})${score}`,
      json,
      `epoch ${epoch}: training accuracy ${accuracy}${shorterScore}`,
    );
  }

  /** Prints once how long training will take, as soon as the speed is known. */
  #estimate(done: number): void {
    const { maxSteps } = this.#flags;
    if (this.#isEstimated || !this.#times.isSteady) return;
    this.#isEstimated = true;
    const millis = (maxSteps - done) * this.#times.millis;
    if (!(millis > shortMillis)) return;
    this.#console.line(
      `${number(maxSteps - done)} more steps will take about ${duration(millis)} at this speed`,
    );
  }

  /** Prints a score, unless the line of an epoch will contain it. */
  #validation(event: TrainEvent & { readonly kind: 'validation' }): void {
    if (event.endsEpoch) {
      this.#console.event({ ...event });
      return;
    }
    const { path: _, ...withoutPath } = event;
    const at = `step ${event.globalStep}`;
    this.#console.line(
      `${timestamp()}: ${at}, ${scoreOf(event)}`,
      { ...event },
      `${shortTime()}: ${at}, ${scoreOf(withoutPath)}`,
    );
  }

  #end({ globalStep, skippedSteps, stopped, waitedMillis }: TrainEvent & { readonly kind: 'end' }): void {
    this.#finished = !stopped;
    this.#console.progress(undefined);
    const seconds = (performance.now() - this.#started) / 1e3;
    const { hyperparameters, validation } = this.#run;
    const hasHeldOut = validation !== undefined;
    const images = (globalStep - this.#first) * this.#run.batchSize;
    const { trainDir } = this.#flags;
    const speed = `${number(Math.round(images / seconds))} images/s`;
    const waited = waitedMillis < 500 ? '' : `, of which ${duration(waitedMillis)} waiting for input`;
    const sum =
      `${stopped ? 'Stopped' : 'Done'} at step ${number(globalStep)}: ${number(images)} images in ` +
      `${duration(seconds * 1e3)}, ${speed}${waited}${skippedOf(skippedSteps)}. Checkpoints are in ${trainDir}`;
    this.#console.result(sum, {
      kind: 'end',
      ...{ globalStep, skippedSteps, stopped, images, seconds, waitedSeconds: waitedMillis / 1e3, trainDir },
    });
    if (stopped || suggests())
      this.#console.line(nextCommands(this.#flags, { globalStep, stopped, hasHeldOut, hyperparameters }));
  }
}

/** Says that a step was skipped, and how the scale of the loss changes. */
function skippedLine({ step, lossScale = Number.NaN, skippedSteps }: StepReport): string {
  return (
    `step ${step} changed nothing, because its gradients were not finite: the loss scale ${number(lossScale)} is halved ` +
    `(${counted(skippedSteps, 'step')} skipped so far)`
  );
}

function skippedOf(skippedSteps: number): string {
  return skippedSteps === 0 ? '' : `, ${counted(skippedSteps, 'step')} skipped`;
}

/** Describes a scaled learning rate: `learning rate 0.2 (0.1 for 128 per step, scaled linearly; 977 steps of warm-up), `. */
function scaling({ batchSize, hyperparameters }: TrainingRun, from: ScaledFrom): string {
  const { learningRate, warmupSteps } = hyperparameters;
  if (from.batchSize === batchSize)
    return `learning rate ${learningRate} (not scaled, because the recipe has this batch size), `;
  const warmUp = warmupSteps === 0 ? 'no warm-up' : `${counted(warmupSteps, 'step')} of warm-up`;
  return `learning rate ${learningRate} (${from.learningRate} for ${from.batchSize} per step, scaled linearly; ${warmUp}), `;
}

/** Describes a score of the held-out images, with the path of its checkpoint, if there is one. */
function scoreOf({ precision, best, path }: Pick<ValidationReport, 'precision' | 'best' | 'path'>): string {
  const kept = path === undefined ? '' : `: ${path}`;
  return `validation precision @ 1 = ${precision.toFixed(3)}${best ? `, the best so far${kept}` : ''}`;
}

/** Returns the line that says from where a run is resumed. The default folder may contain an old run, so in that folder the
 * line also says which run it is, and how to start another. */
function resumeLine(trainDir: string, checkpoint: string): string {
  if (trainDir !== flagTable.trainDir.default) return `Resuming from ${checkpoint}`;
  const saved = statSync(checkpoint, { throwIfNoEntry: false })?.mtimeMs;
  const of = saved === undefined ? '' : ` of ${timestamp(saved).slice(0, '2026-11-23 19:00'.length)}`;
  return (
    `Resuming the run${of} in ${trainDir}, from ${basename(checkpoint)}; ` +
    'to start another, use --train-dir or --restart'
  );
}

/** Formats a change, as in `--learning-rate changed: 0.05 → 0.01`. */
function changeLine({ name, before, now }: RecipeChange): string {
  return `--${writtenName(name)} changed: ${before} → ${now}`;
}

/** The maximum number of new weights that are listed. */
const mostNew = 8;

/** Says which weights were loaded and which are new. */
function initializationLines({ path, loaded, fresh }: Initialization): string {
  const all = loaded.length + fresh.length;
  const lines = fresh.slice(0, mostNew).map(({ name, reason }) => `  new: ${name} (${reason})`);
  if (fresh.length > mostNew) lines.push(`  and ${counted(fresh.length - mostNew, 'other')}`);
  const count = fresh.length === 0 ? `all ${all} weights` : `${loaded.length} of ${all} weights`;
  return [`Initialized ${count} from ${oneLine(path)}`, ...lines].join('\n');
}
