/**
 * One process at a time in a folder. A file in the folder names the process that holds it; it is created exclusively, which
 * every file system can do, and removed at the end. A killed process leaves it behind, so a lock must show whether its
 * holder lives:
 *
 * | the holder ran | it is dead when |
 * |---|---|
 * | in this PID namespace of this boot | no process has its number, or one that started later |
 * | elsewhere: another host, container or boot | the file has not been renewed for `staleMillis`; holders renew it every `renewMillis` |
 *
 * A holder that was suspended for longer can lose its lock to another process. It notices when it next renews it, and is
 * told (`onLost`).
 */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readlinkSync, writeSync } from 'node:fs';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode, RunError, requireRunning } from '../errors.ts';
import { readRegularFile } from './regular-file.ts';
import { cannotBeWritten, makeFolder } from './writable.ts';

/** What a folder is locked for. */
export interface LockPurpose {
  /** Name of the file. */
  readonly file: string;
  /** What its process does, such as `is training there`. */
  readonly doing: string;
  /** The option that names the folder, such as `trainDir`. */
  readonly option: string;
  /** Called once when the lock was lost to another process: what is done in the folder must end. */
  readonly onLost?: (error: RunError) => void;
}

/** Another process works in the folder. */
export class InUseError extends RunError {}

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process started, in clock ticks since boot; empty where that is not known. */
  readonly started: string;
  /** Boot and PID namespace in which the number is meant; empty where that is not known. */
  readonly boot: string;
  readonly pidNamespace: string;
  /** Tells two holders of one number apart. */
  readonly token: string;
}

const renewMillis = 3000;
const staleMillis = 15_000;
/** A lock without content is one that is being written, or of a writer that was killed between two system calls. */
const writingMillis = 2000;
/** More than any lock has. */
const maximumBytes = 10_000;

/** Takes the folder, which is created if it is missing. A lock of another host or container whose holder may be dead is
 * watched for up to 15 s.
 * @param onWait is called once with the reason when that takes time
 * @returns how to give the folder back
 * @throws InUseError when another process works there
 * @throws RunError when the folder cannot be written
 * @throws StoppedError when it is aborted while waiting */
export async function lockFolder(
  dir: string,
  purpose: LockPurpose,
  { signal, onWait }: { readonly signal?: AbortSignal; readonly onWait?: (text: string) => void } = {},
): Promise<() => Promise<void>> {
  const path = join(dir, purpose.file);
  await makeFolder(dir, purpose.option);
  const mine = await thisProcess();
  let isTold = false;
  for (;;) {
    try {
      if (createLock(path, mine)) return hold(path, mine, dir, purpose);
    } catch (error) {
      throw cannotBeWritten(dir, purpose.option, error);
    }
    const found = await readLock(path, dir, purpose);
    const state = found === undefined ? 'gone' : await stateOf(found, path);
    if (state === 'alive') throw inUse(dir, path, purpose, found?.holder);
    if (state === 'dead' && found !== undefined) await removeDead(path, found);
    if (state === 'unknown') {
      if (!isTold)
        onWait?.(
          `waiting up to ${staleMillis / 1000} s: ${inUse(dir, path, purpose, found?.holder).message}`,
        );
      isTold = true;
      await pause(200, signal);
    }
  }
}

/** Takes the folder as soon as no other process works there.
 * @param onWait is called once with the reason
 * @throws RunError when the folder cannot be written
 * @throws StoppedError when it is aborted while waiting */
export async function waitForFolder(
  dir: string,
  purpose: LockPurpose,
  signal: AbortSignal | undefined,
  onWait: (text: string) => void,
): Promise<() => Promise<void>> {
  for (let told = false; ; told = true) {
    try {
      return await lockFolder(dir, purpose, { ...(signal && { signal }) });
    } catch (error) {
      if (!(error instanceof InUseError)) throw error;
      if (!told) onWait(`waiting: ${error.message}`);
    }
    await pause(200, signal);
  }
}

async function pause(millis: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(millis, undefined, signal && { signal }).catch(() => undefined);
  requireRunning(signal);
}

/** Returns whether there was none.
 * @throws the error of the operating system */
function createLock(path: string, mine: Holder): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'wx');
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    writeSync(descriptor, JSON.stringify(mine));
  } finally {
    closeSync(descriptor);
  }
  return true;
}

interface FoundLock {
  /** Undefined for a file whose content is not a lock's. */
  readonly holder: Holder | undefined;
  readonly modifiedMillis: number;
}

/** The lock, or undefined if it went away meanwhile.
 * @throws RunError for something that is not a regular file */
async function readLock(path: string, dir: string, { option }: LockPurpose): Promise<FoundLock | undefined> {
  try {
    const { mtimeMs } = await stat(path);
    const text = String(await readRegularFile(path, { links: 'refuse', maximumBytes }));
    return { holder: holderIn(text), modifiedMillis: mtimeMs };
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw cannotBeWritten(dir, option, error, path);
  }
}

function holderIn(text: string): Holder | undefined {
  try {
    const { pid, host, started, boot, pidNamespace, token } = JSON.parse(text) as Partial<Holder>;
    if (typeof pid !== 'number' || typeof host !== 'string') return undefined;
    const known = (value: unknown) => (typeof value === 'string' ? value : '');
    return {
      ...{ pid, host, started: known(started) },
      ...{ boot: known(boot), pidNamespace: known(pidNamespace), token: known(token) },
    };
  } catch {
    return undefined;
  }
}

async function stateOf(
  { holder, modifiedMillis }: FoundLock,
  path: string,
): Promise<'alive' | 'dead' | 'unknown'> {
  if (holder === undefined) return (await ageOf(modifiedMillis, path)) > writingMillis ? 'dead' : 'unknown';
  const here = await namespaces();
  const isHere = holder.boot === here.boot && holder.pidNamespace === here.pidNamespace;
  // A lock of a version that did not note them is of this host if the name says so.
  if (isHere || (holder.boot === '' && holder.host === hostname()))
    return (await isRunning(holder)) ? 'alive' : 'dead';
  if (holder.token === '') return 'alive'; // of version 0.1, which did not renew its locks
  if ((await ageOf(modifiedMillis, path)) > staleMillis) return 'dead';
  const before = modifiedMillis;
  await sleep(renewMillis + 500);
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: before }));
  return mtimeMs === before ? 'unknown' : 'alive';
}

/** How long ago a file was modified by the clock of its file system, which may be another machine's. */
async function ageOf(modifiedMillis: number, path: string): Promise<number> {
  const probe = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    const file = await open(probe, 'wx');
    const { mtimeMs } = await file.stat().finally(() => file.close());
    return mtimeMs - modifiedMillis;
  } catch {
    return Date.now() - modifiedMillis;
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}

/** Two processes may come here at once. Each moves the file that it finds; a fresh lock that was moved by mistake is
 * put back, and if another process was faster its holder notices. */
async function removeDead(path: string, dead: FoundLock): Promise<void> {
  const moved = `${path}.stale.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    await rename(path, moved);
  } catch {
    return; // another process did it
  }
  const found = holderIn(String(await readFile(moved).catch(() => '')));
  if (found !== undefined && found.token !== (dead.holder?.token ?? '')) createLock(path, found);
  await rm(moved, { force: true });
}

/** Renews the lock until it is given back. */
function hold(path: string, mine: Holder, dir: string, purpose: LockPurpose): () => Promise<void> {
  let isReleased = false;
  const timer = setInterval(() => {
    void isMine(path, mine).then((own) => {
      if (own !== 'mine' || isReleased) {
        if (own === 'lost' && !isReleased) {
          clearInterval(timer);
          purpose.onLost?.(
            new RunError(
              `${dir}: lost ${path} to another process, which may have found this one suspended; stopping here`,
            ),
          );
        }
        return;
      }
      renew(path, mine);
    });
  }, renewMillis);
  timer.unref();
  return async () => {
    isReleased = true;
    clearInterval(timer);
    if ((await isMine(path, mine)) === 'mine') await rm(path, { force: true });
  };
}

/** Writes the same content again: the file system stamps it with its own clock, which is the one that the age is measured
 * by. The clock of this host may be wrong. */
function renew(path: string, mine: Holder): void {
  try {
    const descriptor = openSync(path, 'r+');
    try {
      writeSync(descriptor, JSON.stringify(mine), 0);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // A full disk, or a file system that keeps no times: others judge by what they see.
  }
}

/** `unknown` while it cannot be read, such as during an outage of a network file system. */
async function isMine(path: string, { token }: Holder): Promise<'mine' | 'lost' | 'unknown'> {
  try {
    const found = holderIn(String(await readRegularFile(path, { links: 'refuse', maximumBytes })));
    return found?.token === token ? 'mine' : 'lost';
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? 'lost' : 'unknown';
  }
}

function inUse(
  dir: string,
  path: string,
  { doing, option }: LockPurpose,
  holder: Holder | undefined,
): InUseError {
  const who = holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host}`;
  return new InUseError(
    `${dir}: ${who} ${doing}. Stop it, or give another \`${option}\`. (If it no longer runs, remove ${path}.)`,
  );
}

async function thisProcess(): Promise<Holder> {
  return {
    pid: process.pid,
    host: hostname(),
    started: await startOf(process.pid),
    ...(await namespaces()),
    token: randomBytes(8).toString('hex'),
  };
}

async function namespaces(): Promise<Pick<Holder, 'boot' | 'pidNamespace'>> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => hostname());
  let pidNamespace = '';
  try {
    pidNamespace = readlinkSync('/proc/self/ns/pid');
  } catch {
    // Not Linux: there is one.
  }
  return { boot: boot.trim(), pidNamespace };
}

async function isRunning({ pid, started }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
  const now = await startOf(pid);
  return started === '' || now === '' || started === now;
}

/** Field 22 of /proc/<pid>/stat (proc(5)): numbers are used again, numbers with their start are not. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/** Whether a name is of what locking leaves behind when its process is killed: removed by the next holder. */
export function isLockLeftover(name: string, { file }: Pick<LockPurpose, 'file'>): boolean {
  return name.startsWith(`${file}.`) && /^\.(stale\.)?\d+(\.[0-9a-f]{8})?$/.test(name.slice(file.length));
}
