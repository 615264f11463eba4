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

/** Returns the command that resumes a run and trains it until `maxSteps`. If the schedule of the run ends earlier, the command
 * stretches the schedule, because the remaining steps would otherwise use the final learning rate.
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
