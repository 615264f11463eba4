/** What the machine has and lacks. */
import { statfs } from 'node:fs/promises';
import { cpus, freemem, totalmem } from 'node:os';
import { type DatasetDescription, datasets } from '../data/dataset.ts';
import { folderOf, loadExamples } from '../data/files.ts';
import { exists } from '../disk/exists.ts';
import { writableFolder } from '../disk/writable.ts';
import { messageOf } from '../errors.ts';
import { coreLimit, usableCores } from '../machine/cores.ts';
import { counted } from '../wording.ts';

/** `missing` is what nothing works without; `note` is worth knowing. */
export interface Finding {
  readonly verdict: 'ok' | 'note' | 'missing';
  readonly subject: string;
  readonly text: string;
}

const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GB`;

export function machineFindings(): readonly Finding[] {
  const limit = coreLimit();
  const allowed = limit === undefined ? '' : ` (${limit}: training uses ${counted(usableCores(), 'thread')})`;
  const memory = totalmem() < 2 * 2 ** 30 ? 'note' : 'ok';
  return [
    {
      verdict: 'ok',
      subject: 'processor',
      text: `${cpus()[0]?.model.trim() ?? 'unknown'}, ${counted(cpus().length, 'core')}${allowed}`,
    },
    {
      verdict: memory,
      subject: 'memory',
      text: `${gigabytes(freemem())} of ${gigabytes(totalmem())} free; training takes about 0.7 GB`,
    },
  ];
}

/** Can files be made there, and how many fit? */
export async function folderFinding(subject: string, folder: string, needed: number): Promise<Finding> {
  try {
    const { bavail, bsize } = await statfs(await writableFolder(folder));
    const room = bavail * bsize;
    const verdict = room < needed ? 'missing' : 'ok';
    const advice = verdict === 'ok' ? '' : `; ${gigabytes(needed)} are needed`;
    return { verdict, subject, text: `${folder}: can be written, ${gigabytes(room)} free${advice}` };
  } catch (error) {
    return {
      verdict: 'missing',
      subject,
      text: `${folder}: cannot be written (${messageOf(error)}); give another folder`,
    };
  }
}

export async function dataFindings(dataDir: string): Promise<readonly Finding[]> {
  return Promise.all(Object.values(datasets).map((dataset) => dataFinding(dataDir, dataset)));
}

async function dataFinding(dataDir: string, dataset: DatasetDescription): Promise<Finding> {
  const { title: subject } = dataset;
  if (!(await exists(folderOf(dataDir, dataset)))) {
    const how = dataset.archive === undefined ? 'drawn when it is asked for' : 'cifar10 download fetches it';
    return { verdict: 'note', subject, text: `not in ${dataDir}; ${how}` };
  }
  try {
    await loadExamples(dataDir, dataset, 'train');
    await loadExamples(dataDir, dataset, 'test');
    return { verdict: 'ok', subject, text: `whole, in ${dataDir}` };
  } catch (error) {
    return { verdict: 'missing', subject, text: messageOf(error) };
  }
}
