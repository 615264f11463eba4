/**
 * One process at a time to a folder. A file in it names the process that works there; it is made so that only one can
 * make it, and removed at the end. A process that was killed leaves it behind: then nobody of that number runs any
 * more, or somebody who started later.
 */
import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RunError, requireRunning } from '../errors.ts';
import { cannotBeWritten, makeFolder } from './writable.ts';

/** What a folder is locked for. */
export interface LockPurpose {
  /** Name of the file. */
  readonly file: string;
  /** What its process does, such as `is training there`. */
  readonly doing: string;
  /** The flag that gives another folder. */
  readonly flag: string;
}

/** Somebody else works in the folder. */
export class InUseError extends RunError {}

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process started, in the clock of its machine; empty where that is not known. */
  readonly started: string;
}

/** Takes the folder, which is made where it is missing, and returns how to give it back.
 * @throws InUseError when another process works there
 * @throws RunError when the folder cannot be written. */
export async function lockFolder(dir: string, purpose: LockPurpose): Promise<() => Promise<void>> {
  const path = join(dir, purpose.file);
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), started: await startOf(process.pid) });
  const aside = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await makeFolder(dir, purpose.flag);
  try {
    await writeFile(aside, mine);
    // A link is made whole or not at all, and only where there is none: nobody sees a half-written lock.
    if (!(await linked(aside, path))) {
      await removeStale(dir, path, purpose);
      if (!(await linked(aside, path))) throw inUse(dir, path, purpose, await holderOf(path));
    }
  } catch (error) {
    throw error instanceof RunError ? error : cannotBeWritten(dir, purpose.flag, error);
  } finally {
    await rm(aside, { force: true });
  }
  return () => rm(path, { force: true });
}

/** Takes the folder as soon as nobody else works there.
 * @param onWait is told whom it waits for, once
 * @throws RunError when the folder cannot be written
 * @throws StoppedError when it was told to wait no longer. */
export async function waitForFolder(
  dir: string,
  purpose: LockPurpose,
  signal: AbortSignal | undefined,
  onWait: (text: string) => void,
): Promise<() => Promise<void>> {
  for (let told = false; ; told = true) {
    try {
      return await lockFolder(dir, purpose);
    } catch (error) {
      if (!(error instanceof InUseError)) throw error;
      if (!told) onWait(`waiting: ${error.message}`);
    }
    await sleep(200, undefined, signal && { signal }).catch(() => undefined);
    requireRunning(signal);
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Takes the lock of a process that is gone out of the way.
 * @throws InUseError when its process is alive. */
async function removeStale(dir: string, path: string, purpose: LockPurpose): Promise<void> {
  const holder = await holderOf(path);
  if (holder !== undefined && (await isAlive(holder))) throw inUse(dir, path, purpose, holder);
  // Two may come here at once. Each moves what it finds; who moved somebody's fresh lock puts it back.
  const moved = `${path}.stale.${process.pid}`;
  await rename(path, moved).catch(() => undefined);
  const found = await holderOf(moved);
  if (found !== undefined && (await isAlive(found))) {
    await link(moved, path).catch(() => undefined);
    await rm(moved, { force: true });
    throw inUse(dir, path, purpose, found);
  }
  await rm(moved, { force: true });
}

function inUse(
  dir: string,
  path: string,
  { doing, flag }: LockPurpose,
  holder: Holder | undefined,
): InUseError {
  const who = holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host}`;
  return new InUseError(
    `${dir}: ${who} ${doing}. Stop it, or give another ${flag}. (If it no longer runs, remove ${path}.)`,
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
