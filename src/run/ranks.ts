/**
 * What the processes of an MPI job agree on before they train together. The first process (rank 0) finds the checkpoint, provides
 * the data and writes all files; the others receive the checkpoint from it.
 */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { decodeCheckpoint, encodeCheckpoint } from '../checkpoint/checkpoint.ts';
import type { FoundCheckpoint } from '../checkpoint/store.ts';
import type { Job } from '../collective/mpi/start-mpi.ts';
import { FailedElsewhere, RunError } from '../errors.ts';
import { type ReadText, readText } from '../machine/control-groups.ts';
import { type CorePool, corePools, coresFrom, usableCores } from '../machine/cores.ts';
import type { Ranks } from '../training/run-definition.ts';
import { counted, enumeration } from '../wording.ts';

/** Whether this process writes files and reports: the only process, or the first of a job. */
export function leads(job: Job | undefined): boolean {
  return job === undefined || job.rank === 0;
}

/** Does something in every process, and then waits until it has succeeded in all of them.
 * @throws the task's error in the first process in which it failed, and FailedElsewhere in all others */
export async function together<T>(job: Job | undefined, task: () => Promise<T>): Promise<T> {
  if (job === undefined) return task();
  const [outcome] = await Promise.allSettled([task()]);
  const failed = (await job.gather(outcome.status === 'rejected' ? 1 : 0)).indexOf(1);
  if (outcome.status === 'rejected' && failed === job.rank) throw outcome.reason;
  if (failed !== -1) throw new FailedElsewhere(`process ${failed} of the job failed`);
  if (outcome.status === 'rejected') throw outcome.reason;
  return outcome.value;
}

/** How a value is sent to another process. */
export interface Codec<T> {
  /** Returns at least one byte. */
  readonly encode: (value: T) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => T;
}

/** Returns the value that the first process finds, if it finds one.
 * @param find looks for the value; only the first process calls it
 * @throws as `together` does */
export async function ofFirst<T>(
  job: Job | undefined,
  find: () => Promise<T | undefined>,
  { encode, decode }: Codec<T>,
): Promise<T | undefined> {
  const found = await together(job, async () => (leads(job) ? find() : undefined));
  if (job === undefined) return found;
  const received = await sharedBytes(job, found === undefined ? new Uint8Array() : encode(found));
  if (received.length === 0) return undefined;
  return found ?? decode(received);
}

/** Returns the checkpoint that the first process finds.
 * @param find looks for the checkpoint; only the first process calls it */
export function sharedCheckpoint(
  job: Job | undefined,
  find: () => Promise<FoundCheckpoint | undefined>,
): Promise<FoundCheckpoint | undefined> {
  const path = 'the checkpoint of the first process';
  return ofFirst(job, find, {
    encode: ({ checkpoint }) => encodeCheckpoint(checkpoint),
    decode: (bytes) => ({ path, checkpoint: decodeCheckpoint(bytes, path) }),
  });
}

/** Returns a warning about processes whose connection to the first process is not watched, or undefined if there are none. */
export function warningOfUnwatched(job: Job | undefined): string | undefined {
  const { unwatched = [] } = job ?? {};
  if (unwatched.length === 0) return undefined;
  const who = `${unwatched.length === 1 ? 'rank' : 'ranks'} ${enumeration(unwatched.map(String))}`;
  return (
    `${who} cannot connect to rank 0 over TCP, perhaps because of a firewall. If a host fails, or the network is interrupted, ` +
    'the job may wait for it forever'
  );
}

/** Runs a task in the first process, and then in the others, and returns its result in each. For data, this means that the first
 * process downloads it, and the others find it, if they share the disk.
 * @throws as `together` does */
export async function firstThenOthers<T>(job: Job | undefined, task: () => Promise<T>): Promise<T> {
  if (job === undefined) return task();
  const wait = async () => undefined;
  if (leads(job)) {
    const result = await together(job, task);
    await together(job, wait);
    return result;
  }
  await together(job, wait);
  return together(job, task);
}

/** @throws RunError when a batch has fewer images than the job has processes */
export function requireImageForEach(job: Job | undefined, batchSize: number): void {
  if (job === undefined || job.size <= batchSize) return;
  throw new RunError(
    `a batch has ${counted(batchSize, 'image')}, but the job has ${job.size} processes, and each needs at least one image; use ` +
      'a larger `batchSize` or fewer processes',
  );
}

/** Tells every process the number of towers of each.
 * @throws RunError, as `together` does, when the batch has fewer images than there are towers */
export async function ranksOf(job: Job, towers: number, batchSize: number): Promise<Ranks> {
  const threads = await job.gather(towers);
  const rows = Math.floor(batchSize / job.size);
  const most = Math.max(...threads);
  await together(job, async () => {
    if (rows >= most) return;
    throw new RunError(
      `some of the ${job.size} processes train with only ${counted(rows, 'image')} of a batch of ${batchSize}, but have up to ` +
        `${counted(most, 'tower')}, and every tower needs an image; use a larger \`batchSize\` or fewer \`towers\``,
    );
  });
  return {
    rank: job.rank,
    size: job.size,
    outer: { start: job.group, threads },
    sum: (values) => job.sum(values),
    lost: job.lost,
  };
}

/** Returns the number of cores that this process may use without disturbing the other processes on its host. Launchers bind
 * processes to cores, to sockets, or not at all, so the number of usable cores alone does not say it.
 * @param read reads the limits of this process */
export async function coresOf(job: Job | undefined, read: ReadText = readText): Promise<number> {
  if (job === undefined) return usableCores(read);
  return Math.min(availableParallelism(), coresFrom(await sharedPools(job, corePools(read))));
}

/** Returns the pools of this process with the number of processes that share each of them.
 * @param own the pools of this process. All processes have equally many */
export async function sharedPools(job: Job, own: readonly CorePool[]): Promise<readonly CorePool[]> {
  const pools: CorePool[] = [];
  for (const pool of own) pools.push({ ...pool, processes: await countWithSame(job, pool.name) });
  return pools;
}

/** Returns the number of processes that call this with the same text. */
async function countWithSame(job: Job, text: string): Promise<number> {
  const hash = hashOf(text);
  return (await job.gather(hash)).filter((other) => other === hash).length;
}

/** Returns the number of this process, from 0, among those that call this with the same text. */
export async function rankAmongSame(job: Job, text: string): Promise<number> {
  const hash = hashOf(text);
  return (await job.gather(hash)).slice(0, job.rank).filter((other) => other === hash).length;
}

/** Returns a hash of 48 bits. JavaScript's numbers represent whole numbers up to 2^53 exactly. */
function hashOf(text: string): number {
  return createHash('sha256').update(text).digest().readUIntBE(0, 6);
}

/** Returns the bytes of the first process. The others may pass any number of bytes. */
export async function sharedBytes(job: Job, own: Uint8Array): Promise<Uint8Array> {
  const [length = 0] = await job.gather(own.length);
  if (length === 0) return new Uint8Array();
  return job.broadcast(leads(job) ? own : new Uint8Array(length), 0);
}
