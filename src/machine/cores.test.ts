import assert from 'node:assert/strict';
import { availableParallelism, cpus } from 'node:os';
import { normalize } from 'node:path/posix';
import { describe, test } from 'node:test';
import { coreLimit, cpuQuota, usableCores } from './cores.ts';

describe('the CPU quota', () => {
  const v2 = '35 24 0:30 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup rw,nsdelegate\n';
  /** Version 1 as RHEL 7 has it, in a container whose group is the mounted one, and on a host. */
  const v1 = (root: string) =>
    `42 34 0:30 ${root} /sys/fs/cgroup/cpu,cpuacct rw,nosuid master:16 - cgroup cgroup rw,cpu,cpuacct\n` +
    `43 34 0:31 ${root} /sys/fs/cgroup/memory rw,nosuid master:17 - cgroup cgroup rw,memory\n`;
  const none = Number.POSITIVE_INFINITY;
  const cases: readonly (readonly [title: string, files: Readonly<Record<string, string>>, cores: number])[] =
    [
      ['is none without control groups', {}, none],
      [
        'is none where the root says max',
        {
          '/proc/self/mountinfo': v2,
          '/proc/self/cgroup': '0::/\n',
          '/sys/fs/cgroup/cpu.max': 'max 100000\n',
        },
        none,
      ],
      [
        "is the root's, in a container that sees itself as the root",
        {
          '/proc/self/mountinfo': v2,
          '/proc/self/cgroup': '0::/\n',
          '/sys/fs/cgroup/cpu.max': '150000 100000\n',
        },
        1.5,
      ],
      [
        "is that of the process's own group",
        {
          '/proc/self/mountinfo': v2,
          '/proc/self/cgroup': '0::/user.slice/train.scope\n',
          '/sys/fs/cgroup/user.slice/cpu.max': 'max 100000\n',
          '/sys/fs/cgroup/user.slice/train.scope/cpu.max': '200000 100000\n',
        },
        2,
      ],
      [
        'is the least of all groups on the way to the root',
        {
          '/proc/self/mountinfo': v2,
          '/proc/self/cgroup': '0::/a/b/c\n',
          '/sys/fs/cgroup/a/cpu.max': '300000 100000\n',
          '/sys/fs/cgroup/a/b/cpu.max': '50000 50000\n',
          '/sys/fs/cgroup/a/b/c/cpu.max': '800000 100000\n',
        },
        1,
      ],
      [
        "is the root's where the path is one of the host",
        {
          '/proc/self/mountinfo': v2,
          '/proc/self/cgroup': '0::/../../docker/12ab\n',
          '/sys/fs/cgroup/cpu.max': '400000 100000\n',
        },
        4,
      ],
      [
        'is read from the two files of version 1',
        {
          '/proc/self/mountinfo': v1('/'),
          '/proc/self/cgroup': '4:cpu,cpuacct:/batch/job 7\n3:memory:/\n0::/\n',
          '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
          '/sys/fs/cgroup/cpu,cpuacct/batch/cpu.cfs_quota_us': '600000\n',
          '/sys/fs/cgroup/cpu,cpuacct/batch/cpu.cfs_period_us': '100000\n',
          '/sys/fs/cgroup/cpu,cpuacct/batch/job 7/cpu.cfs_quota_us': '125000\n',
          '/sys/fs/cgroup/cpu,cpuacct/batch/job 7/cpu.cfs_period_us': '50000\n',
        },
        2.5,
      ],
      [
        'is found in a container of version 1, where the mount shows the own group as its root',
        {
          '/proc/self/mountinfo': v1('/docker/12ab'),
          '/proc/self/cgroup': '4:cpuacct,cpu:/docker/12ab\n',
          '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '50000\n',
          '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
        },
        0.5,
      ],
      [
        'is found wherever version 1 is mounted, blanks in the path included',
        {
          '/proc/self/mountinfo': '9 1 0:3 / /c\\040g/cpu rw - cgroup none rw,cpu\n',
          '/proc/self/cgroup': '2:cpu:/\n',
          '/c g/cpu/cpu.cfs_quota_us': '300000\n',
          '/c g/cpu/cpu.cfs_period_us': '100000\n',
        },
        3,
      ],
      [
        'is the least of both versions on a hybrid host',
        {
          '/proc/self/mountinfo': `${v1('/')}50 34 0:40 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n`,
          '/proc/self/cgroup': '4:cpu,cpuacct:/old\n1:name=systemd:/init.scope\n0::/new\n',
          '/sys/fs/cgroup/unified/new/cpu.max': '250000 100000\n',
          '/sys/fs/cgroup/cpu,cpuacct/old/cpu.cfs_quota_us': '100000\n',
          '/sys/fs/cgroup/cpu,cpuacct/old/cpu.cfs_period_us': '100000\n',
        },
        1,
      ],
      [
        'is none where version 1 has none',
        {
          '/proc/self/mountinfo': v1('/'),
          '/proc/self/cgroup': '4:cpu,cpuacct:/\n',
          '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
          '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
        },
        none,
      ],
      [
        'is none where the text is not understood',
        {
          '/proc/self/mountinfo': v2,
          '/proc/self/cgroup': '0::/\n',
          '/sys/fs/cgroup/cpu.max': 'something else',
        },
        none,
      ],
    ];
  for (const [title, files, cores] of cases) {
    test(title, () =>
      assert.equal(
        cpuQuota((path) => files[normalize(path)]),
        cores,
      ),
    );
  }
});

test('cores to compute on are whole, and one at least; what limits them is named', () => {
  const quota = (text: string) => (path: string) =>
    ({
      '/proc/self/mountinfo': '35 24 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n',
      '/proc/self/cgroup': '0::/\n',
      '/sys/fs/cgroup/cpu.max': text,
    })[path];
  assert.equal(usableCores(quota('30000 100000\n'), {}), 1);
  assert.equal(usableCores(quota('190000 100000\n'), {}), 1);
  assert.match(coreLimit(quota('30000 100000\n'), {}) ?? '', /^CPU quota 0\.3 of \d+ cores?$/);
  const enough = coreLimit(quota('99900000 100000\n'), {});
  assert.equal(enough, availableParallelism() < cpus().length ? enough : undefined);
});

test('OMP_NUM_THREADS lowers the number of threads, and is named; what is no number counts as not set', () => {
  const nothing = () => undefined;
  const threads = (text: string) => usableCores(nothing, { OMP_NUM_THREADS: text });
  const all = usableCores(nothing, {});
  assert.deepEqual(['1', ' 1 ', '1,4', '1000', '', '0', '-1', 'many', '1.5'].map(threads), [
    ...[1, 1, 1],
    ...Array(6).fill(all),
  ]);
  const limit = coreLimit(nothing, { OMP_NUM_THREADS: '1' });
  assert.equal(limit, cpus().length === 1 ? undefined : `OMP_NUM_THREADS 1 of ${cpus().length} cores`);
});

test('a process may use at least one core, and no more than there are', () => {
  const cores = usableCores();
  assert.ok(Number.isInteger(cores) && cores >= 1 && cores <= availableParallelism());
});
