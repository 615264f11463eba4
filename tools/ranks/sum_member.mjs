// @ts-check
/**
 * A process of the job that `measure_scaling.mjs` starts: adds up values as the exchange of a training step does, without
 * computing anything else. The first process prints one line of JSON for each number of values.
 *
 *     mpirun -np 2 node tools/ranks/sum_member.mjs REPEATS VALUES …
 */
import { spread } from '../../dist/bench/statistics.js';
import { joinGroup } from '../../dist/collective/join-group.js';
import { startMpi } from '../../dist/collective/mpi/start-mpi.js';
import { newSharedGroup } from '../../dist/collective/shared-group.js';

const [repeats = 0, ...lengths] = process.argv.slice(2).map(Number);
const job = await startMpi('mpi');
if (job === undefined) throw new Error('MPI is not available');
const { rank, size } = job;
const outer = { start: job.group, threads: Array.from({ length: size }, () => 1) };
const group = joinGroup({ kind: 'threads', memory: newSharedGroup(1), rank: 0, outer });
for (const length of lengths) {
  const values = Float32Array.from({ length }, (_, index) => Math.sin(index + rank));
  const millis = [];
  for (let repeat = -5; repeat < repeats; repeat++) {
    group.barrier();
    const start = performance.now();
    group.sum([values], 1 / size);
    if (repeat >= 0) millis.push(performance.now() - start);
  }
  const { median, fastest } = spread(millis);
  if (rank === 0) console.log(JSON.stringify({ ranks: size, values: length, median, fastest }));
}
group.leave();
await job.finalize();
