/** Tells the user where to watch a run. */
import { dirname, resolve } from 'node:path';
import { shellWord } from '../disk/shell-word.ts';

/** The command for the parent folder of a run, so that one TensorBoard shows all the runs in it. */
export function watchLine(runDir: string): string {
  const parent = dirname(runDir);
  // These folders contain folders of other programs.
  const isShared = ['.', '/', '/tmp'].includes(parent) || resolve(parent) === process.cwd();
  return (
    'Watch it in TensorBoard, a Python package (pip install tensorboard):\n' +
    `  tensorboard --logdir ${shellWord(isShared ? runDir : parent)}`
  );
}
