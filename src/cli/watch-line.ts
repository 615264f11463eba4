/** Tells the user where to watch a run. */
import { dirname, resolve } from 'node:path';
import { command } from '../command.ts';
import { shellWord } from '../disk/shell-word.ts';

/** Returns the commands that show the run, in the program's own web page or in TensorBoard. They usually get the parent folder of the run,
 * to show all the runs in it. */
export function watchLine(runDir: string): string {
  const parent = dirname(runDir);
  // These parent folders also contain folders of other programs.
  const isShared = ['.', '/', '/tmp'].includes(parent) || resolve(parent) === process.cwd();
  const logdir = `--logdir ${shellWord(isShared ? runDir : parent)}`;
  return [
    'Watch it in a web page:',
    `  ${command(`dashboard ${logdir}`)}`,
    'Or in TensorBoard, a Python package (pip install tensorboard):',
    `  tensorboard ${logdir}`,
  ].join('\n');
}
