/** Commands that the page suggests. They work in the folder that contains the dashboard's folder. */
import { shellWord } from '../../disk/shell-word.ts';

/** Returns the command that trains a first run.
 * @param folder the name of the dashboard's folder */
export function trainCommand(folder: string): string {
  return `npx cifar10 train --train-dir ${word(`${folder}/run1`)}`;
}

/** Returns the command that evaluates the newest checkpoint of a run, into a folder that the dashboard shows too.
 * @param path the path of the run, `.` for the folder itself */
export function evaluateCommand(folder: string, path: string, hasReport: boolean): string {
  const [train, evaluation] =
    path === '.' ? [folder, `${folder}/eval`] : [`${folder}/${path}`, `${folder}/${path}-eval`];
  const report = hasReport ? ' --report' : '';
  return `npx cifar10 eval --run-once${report} --eval-dir ${word(evaluation)} --checkpoint-dir ${word(train)}`;
}

/** A path as one word of a shell that does not look like a flag. */
function word(path: string): string {
  return shellWord(path.startsWith('-') ? `./${path}` : path);
}
