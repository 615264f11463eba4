/** `cifar10 doctor`: what this machine has and lacks, and whether training works on it. */

import { dataFindings, type Finding, folderFinding, machineFindings } from '../../doctor/checks.ts';
import { autoFinding, type EngineTrial, tryEngines } from '../../doctor/engines.ts';
import { version } from '../../version.ts';
import type { DoctorFlags } from '../flag-table.ts';
import { inFlags } from '../option-flags.ts';
import type { CommandContext } from './context.ts';

/** What CIFAR-10 takes, archive and files; and a few checkpoints. */
const dataBytes = 400 * 2 ** 20;
const runBytes = 100 * 2 ** 20;

/** Returns whether nothing is missing and training works. */
export async function doctorCommand({ flags, console }: CommandContext<DoctorFlags>): Promise<boolean> {
  let works = true;
  const tell = (found: Finding) => {
    const finding = { ...found, subject: inFlags(found.subject), text: inFlags(found.text) };
    works &&= finding.verdict !== 'missing';
    console.result(`${finding.verdict.padEnd(7)}  ${finding.subject}: ${finding.text}`, {
      kind: 'finding',
      ...finding,
    });
  };
  tell({
    verdict: 'ok',
    subject: 'versions',
    text: `cifar10 ${version}, Node.js ${process.versions.node}, ${process.platform} ${process.arch}`,
  });
  for (const finding of machineFindings()) tell(finding);
  tell(await folderFinding('data folder', flags.dataDir, dataBytes));
  tell(await folderFinding('train folder', flags.trainDir, runBytes));
  console.progress(() => `reading the data in ${flags.dataDir} …`);
  const found = await dataFindings(flags.dataDir);
  console.progress(undefined);
  for (const finding of found) tell(finding);
  const trials: EngineTrial[] = [];
  for await (const trial of tryEngines((what) => console.progress(() => what))) {
    console.progress(undefined);
    trials.push(trial);
    tell(trial.finding);
  }
  tell(autoFinding(trials));
  return works;
}
