import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { corePools, coresFrom } from '../machine/cores.ts';
import { jobsOf } from '../testing/jobs.ts';
import { coresOf, sharedPools } from './ranks.ts';

interface Limits {
  readonly host?: string;
  /** The cores on which the process may run. Undefined on systems other than Linux. */
  readonly allowed?: string;
  /** The control group of the process. */
  readonly group?: string;
  /** The quotas of control groups, in cores. */
  readonly quotas?: Readonly<Record<string, number>>;
}

const filesOf = ({ allowed, group = '/', quotas = {} }: Limits): Readonly<Record<string, string>> => ({
  ...(allowed !== undefined && {
    '/proc/self/status': `Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t${allowed}\nMems_allowed:\t1\n`,
  }),
  '/proc/self/mountinfo': '35 24 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n',
  '/proc/self/cgroup': `0::${group}\n`,
  ...Object.fromEntries(
    Object.entries(quotas).map(([name, cores]) => [
      `/sys/fs/cgroup${name}/cpu.max`,
      `${cores * 100_000} 100000\n`,
    ]),
  ),
});

/** Returns the cores of each process of a job whose processes have these limits. */
async function coresOfAll(limits: readonly Limits[], threads?: string): Promise<readonly number[]> {
  const jobs = jobsOf(limits.length);
  return Promise.all(
    jobs.map(async (job, rank) => {
      const files = filesOf(limits[rank] ?? {});
      const own = corePools((path) => files[path], limits[rank]?.host ?? 'a');
      return coresFrom(await sharedPools(job, own), { OMP_NUM_THREADS: threads });
    }),
  );
}

const times = (count: number, limits: Limits) => Array<Limits>(count).fill(limits);

const cases: Readonly<Record<string, readonly [limits: readonly Limits[], cores: readonly number[]]>> = {
  'divide the cores of their host': [times(2, { allowed: '0-7' }), [4, 4]],
  'divide a set of cores that is smaller than their host': [times(2, { allowed: '0-2,8' }), [2, 2]],
  'use at least one core': [times(3, { allowed: '0-1' }), [1, 1, 1]],
  'use all cores to which each is bound': [
    [{ allowed: '0-5' }, { allowed: '6,7' }],
    [6, 2],
  ],
  'divide the socket to which some are bound': [
    [...times(2, { allowed: '0-7' }), { allowed: '8-15' }],
    [4, 4, 8],
  ],
  'divide the cores of each host': [
    [...times(2, { allowed: '0-7' }), { host: 'b', allowed: '0-7' }],
    [4, 4, 8],
  ],
  'divide a quota that is smaller than their cores': [
    times(2, { allowed: '0-15', quotas: { '': 4 } }),
    [2, 2],
  ],
  'divide a quota when each is bound': [
    [
      { allowed: '0-3', quotas: { '': 4 } },
      { allowed: '4-7', quotas: { '': 4 } },
    ],
    [2, 2],
  ],
  'divide the quota of a group that contains their groups': [
    ['/job/0', '/job/1'].map((group) => ({ allowed: '0-15', group, quotas: { '/job': 4 } })),
    [2, 2],
  ],
  'divide the cores if only their groups differ': [
    ['/job/0', '/job/1'].map((group) => ({ allowed: '0-7', group })),
    [4, 4],
  ],
  'use the quota of the group that each has': [
    ['/job/0', '/job/1'].map((group) => ({ allowed: '0-15', group, quotas: { [group]: 3 } })),
    [3, 3],
  ],
  'divide the cores if only one has a quota': [
    [{ allowed: '0-7', quotas: { '/job': 2 }, group: '/job' }, { allowed: '0-7' }],
    [2, 4],
  ],
};
for (const [title, [limits, cores]] of Object.entries(cases))
  test(`the processes of a job ${title}`, async () => assert.deepEqual(await coresOfAll(limits), cores));

test('OMP_NUM_THREADS applies to each process of a job', async () => {
  assert.deepEqual(await coresOfAll(times(2, { allowed: '0-7' }), '3'), [3, 3]);
  assert.deepEqual(await coresOfAll(times(2, { allowed: '0-7' }), '6'), [4, 4]);
});

test('as many processes as cores use one core each, also on systems other than Linux', async () => {
  const nothing = () => undefined;
  const jobs = jobsOf(availableParallelism());
  for (const read of [undefined, nothing])
    for (const cores of await Promise.all(jobs.map((job) => coresOf(job, read)))) assert.equal(cores, 1);
});
