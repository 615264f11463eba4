/** Where to watch a run. */
import { dirname, resolve } from 'node:path';
import { shellWord } from '../disk/shell-word.ts';

/** The command for the folder of runs that a run is in, so that one TensorBoard shows them all. */
export function watchLine(runDir: string): string {
  const parent = dirname(runDir);
  // Other programs keep folders in these.
  const isShared = ['.', '/', '/tmp'].includes(parent) || resolve(parent) === process.cwd();
  return (
    'Watch it in TensorBoard, a Python package (pip install tensorboard):\n' +
    `  tensorboard --logdir ${shellWord(isShared ? runDir : parent)}`
  );
}
