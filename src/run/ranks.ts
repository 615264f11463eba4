/**
 * What the processes of an MPI job agree on before they train together. The first process (rank 0) finds the checkpoint, provides
 * the data and writes all files; the others receive the checkpoint from it.
 */
import { createHash } from 'node:crypto';
import { cpus, hostname } from 'node:os';
import { decodeCheckpoint, encodeCheckpoint } from '../checkpoint/checkpoint.ts';
import type { FoundCheckpoint } from '../checkpoint/store.ts';
import type { Job } from '../collective/mpi/start-mpi.ts';
import { RunError } from '../errors.ts';
import { usableCores } from '../machine/cores.ts';
import type { Ranks } from '../training/run-definition.ts';
import { counted } from '../wording.ts';

/** Whether this process writes files and reports: the only process, or the first of a job. */
export function leads(job: Job | undefined): boolean {
  return job === undefined || job.rank === 0;
}

/** Returns the checkpoint that the first process finds.
 * @param find looks for the checkpoint; only the first process calls it */
export async function sharedCheckpoint(
  job: Job | undefined,
  find: () => Promise<FoundCheckpoint | undefined>,
): Promise<FoundCheckpoint | undefined> {
  if (job === undefined) return find();
  const found = leads(job) ? await find() : undefined;
  const bytes = found === undefined ? new Uint8Array() : encodeCheckpoint(found.checkpoint);
  const length = await sharedNumber(job, bytes.length);
  if (length === 0) return undefined;
  const sent = leads(job) ? bytes : new Uint8Array(length);
  const received = await job.broadcast(sent, 0);
  if (found !== undefined) return found;
  const path = 'the checkpoint of the first process';
  return { path, checkpoint: decodeCheckpoint(received, path) };
}

/** Runs a task in the first process, and then in the others. For data, this means that the first process downloads it, and the
 * others find it, if they share the disk. */
export async function firstThenOthers<T>(job: Job | undefined, task: () => Promise<T>): Promise<T> {
  if (job === undefined) return task();
  if (!leads(job)) await job.barrier();
  const result = await task();
  if (leads(job)) await job.barrier();
  return result;
}

/** Tells every process the number of towers of each.
 * @throws RunError when the batch has fewer images than there are towers */
export async function ranksOf(job: Job, towers: number, batchSize: number): Promise<Ranks> {
  const own = Float32Array.from({ length: job.size }, (_, rank) => (rank === job.rank ? towers : 0));
  const threads = [...(await job.sum(own))];
  const rows = Math.floor(batchSize / job.size);
  if (rows < Math.max(...threads))
    throw new RunError(
      `each of ${counted(job.size, 'process', 'processes')} trains with ${counted(rows, 'image')} of a batch, but has up to ` +
        `${counted(Math.max(...threads), 'tower')}, and every tower needs an image; use a larger \`batchSize\` or fewer \`towers\``,
    );
  return {
    rank: job.rank,
    size: job.size,
    outer: { start: job.group, threads },
    sum: (values) => job.sum(values),
  };
}

/** Returns the number of cores that this process may use without disturbing the other processes on its host. Launchers bind
 * processes to cores, to sockets, or not at all, so the number of usable cores alone does not say it. */
export async function coresOf(job: Job | undefined): Promise<number> {
  if (job === undefined) return usableCores();
  // Float32 represents whole numbers up to 2^24 exactly.
  const host = createHash('sha256').update(hostname()).digest().readUIntBE(0, 3);
  const hosts = await job.sum(
    Float32Array.from({ length: job.size }, (_, rank) => (rank === job.rank ? host : 0)),
  );
  const neighbors = hosts.filter((other) => other === host).length;
  return Math.max(1, Math.min(usableCores(), Math.floor(cpus().length / neighbors)));
}

/** Returns the number of the first process. */
async function sharedNumber(job: Job, own: number): Promise<number> {
  const bytes = new Uint8Array(Float64Array.of(own).buffer);
  const received = await job.broadcast(bytes, 0);
  return new Float64Array(received.slice().buffer)[0] ?? 0;
}
