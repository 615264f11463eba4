/**
 * A process of an MPI job, for tests: `mpirun -np 3 node mpi-member.js ROLE`. It writes one line of JSON to a file that is named
 * after its rank, in the folder of the environment variable REPORTS.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GroupStart } from '../collective/group-start.ts';
import { type Job, startMpi } from '../collective/mpi/start-mpi.ts';
import { newSharedGroup } from '../collective/shared-group.ts';
import { messageOf } from '../errors.ts';
import { collectiveCases } from './collective-cases.ts';
import { withMembers } from './group-threads.ts';

const [role = 'cases'] = process.argv.slice(2);

function report(rank: number, facts: object): void {
  writeFileSync(join(process.env['REPORTS'] ?? '.', `${rank}.json`), JSON.stringify(facts));
}

/** Two threads in the process of rank 1, one in all others. */
function starts(job: Job): readonly GroupStart[] {
  const threads = Array.from({ length: job.size }, (_, rank) => (rank === 1 ? 2 : 1));
  const memory = newSharedGroup(threads[job.rank] ?? 1, 1000);
  const outer = { start: job.group, threads };
  return Array.from({ length: memory.size }, (_, rank) => ({ kind: 'threads', memory, rank, outer }));
}

async function runCases(members: readonly GroupStart[]): Promise<number> {
  const titles = Object.keys(collectiveCases);
  await withMembers(members, async (threads) => {
    for (const title of titles)
      await Promise.all(threads.map((thread) => thread.call('run', [title]))).catch((error) => {
        throw new Error(`${title}: ${messageOf(error)}`);
      });
  });
  return titles.length;
}

/** Returns the different hashes of sums that are repeated, and whose bits depend on the order of the additions. */
async function sumsOfRepeats(job: Job): Promise<readonly string[]> {
  const found = new Set<string>();
  for (let repeat = 0; repeat < 5; repeat++) {
    const values = Float32Array.from(
      { length: 50_000 },
      (_, i) => Math.sin(i + job.rank) * 10 ** ((i + job.rank) % 7),
    );
    const sums = await job.sum(values);
    found.add(createHash('sha256').update(sums).digest('hex'));
  }
  return [...found];
}

async function checkControl(job: Job): Promise<void> {
  const own = new Float32Array(job.size);
  own[job.rank] = 1 + job.rank;
  assert.deepEqual(
    await job.sum(own),
    Float32Array.from({ length: job.size }, (_, rank) => 1 + rank),
  );
  // These numbers are not exact in float32.
  const numberOf = (rank: number) => 2 ** 40 + 1 + rank / 8;
  assert.deepEqual(
    await job.gather(numberOf(job.rank)),
    Array.from({ length: job.size }, (_, rank) => numberOf(rank)),
  );
  const bytes = job.rank === 1 ? Uint8Array.of(1, 2, 255) : new Uint8Array(3);
  assert.deepEqual(await job.broadcast(bytes, 1), Uint8Array.of(1, 2, 255));
  await assert.rejects(job.broadcast(new Uint8Array(3), 99), /rank \d: MPI_Ibcast failed: .*(root|rank)/i);
  await job.gather(0);
}

/** Waits for the others while rank 1 is slow on purpose, and returns the CPU time of the wait, in milliseconds. */
async function waitForOne(job: Job): Promise<number> {
  await job.gather(0);
  const before = process.cpuUsage();
  if (job.rank === 1) await new Promise((resolve) => setTimeout(resolve, 400));
  await job.gather(0);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** What the processes do, apart from the cases: rank 1 ends in some way, while the others wait for it in a step. */
const endings: Readonly<Record<string, (job: Job) => void>> = {
  abort: (job) => job.abort(7),
  exit: () => process.exit(5),
  'exit-0': () => process.exit(0),
  throw: () => {
    throw new Error('went wrong');
  },
  'exit-code': () => {
    process.exitCode = 3;
  },
  kill: () => process.kill(process.pid, 'SIGKILL'),
};

/** The memory of the process in bytes, and the number of its open files. */
function usage(): readonly [number, number] {
  return [process.memoryUsage.rss(), readdirSync('/proc/self/fd').length];
}

/** Adds up many times, as training does. */
async function soak(job: Job): Promise<object> {
  const usages: (readonly [number, number])[] = [];
  await withMembers(starts(job), async (members) => {
    const sums =
      'const parts = [new Float32Array(9000), new Float32Array(5)]; for (let i = 0; i < 2500; i++) { group.sum(parts, 0.3); group.allAgree(true); }';
    for (let turn = 0; turn < 3; turn++) {
      await Promise.all(members.map((member) => member.call('evaluate', [sums])));
      usages.push(usage());
    }
  });
  const [, before = [0, 0], after = [0, 0]] = usages;
  return { memory: [before[0], after[0]], files: [before[1], after[1]] };
}

async function take(job: Job): Promise<void> {
  const { rank, size, library } = job;
  if (role === 'start') return job.finalize();
  if (role === 'soak') {
    const found = await soak(job);
    await job.finalize();
    return report(rank, { rank, size, library, ...found });
  }
  const ending = endings[role];
  if (ending !== undefined) {
    report(rank, { rank, size, library });
    await job.gather(0);
    if (rank === 1) return void setTimeout(() => ending(job), 50);
    const [start] = starts(job);
    return withMembers(start === undefined ? [] : [start], async ([member]) => {
      await member?.call('evaluate', ['group.barrier();']);
      report(rank, { rank, size, library, error: 'the step ended' });
    });
  }
  await checkControl(job);
  const passed = await runCases([job.group]);
  const nested = await runCases(starts(job));
  const waited = await waitForOne(job);
  const sums = await sumsOfRepeats(job);
  await job.finalize();
  report(rank, { rank, size, library, passed, nested, waited, sums });
}

try {
  const job = await startMpi();
  if (job === undefined) report(0, { alone: true });
  else await take(job);
} catch (error) {
  if (role !== 'throw')
    report(Number(process.env['PMI_RANK'] ?? process.env['OMPI_COMM_WORLD_RANK'] ?? 0), {
      error: messageOf(error),
    });
  process.exitCode = 1;
}
