/** Prints an evaluation: lines, results, the progress line, and the events of `--json`. */
import { command } from '../command.ts';
import { shellWord } from '../disk/shell-word.ts';
import type { PreparationEvent } from '../run/ensure-dataset.ts';
import type { EvaluationEvent } from '../run/evaluation.ts';
import { type Console, duration, timestamp } from './console.ts';
import { dataDirWords, otherDataWords, scoringWords } from './data-dir-words.ts';
import { preparationReporter } from './data-reporter.ts';
import type { EvalFlags } from './flag-table.ts';
import { inFlags } from './option-flags.ts';
import { placementTable } from './placement-table.ts';
import { scoringLine } from './progress-line.ts';
import { classTable, confusionTable } from './report-tables.ts';
import { describeCompute, processesWith } from './start-event.ts';
import { watchLine } from './watch-line.ts';

const weightNames = { ema: 'moving averages', raw: 'raw weights' } as const;
const kinds = { test: 'test', train_eval: 'training', validation: 'validation' } as const;
/** The minimum time between two redraws of the progress line. */
const redrawMillis = 100;

const count = (value: number) => Math.round(value).toLocaleString('en-US');

type EventOf<Kind extends EvaluationEvent['kind']> = Extract<EvaluationEvent, { readonly kind: Kind }>;

export class EvalReporter {
  readonly #console: Console;
  readonly #flags: EvalFlags;
  readonly #prepare: (event: PreparationEvent) => void;
  readonly #started: number = performance.now();
  #isAnnounced = false;
  /** The time at which scoring of the current checkpoint began. */
  #scoringFrom = 0;
  #drawnAt = 0;

  constructor(console: Console, flags: EvalFlags) {
    this.#console = console;
    this.#flags = flags;
    this.#prepare = preparationReporter(console);
  }

  report(event: EvaluationEvent): void {
    const { kind } = event;
    if (kind !== 'scored' && kind !== 'data') this.#console.progress(undefined);
    switch (kind) {
      case 'watching':
        this.#watching(event);
        return;
      case 'noCheckpoint':
        this.#noCheckpoint(event);
        return;
      case 'alreadyScored':
        this.#console.line(`${event.checkpoint} was already scored`, { ...event });
        return;
      case 'waiting':
        this.#waiting();
        return;
      case 'warning':
      case 'data':
      case 'reading':
      case 'tryingDevice':
      case 'device':
        this.#prepare(event);
        return;
      case 'evaluating':
        this.#evaluating(event);
        return;
      case 'placement':
        this.#console.line(placementTable(event), { ...event });
        return;
      case 'scored':
        this.#scored(event);
        return;
      case 'evaluation':
        this.#evaluation(event);
        return;
      case 'report':
        this.#report(event);
        return;
      case 'end':
        this.#end(event);
        return;
    }
  }

  #watching({ dir, everySeconds, file, kind }: EventOf<'watching'>): void {
    this.#console.line(
      `Watching ${dir}, checking for new checkpoints every ${everySeconds} s, until Ctrl-C. Results are appended to ${file}`,
      { kind, dir, everySeconds, file },
    );
  }

  #noCheckpoint({ kind, dir, advice }: EventOf<'noCheckpoint'>): void {
    const instead = advice === undefined ? '' : `. ${inFlags(advice)}`;
    this.#console.line(`No checkpoint file found${instead}`, { kind, dir });
  }

  #waiting(): void {
    const { checkpointDir, evalIntervalSecs } = this.#flags;
    this.#console.progress(
      () => `waiting for a new checkpoint in ${checkpointDir}, checking every ${evalIntervalSecs} s`,
    );
  }

  #evaluating({ dataset, images, weights, engine, ranks }: EventOf<'evaluating'>): void {
    this.#scoringFrom = performance.now();
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    const { evalData, runOnce, evalDir } = this.#flags;
    this.#console.line(
      `Evaluating ${weightNames[weights]} on ${count(images)} ${kinds[evalData]} images of ` +
        `${dataset.title}, with ${engine.library} (${processesWith(ranks)}${describeCompute(engine.device, engine.threads)})`,
      {
        kind: 'evaluating',
        ...{ dataset: dataset.name, evalData, weights, images },
        ...{ engine: engine.library, device: engine.device, ranks, threads: engine.threads },
      },
    );
    if (!runOnce) this.#console.line(watchLine(evalDir));
  }

  #scored({ done, all }: EventOf<'scored'>): void {
    const now = performance.now();
    if (now - this.#drawnAt < redrawMillis) return;
    this.#drawnAt = now;
    const millis = now - this.#scoringFrom;
    this.#console.progress((columns) => scoringLine({ done, all, millis }, columns));
  }

  #evaluation({ checkpoint, dataset, evalData, weights, tta, result }: EventOf<'evaluation'>): void {
    const { globalStep, correct, total, precision, ttaPrecision } = result;
    this.#console.line(
      `${count(total)} ${kinds[evalData]} images of ${dataset.title}, step ${count(globalStep)}, ` +
        `${weightNames[weights]}: ${count(correct)} correct`,
    );
    const plain = `${timestamp()}: precision @ 1 = ${precision.toFixed(3)}`;
    const averaged =
      ttaPrecision === undefined ? '' : `\nwith test-time augmentation (${tta}): ${ttaPrecision.toFixed(3)}`;
    this.#console.result(`${plain}${averaged}`, {
      kind: 'evaluation',
      ...{ checkpoint, dataset: dataset.name, evalData, weights },
      ...(tta !== 'none' && { tta }),
      ...result,
    });
  }

  #report({ confusion, files, page }: EventOf<'report'>): void {
    const { byClass, counts } = confusion;
    const names = byClass.map(({ name }) => name);
    this.#console.result(`\n${classTable(byClass)}\n\n${confusionTable(names, counts)}\n`);
    const list = files.map((file) => `  ${file}`).join('\n');
    this.#console.line(`Written:\n${list}`, { kind: 'report', files, page });
  }

  #end({ images, stopped, file }: EventOf<'end'>): void {
    const { evalDir, checkpointDir, dataDir, report, runOnce } = this.#flags;
    const seconds = (performance.now() - this.#started) / 1e3;
    this.#console.line(
      `${stopped ? 'Stopped' : 'Done'}: ${count(images)} images in ${duration(seconds * 1e3)}` +
        (runOnce ? `, ${count(images / seconds)} images/s` : '') +
        // If the first evaluation is stopped, there are no results.
        (stopped && images === 0 ? '' : `. Results are in ${file}`),
      { kind: 'evaluated', images, seconds, stopped, file },
    );
    const data = otherDataWords(this.#flags) + dataDirWords(dataDir) + scoringWords(this.#flags);
    const where = ` --checkpoint-dir ${shellWord(checkpointDir)} --eval-dir ${shellWord(evalDir)}${data}`;
    if (stopped)
      this.#console.line(`To continue:\n  ${command(`eval${runOnce ? ' --run-once' : ''}${where}`)}`);
    else if (!report)
      this.#console.line(
        `For results per class and images:\n  ${command(`eval --run-once --report${where}`)}`,
      );
  }
}
