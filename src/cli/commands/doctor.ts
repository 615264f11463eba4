/** `cifar10 doctor`: what this machine has and lacks, and whether training works on it. */

import { dataFindings, type Finding, folderFinding, machineFindings } from '../../doctor/checks.ts';
import { overfitOneBatch } from '../../doctor/overfit.ts';
import type { Engine } from '../../engine/engine.ts';
import { createOnednnEngine } from '../../engine/onednn/onednn-engine.ts';
import { createOnnxEngine } from '../../engine/onnx/onnx-engine.ts';
import { messageOf } from '../../errors.ts';
import { version } from '../../version.ts';
import { counted } from '../../wording.ts';
import type { DoctorFlags } from '../flag-table.ts';
import type { CommandContext } from './context.ts';

/** What CIFAR-10 takes, archive and files; and a few checkpoints. */
const dataBytes = 400 * 2 ** 20;
const runBytes = 100 * 2 ** 20;

/** Returns whether nothing is missing and training works. */
export async function doctorCommand({ flags, console }: CommandContext<DoctorFlags>): Promise<boolean> {
  let works = true;
  const tell = (finding: Finding) => {
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
  for (const finding of await dataFindings(flags.dataDir)) tell(finding);
  tell(await engineFinding('engine onnx', 'missing', createOnnxEngine));
  tell(await engineFinding('engine onednn', 'note', () => createOnednnEngine()));
  tell(
    await engineFinding('engine onednn in bfloat16', 'note', () =>
      createOnednnEngine({ precision: 'bfloat16' }),
    ),
  );
  return works;
}

/** Does training work with this engine? `absent` is the verdict where it cannot even be made. */
async function engineFinding(
  subject: string,
  absent: Finding['verdict'],
  create: () => Engine,
): Promise<Finding> {
  let engine: Engine;
  try {
    engine = create();
  } catch (error) {
    return { verdict: absent, subject, text: messageOf(error) };
  }
  const by = `${engine.library}, ${counted(engine.threads, 'thread')}`;
  try {
    const { steps, first, last, precision } = await overfitOneBatch(engine);
    const learnt = precision === 1 && last < first / 2;
    const text = `${by}: a batch of 32 learnt by heart in ${steps} steps, cross entropy ${first.toFixed(2)} → ${last.toFixed(3)}, precision @ 1 = ${precision.toFixed(3)}`;
    return {
      verdict: learnt ? 'ok' : 'missing',
      subject,
      text: learnt ? text : `${text}: it should have reached 1`,
    };
  } catch (error) {
    return { verdict: 'missing', subject, text: `${by}: ${messageOf(error)}` };
  }
}
