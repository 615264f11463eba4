/** Tells the user where to watch a run. */
import { dirname, resolve } from 'node:path';
import { shellWord } from '../disk/shell-word.ts';

/** Returns the command that starts TensorBoard, usually on the parent folder of the run, to show all the runs in it. */
export function watchLine(runDir: string): string {
  const parent = dirname(runDir);
  // These parent folders also contain folders of other programs.
  const isShared = ['.', '/', '/tmp'].includes(parent) || resolve(parent) === process.cwd();
  return (
    'Watch it in TensorBoard, a Python package (pip install tensorboard):\n' +
    `  tensorboard --logdir ${shellWord(isShared ? runDir : parent)}`
  );
}
