/** Commands that the page suggests. They work in the folder that contains the dashboard's folder. */
import { shellWord } from '../../disk/shell-word.ts';
import type { RunList } from '../wire.ts';

/** How the program is started, and the name of the dashboard's folder. */
export type Place = Pick<RunList, 'program' | 'folder'>;

/** Returns the command that trains a first run. */
export function trainCommand({ program, folder }: Place): string {
  return `${program} train --train-dir ${word(`${folder}/run1`)}`;
}

/** Returns the command that evaluates the newest checkpoint of a run, into a folder that the dashboard shows too.
 * @param path the path of the run, `.` for the folder itself */
export function evaluateCommand({ program, folder }: Place, path: string, hasReport: boolean): string {
  const [train, evaluation] =
    path === '.' ? [folder, `${folder}/eval`] : [`${folder}/${path}`, `${folder}/${path}-eval`];
  const report = hasReport ? ' --report' : '';
  return `${program} eval --run-once${report} --eval-dir ${word(evaluation)} --checkpoint-dir ${word(train)}`;
}

/** A path as one word of a shell that does not look like a flag. */
function word(path: string): string {
  return shellWord(path.startsWith('-') ? `./${path}` : path);
}
