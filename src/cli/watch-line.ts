/** Tells the user where to watch a run. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { command } from '../command.ts';
import { pageFolder } from '../dashboard/server/assets.ts';
import { shellWord } from '../disk/shell-word.ts';

/** Returns the commands that show the run, in the program's own web page or in TensorBoard. They usually get the parent folder of the run,
 * to show all the runs in it. */
export function watchLine(runDir: string): string {
  const parent = dirname(runDir);
  // These parent folders also contain folders of other programs.
  const isShared = ['.', '/', '/tmp'].includes(parent) || resolve(parent) === process.cwd();
  const logdir = `--logdir ${shellWord(isShared ? runDir : parent)}`;
  return [
    `Watch it in a web page${unlessBuilt()}:`,
    `  ${command(`dashboard ${logdir}`)}`,
    'Or in TensorBoard, a Python package (pip install tensorboard):',
    `  tensorboard ${logdir}`,
  ].join('\n');
}

/** What has to be done first to see the page of the dashboard, or nothing. A clone has the page only after `npm run build`. */
export function unlessBuilt(): string {
  return existsSync(join(pageFolder(), 'index.html')) ? '' : ' (build it first: npm run build)';
}
