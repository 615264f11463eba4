/** The commands that `train` suggests when it ends. */
import { command } from '../command.ts';
import { shellWord } from '../disk/shell-word.ts';
import type { Hyperparameters } from '../recipe/hyperparameters.ts';
import { dataDirWords } from './data-dir-words.ts';
import { flagTable, type TrainFlags } from './flag-table.ts';
import { resumeCommand } from './resume-command.ts';

/** The flags on which the printed lines depend. */
export type ReportedFlags = Pick<
  TrainFlags,
  'trainDir' | 'dataDir' | 'maxSteps' | 'logFrequency' | 'summarySteps'
>;

/** Returns the suggested next commands, each on a line of its own below a line that says what it is for. */
export function nextCommands(
  { trainDir, dataDir, maxSteps, summarySteps }: ReportedFlags,
  ended: {
    readonly globalStep: number;
    readonly stopped: boolean;
    readonly hasHeldOut: boolean;
    readonly hyperparameters: Hyperparameters;
  },
): string {
  const { globalStep, stopped, hasHeldOut, hyperparameters } = ended;
  const folder = shellWord(trainDir);
  const data = dataDirWords(dataDir);
  // --summary-steps is not stored in the checkpoint, but it changes what the run writes, so the command must repeat it.
  const kept = summarySteps === flagTable.summarySteps.default ? '' : ` --summary-steps ${summarySteps}`;
  const train = (steps: number) => resumeCommand({ trainDir, dataDir, hyperparameters }, steps, kept);
  const more = stopped
    ? ['To continue:', `  ${train(maxSteps)}`]
    : ['For more steps:', `  ${train(globalStep * 2)}`];
  // Settings are chosen by the precision on held-out images. The test images are only for the final result.
  const [on, images] = hasHeldOut ? [' on the held-out images', ' --eval-data validation'] : ['', ''];
  const score = [
    `To evaluate it${on}:`,
    `  ${command(`eval --run-once${images} --checkpoint-dir ${folder}${data}`)}`,
  ];
  return (suggests() ? [...more, ...score] : more).join('\n');
}

/** Whether to suggest next commands. Scripts that run several commands, such as `npm start`, set the variable to `no` and
 * suggest the next steps themselves. */
export function suggests(): boolean {
  return process.env['CIFAR10_SUGGEST'] !== 'no';
}
