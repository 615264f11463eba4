/**
 * Allows one process at a time in a folder. A file in the folder names the process that holds the lock. The file is created
 * exclusively, which every file system supports, and removed at the end. A killed process leaves it behind, so it must be
 * possible to find out whether the holder is still alive:
 *
 * | the holder ran | it is dead when |
 * |---|---|
 * | in this PID namespace of this boot | no process has its PID, or the process with that PID started later |
 * | elsewhere: another host, container or boot | the file does not change for `staleMillis` while it is watched; holders renew it every `renewMillis` |
 *
 * Only a change of the file's time counts, not the time itself, because the clocks of hosts and file servers may differ. A
 * holder that was suspended for longer than `staleMillis` can lose its lock to another process. It notices when it renews the
 * lock the next time, and `onLost` is called.
 */
import { randomBytes } from 'node:crypto';
import { readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isNativeError } from 'node:util/types';
import { errorCode, RunError, requireRunning } from '../errors.ts';
import { exists } from './exists.ts';
import { openRegularFile, readRegularFile } from './regular-file.ts';
import { registerUnfinished } from './unfinished.ts';
import { cannotBeWritten, makeFolder, removeEmpty } from './writable.ts';

/** What a folder is locked for. */
export interface LockPurpose {
  /** The name of the lock file. */
  readonly file: string;
  /** What the process that holds the lock does, such as `is training there`. */
  readonly doing: string;
  /** The option that names the folder, such as `trainDir`. */
  readonly option: string;
  /** Called once if the lock was lost to another process. The work in the folder must then end. */
  readonly onLost?: (error: RunError) => void;
}

/** The error when another process works in the folder. */
export class InUseError extends RunError {}

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process started, in clock ticks since boot. It is empty if this is unknown. */
  readonly started: string;
  /** The boot and the PID namespace to which the PID belongs. They are empty if unknown. */
  readonly boot: string;
  readonly pidNamespace: string;
  /** Distinguishes two holders with the same PID. */
  readonly token: string;
}

const renewMillis = 3000;
/** How long a lock must be unchanged before its holder counts as dead. This is several times `renewMillis`, because a network
 * file system may show old times for a while, and a busy machine may miss a renewal. */
const staleMillis = 15_000;
const pollMillis = 200;
/** How long an empty lock file is respected. Either the file is being written, or its writer was killed between two system
 * calls. */
const writingMillis = 2000;
/** The maximum size of a lock file that is read, which is more than any lock file has. */
const maximumBytes = 10_000;

/** Locks the folder, and creates it if it is missing. A folder that was created is removed on release if it is empty. If the
 * lock is held on another host or in another container and its holder may be dead, the lock is watched for up to 15 s.
 * @param onWait called once, with the reason, when watching begins
 * @returns a function that releases the folder
 * @throws InUseError when another process holds the folder
 * @throws RunError when the folder cannot be written
 * @throws StoppedError when the signal is aborted while waiting */
export async function lockFolder(
  dir: string,
  purpose: LockPurpose,
  { signal, onWait }: { readonly signal?: AbortSignal; readonly onWait?: (text: string) => void } = {},
): Promise<() => Promise<void>> {
  const path = join(dir, purpose.file);
  const created: string[] = [];
  const mine = await thisProcess();
  let hasReported = false;
  const watch = new Watch();
  for (;;) {
    created.push(...(await makeFolder(dir, purpose.option)));
    try {
      if (await createLock(path, mine)) return hold(path, mine, dir, purpose, created);
    } catch (error) {
      // The process that created the folder has released it, and removed it because it was empty.
      if (errorCode(error) === 'ENOENT' && !(await exists(dir))) continue;
      throw cannotBeWritten(dir, purpose.option, error);
    }
    const found = await readLock(path, dir, purpose);
    const state = found === undefined ? 'gone' : await stateOf(found, watch);
    if (state === 'alive') throw inUse(dir, path, purpose, found?.holder);
    if (state === 'dead' && found !== undefined) await removeDead(path, found);
    if (state === 'unknown') {
      if (!hasReported)
        onWait?.(
          `waiting up to ${staleMillis / 1000} s: ${inUse(dir, path, purpose, found?.holder).message}`,
        );
      hasReported = true;
      await pause(pollMillis, signal);
    }
  }
}

/** Locks the folder as soon as no other process holds it.
 * @param onWait called once, with the reason, if another process holds it
 * @throws RunError when the folder cannot be written
 * @throws StoppedError when the signal is aborted while waiting */
export async function waitForFolder(
  dir: string,
  purpose: LockPurpose,
  signal: AbortSignal | undefined,
  onWait: (text: string) => void,
): Promise<() => Promise<void>> {
  for (let hasWarned = false; ; hasWarned = true) {
    try {
      return await lockFolder(dir, purpose, { ...(signal && { signal }) });
    } catch (error) {
      if (!(error instanceof InUseError)) throw error;
      if (!hasWarned) onWait(`waiting: ${error.message}`);
    }
    await pause(200, signal);
  }
}

async function pause(millis: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(millis, undefined, signal && { signal }).catch(() => undefined);
  requireRunning(signal);
}

/** Returns whether the lock was created; false if there already is one.
 * @throws the error of the operating system */
async function createLock(path: string, mine: Holder): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(mine), { flag: 'wx' });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    const isCreated = isNativeError(error) && 'syscall' in error && error.syscall === 'write';
    if (isCreated) await rm(path, { force: true }).catch(() => undefined);
    throw error;
  }
}

interface FoundLock {
  /** The process that the lock names, or undefined if the content of the file is not that of a lock. */
  readonly holder: Holder | undefined;
  readonly modifiedMillis: number;
}

/** Reads the lock. Returns undefined if it disappeared in the meantime.
 * @throws RunError for anything that is not a regular file */
async function readLock(path: string, dir: string, { option }: LockPurpose): Promise<FoundLock | undefined> {
  try {
    const file = await openRegularFile(path, { links: 'refuse', maximumBytes });
    try {
      // The time is read from the open file, because network file systems look up the current time when a file is opened.
      const { mtimeMs } = await file.stat();
      return { holder: holderIn(await file.readFile('utf8')), modifiedMillis: mtimeMs };
    } finally {
      await file.close();
    }
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

async function stateOf(found: FoundLock, watch: Watch): Promise<'alive' | 'dead' | 'unknown'> {
  const { holder } = found;
  const { isRenewed, unchangedMillis } = watch.look(found);
  if (holder === undefined) return unchangedMillis > writingMillis ? 'dead' : 'unknown';
  const here = await namespaces();
  const isHere = holder.boot === here.boot && holder.pidNamespace === here.pidNamespace;
  // Locks of versions that did not record the boot and the PID namespace belong to this host if the host name is the same.
  if (isHere || (holder.boot === '' && holder.host === hostname()))
    return (await isRunning(holder)) ? 'alive' : 'dead';
  if (holder.token === '') return 'alive'; // made by version 0.1, which did not renew locks
  if (isRenewed) return 'alive';
  return unchangedMillis > staleMillis ? 'dead' : 'unknown';
}

/** Tells whether a process holds the lock of a folder, without touching the lock. */
export class LockWatch {
  readonly #purpose: LockPurpose;
  readonly #watch = new Watch();

  constructor(purpose: LockPurpose) {
    this.#purpose = purpose;
  }

  /** Whether the lock is held. A lock of another host or container counts as held until it has not changed for 15 s. */
  async isHeld(dir: string): Promise<boolean> {
    const found = await readLock(join(dir, this.#purpose.file), dir, this.#purpose).catch(() => undefined);
    return found !== undefined && (await stateOf(found, this.#watch)) !== 'dead';
  }
}

/** Follows a lock that is read repeatedly: whether its holder renews it, and for how long it has not changed. */
class Watch {
  #token: string | undefined;
  #modifiedMillis = Number.NaN;
  #since = 0;

  look({ holder, modifiedMillis }: FoundLock): {
    /** Whether the holder has renewed the lock since the previous call. */
    readonly isRenewed: boolean;
    readonly unchangedMillis: number;
  } {
    const now = performance.now();
    const isSame = holder?.token === this.#token;
    const isChanged = modifiedMillis !== this.#modifiedMillis;
    if (!isSame || isChanged) this.#since = now;
    const isRenewed = isSame && isChanged && !Number.isNaN(this.#modifiedMillis);
    this.#token = holder?.token;
    this.#modifiedMillis = modifiedMillis;
    return { isRenewed, unchangedMillis: now - this.#since };
  }
}

/** Removes the lock of a dead holder. Two processes may do so at the same time, and each moves the file that it finds. A fresh
 * lock that was moved by mistake is put back. If a third process has meanwhile created its own lock, the holder of the fresh
 * lock notices the loss at its next renewal. */
async function removeDead(path: string, dead: FoundLock): Promise<void> {
  const moved = `${path}.stale.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    await rename(path, moved);
  } catch {
    return; // another process has removed it
  }
  const found = holderIn(String(await readRegularFile(moved, { links: 'refuse' }).catch(() => '')));
  if (found !== undefined && found.token !== (dead.holder?.token ?? ''))
    await createLock(path, found).catch(() => false);
  await rm(moved, { force: true });
}

/** Renews the lock until it is released.
 * @param created the folders that were created for the lock */
function hold(
  path: string,
  mine: Holder,
  dir: string,
  purpose: LockPurpose,
  created: readonly string[],
): () => Promise<void> {
  let isReleased = false;
  let isLooking = false;
  const remove = async () => {
    if ((await isMine(path, mine)) !== 'mine') return false;
    await rm(path, { force: true });
    return true;
  };
  const finish = registerUnfinished(remove);
  const look = async () => {
    const own = await isMine(path, mine);
    if (isReleased) return;
    if (own === 'mine') await renew(path, mine);
    if (own !== 'lost' && own !== 'gone') return;
    clearInterval(timer);
    finish();
    purpose.onLost?.(
      new RunError(
        own === 'gone'
          ? `${dir}: ${path} or its folder was removed or renamed; stopping`
          : `${dir}: another process took over ${path}, possibly because this one was suspended; stopping`,
        { code: 'CIFAR10_FOLDER_LOST', data: { folder: dir } },
      ),
    );
  };
  const timer = setInterval(() => {
    if (isLooking) return; // so that only one call waits when a file system hangs
    isLooking = true;
    void look().finally(() => {
      isLooking = false;
    });
  }, renewMillis);
  timer.unref();
  return async () => {
    isReleased = true;
    clearInterval(timer);
    const isRemoved = await remove().finally(finish);
    if (isRemoved) await removeEmpty(created);
  };
}

/** Writes the same content again, so that the file system gives the file a new time. */
async function renew(path: string, mine: Holder): Promise<void> {
  // An error, such as a full disk, is ignored. If the file then keeps its old time for too long, another process may take the
  // lock, and `isMine` detects that.
  await writeFile(path, JSON.stringify(mine), { flag: 'r+' }).catch(() => undefined);
}

/** Finds out whether the lock is still ours. Returns `unknown` while it cannot be read, such as during an outage of a network
 * file system. */
async function isMine(path: string, { token }: Holder): Promise<'mine' | 'lost' | 'gone' | 'unknown'> {
  try {
    const found = holderIn(String(await readRegularFile(path, { links: 'refuse', maximumBytes })));
    return found?.token === token ? 'mine' : 'lost';
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? 'gone' : 'unknown';
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
    `${dir}: ${who} ${doing}. Stop it, or use another \`${option}\`. (If it no longer runs, remove ${path}.)`,
    {
      code: 'CIFAR10_FOLDER_IN_USE',
      data: { folder: dir, pid: holder?.pid ?? null, host: holder?.host ?? null },
    },
  );
}

async function thisProcess(): Promise<Holder> {
  return {
    pid: process.pid,
    host: hostname(),
    started: (await statusOf(process.pid)).start,
    ...(await namespaces()),
    token: randomBytes(8).toString('hex'),
  };
}

async function namespaces(): Promise<Pick<Holder, 'boot' | 'pidNamespace'>> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => hostname());
  // There are no PID namespaces outside Linux.
  const pidNamespace = await readlink('/proc/self/ns/pid').catch(() => '');
  return { boot: boot.trim(), pidNamespace };
}

async function isRunning({ pid, started }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
  const { start, isZombie } = await statusOf(pid);
  return !isZombie && (started === '' || start === '' || started === start);
}

/**
 * Returns from /proc/<pid>/stat (proc(5)) the start time of a process (field 22), and whether it has ended without its parent having
 * noticed (state Z, field 3, and no other thread, field 20), as happens in containers whose first process ignores other processes.
 * A PID can be reused, but not a PID together with its start time.
 */
async function statusOf(pid: number): Promise<{ readonly start: string; readonly isZombie: boolean }> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => fields[number - 3] ?? '';
  return { start: field(22), isZombie: field(3) === 'Z' && Number(field(20)) <= 1 };
}

/**
 * Whether a file with this name was left behind by a process that was killed while locking. The next holder removes such
 * files.
 */
export function isLockLeftover(name: string, { file }: Pick<LockPurpose, 'file'>): boolean {
  return name.startsWith(`${file}.`) && /^\.(stale\.)?\d+(\.[0-9a-f]{8})?$/.test(name.slice(file.length));
}
