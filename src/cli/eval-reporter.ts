/** What is told of an evaluation around the results: what it waits for, what it did, how to go on. */
import { command } from '../command.ts';
import { shellWord } from '../disk/shell-word.ts';
import type { EvaluationKey } from '../evaluation/evaluation-log.ts';
import { type Console, duration } from './console.ts';
import { dataDirWords } from './data-dir-words.ts';
import type { EvalFlags } from './flag-table.ts';

export class EvalReporter {
  readonly #console: Console;
  readonly #flags: EvalFlags;
  readonly #file: string;
  readonly #started: number = performance.now();

  /** @param file where results are added */
  constructor(console: Console, flags: EvalFlags, file: string) {
    this.#console = console;
    this.#flags = flags;
    this.#file = file;
  }

  watching(): void {
    const { checkpointDir: dir, evalIntervalSecs: everySeconds } = this.#flags;
    this.#console.line(
      `Watching ${dir}: looks for new checkpoints every ${everySeconds} s, until Ctrl-C. Results are added to ${this.#file}`,
      { kind: 'watching', dir, everySeconds, file: this.#file },
    );
  }

  /** An earlier evaluator has scored it. */
  alreadyScored({ checkpoint, globalStep }: EvaluationKey): void {
    this.#console.line(`${checkpoint} was scored before`, { kind: 'alreadyScored', checkpoint, globalStep });
  }

  waits(): void {
    const { checkpointDir, evalIntervalSecs } = this.#flags;
    this.#console.progress(
      () => `waiting for a new checkpoint in ${checkpointDir}, looks every ${evalIntervalSecs} s`,
    );
  }

  end(images: number, stopped: boolean): void {
    this.#console.progress(undefined);
    const { evalDir, checkpointDir, dataDir, report, runOnce } = this.#flags;
    const seconds = (performance.now() - this.#started) / 1e3;
    const count = (value: number) => Math.round(value).toLocaleString('en-US');
    this.#console.line(
      `${stopped ? 'Stopped' : 'Done'}: ${count(images)} images in ${duration(seconds * 1e3)}` +
        (runOnce ? `, ${count(images / seconds)} images/s` : '') +
        `. Results are in ${this.#file}`,
      { kind: 'evaluated', images, seconds, stopped, file: this.#file },
    );
    const data = dataDirWords(dataDir);
    const where = ` --checkpoint-dir ${shellWord(checkpointDir)} --eval-dir ${shellWord(evalDir)}${data}`;
    if (stopped)
      this.#console.line(`To continue:\n  ${command(`eval${runOnce ? ' --run-once' : ''}${where}`)}`);
    else if (!report)
      this.#console.line(`For every class and pictures:\n  ${command(`eval --run-once --report${where}`)}`);
  }
}
