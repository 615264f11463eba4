/** The suggested command that resumes a run. */
import { command } from '../command.ts';
import { shellWord } from '../disk/shell-word.ts';
import type { Hyperparameters } from '../recipe/hyperparameters.ts';
import { hasEnd } from '../run/training-request.ts';
import { dataDirWords } from './data-dir-words.ts';

export interface ResumedRun {
  readonly trainDir: string;
  readonly dataDir: string;
  readonly hyperparameters: Pick<Hyperparameters, 'schedule' | 'decaySteps'>;
}

/** The command with which a run trains to that many steps. If its schedule ends before them, the command stretches the
 * schedule, because the other steps would have the final learning rate.
 * @param more other flags, each after a space */
export function resumeCommand(
  { trainDir, dataDir, hyperparameters }: ResumedRun,
  maxSteps: number,
  more: string = '',
): string {
  const stretches = hasEnd(hyperparameters) && hyperparameters.decaySteps < maxSteps;
  const schedule = stretches ? ` --decay-steps ${maxSteps}` : '';
  const words = `--train-dir ${shellWord(trainDir)}${dataDirWords(dataDir)} --max-steps ${maxSteps}`;
  return command(`train ${words}${schedule}${more}`);
}
