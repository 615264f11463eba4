/** The page of `train --dashboard`, which is served as long as the run trains. */
import { command } from '../command.ts';
import { type BesideDashboard, serveBeside } from '../dashboard/beside.ts';
import { defaultPort } from '../dashboard/defaults.ts';
import { shellWord } from '../disk/shell-word.ts';
import { messageOf } from '../errors.ts';
import type { Console } from './console.ts';
import type { TrainFlags } from './flag-table.ts';

export class TrainingPage {
  readonly #flags: Pick<TrainFlags, 'dashboard' | 'trainDir'>;
  readonly #console: Console;
  #served: BesideDashboard | undefined;
  #isClosed = false;

  constructor(flags: Pick<TrainFlags, 'dashboard' | 'trainDir'>, console: Console) {
    this.#flags = flags;
    this.#console = console;
  }

  /** Serves the page, if it was asked for. The training does not wait for it, and trains without it if that is impossible. */
  open(): void {
    const { dashboard, trainDir: logdir } = this.#flags;
    if (dashboard) void this.#serve(logdir);
  }

  async #serve(logdir: string): Promise<void> {
    try {
      const served = await serveBeside({ logdir, host: '127.0.0.1', port: defaultPort });
      if (this.#isClosed) return served.close();
      this.#served = served;
      const { link } = served;
      this.#console.line(`Dashboard: ${link}`, { kind: 'serving', link, logdir, runs: 1 });
    } catch (error) {
      this.#console.warn(`no dashboard: ${messageOf(error)}`);
    }
  }

  /** Ends the page, and says how to open it again. */
  close(): void {
    this.#isClosed = true;
    if (this.#served === undefined) return;
    this.#served.close();
    const again = command(`dashboard --logdir ${shellWord(this.#flags.trainDir)}`);
    this.#console.line(`The dashboard ends with the training. To open it again: ${again}`);
  }
}
