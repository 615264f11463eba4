/**
 * One training to a folder. The file `lock` in it names the process that trains there; it is made so that only one can
 * make it, and removed at the end. A process that was killed leaves it behind: then nobody of that number runs any
 * more, or somebody who started later.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { messageOf, RunError } from '../errors.ts';

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process started, in the clock of its machine; empty where that is not known. */
  readonly started: string;
}

/** Takes the folder, which is made where it is missing, and returns how to give it back.
 * @throws RunError when another process trains there, or the folder cannot be written. */
export async function lockFolder(dir: string): Promise<() => Promise<void>> {
  const path = join(dir, 'lock');
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), started: await startOf(process.pid) });
  const aside = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    await mkdir(dir, { recursive: true });
    await writeFile(aside, mine);
  } catch (error) {
    throw new RunError(`${dir}: cannot be written (${messageOf(error)}). Give another --train-dir.`);
  }
  try {
    // A link is made whole or not at all, and only where there is none: nobody sees a half-written lock.
    if (!(await linked(aside, path))) {
      await removeStale(dir, path);
      if (!(await linked(aside, path))) throw inUse(dir, path, await holderOf(path));
    }
  } finally {
    await rm(aside, { force: true });
  }
  return () => rm(path, { force: true });
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw new RunError(`${to}: cannot be made (${messageOf(error)}). Give another --train-dir.`);
  }
}

/** Takes the lock of a process that is gone out of the way.
 * @throws RunError when its process is alive. */
async function removeStale(dir: string, path: string): Promise<void> {
  const holder = await holderOf(path);
  if (holder !== undefined && (await isAlive(holder))) throw inUse(dir, path, holder);
  // Two may come here at once. Each moves what it finds; who moved somebody's fresh lock puts it back.
  const moved = `${path}.stale.${process.pid}`;
  await rename(path, moved).catch(() => undefined);
  const found = await holderOf(moved);
  if (found !== undefined && (await isAlive(found))) {
    await link(moved, path).catch(() => undefined);
    await rm(moved, { force: true });
    throw inUse(dir, path, found);
  }
  await rm(moved, { force: true });
}

function inUse(dir: string, path: string, holder: Holder | undefined): RunError {
  const who = holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host}`;
  return new RunError(
    `${dir}: ${who} is training there. Stop it, or give another --train-dir. (If it no longer runs, remove ${path}.)`,
  );
}

async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    const { pid, host, started } = JSON.parse(await readFile(path, 'utf8')) as Partial<Holder>;
    return typeof pid === 'number' && typeof host === 'string'
      ? { pid, host, started: started ?? '' }
      : undefined;
  } catch {
    return undefined; // it went away, or its writer was killed before it wrote
  }
}

async function isAlive({ pid, host, started }: Holder): Promise<boolean> {
  if (host !== hostname()) return true; // nobody here can tell
  try {
    process.kill(pid, 0);
  } catch (error) {
    return isCode(error, 'EPERM');
  }
  const now = await startOf(pid);
  return started === '' || now === '' || started === now;
}

/** Field 22 of /proc/<pid>/stat (proc(5)): numbers are used again, numbers with their start are not. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
