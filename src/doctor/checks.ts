/** Checks of the machine, folders and data. */

import { rm, rmdir, statfs } from 'node:fs/promises';
import { cpus, freemem, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import type { DatasetDescription } from '../data/dataset.ts';
import { datasets } from '../data/datasets.ts';
import { folderOf, loadExamples, makeCommand } from '../data/files.ts';
import { exists } from '../disk/exists.ts';
import { appendLines } from '../disk/json-lines.ts';
import { lockFolder } from '../disk/lock.ts';
import { existingFolder, writableFolder } from '../disk/writable.ts';
import { writeAside } from '../disk/write-aside.ts';
import { messageOf } from '../errors.ts';
import { coreLimit, usableCores } from '../machine/cores.ts';
import { memoryLimit } from '../machine/exhaustion.ts';
import { memoryRoom } from '../machine/limits.ts';
import { byteSize, counted } from '../wording.ts';

/** `missing` means that training does not work without the subject; `note` marks other useful information. */
export interface Finding {
  readonly verdict: 'ok' | 'note' | 'missing';
  readonly subject: string;
  readonly text: string;
}

export function machineFindings(): readonly Finding[] {
  const limit = coreLimit();
  const allowed = limit === undefined ? '' : ` (${limit}: training uses ${counted(usableCores(), 'thread')})`;
  return [
    {
      verdict: 'ok',
      subject: 'processor',
      text: `${processorName(cpus()[0]?.model)}, ${counted(cpus().length, 'core')}${allowed}`,
    },
    memoryFinding(),
    ...loadFindings(loadavg()[0] ?? 0),
  ];
}

/** Says that other programs use the cores, which makes the measured speeds too low.
 * @param load the average number of running threads in the last minute; 0 on Windows */
export function loadFindings(load: number): readonly Finding[] {
  if (load <= usableCores()) return [];
  const text = `other programs use the processor (load ${load.toFixed(1)}), so the speeds below are too low and vary`;
  return [{ verdict: 'note', subject: 'load', text }];
}

/** Returns the name of the processor. Node.js calls most Arm processors “unknown”. */
export function processorName(model: string = ''): string {
  const name = model.trim();
  return name === '' || name === 'unknown' ? `${process.arch} processor` : name;
}

/** The memory for training with the default batch size, on the engine that needs most. */
const trainingBytes = 0.9 * 2 ** 30;

function memoryFinding(): Finding {
  const { free, limit } = memoryRoom();
  const known = Number.isFinite(free);
  const text = known ? memoryLimit() : `${byteSize(freemem())} free of ${byteSize(totalmem())}`;
  const enough = (known ? Math.min(free, limit) : totalmem()) >= trainingBytes;
  const verdict = enough ? 'ok' : 'note';
  return { verdict, subject: 'memory', text: `${text}; training needs up to ${byteSize(trainingBytes)}` };
}

/** Whether files can be created in the folder, and whether the disk has enough space. */
export async function folderFinding(subject: string, folder: string, needed: number): Promise<Finding> {
  try {
    const { bavail, bsize } = await statfs(await writableFolder(folder));
    await tryWriting(folder);
    const room = bavail * bsize;
    const verdict = room < needed ? 'missing' : 'ok';
    const advice = verdict === 'ok' ? '' : `, but ${byteSize(needed)} are needed`;
    return { verdict, subject, text: `${folder}: writable, ${byteSize(room)} free${advice}` };
  } catch (error) {
    return {
      verdict: 'missing',
      subject,
      text: `${folder}: cannot be written (${messageOf(error)}); use another folder`,
    };
  }
}

/** Locks the folder and writes a file in it as training does, then removes everything it created.
 * @throws RunError when training could not write there */
async function tryWriting(folder: string): Promise<void> {
  const { missing } = await existingFolder(folder);
  const purpose = { file: 'doctor.lock', doing: 'is checking it', option: 'trainDir' };
  const release = await lockFolder(folder, purpose);
  const file = join(folder, `doctor-${process.pid}`);
  try {
    await writeAside(file, new Uint8Array(1));
    await appendLines(file, ['{}']);
  } finally {
    await rm(file, { force: true });
    await release();
    for (const made of missing.toReversed()) await rmdir(made).catch(() => undefined);
  }
}

export async function dataFindings(dataDir: string): Promise<readonly Finding[]> {
  return Promise.all(Object.values(datasets).map((dataset) => dataFinding(dataDir, dataset)));
}

async function dataFinding(dataDir: string, dataset: DatasetDescription): Promise<Finding> {
  const { title: subject } = dataset;
  if (!(await exists(folderOf(dataDir, dataset)))) {
    const how =
      dataset.archive !== undefined
        ? `"${makeCommand(dataDir, dataset)}" downloads it`
        : dataset.isDrawn === true
          ? 'it is generated on first use'
          : 'it cannot be downloaded';
    return { verdict: 'note', subject, text: `not in ${dataDir}; ${how}` };
  }
  try {
    await loadExamples(dataDir, dataset, 'train');
    await loadExamples(dataDir, dataset, 'test');
    return { verdict: 'ok', subject, text: `complete, in ${dataDir}` };
  } catch (error) {
    return { verdict: 'missing', subject, text: messageOf(error) };
  }
}
