import assert from 'node:assert/strict';
import { availableParallelism, cpus } from 'node:os';
import { normalize } from 'node:path/posix';
import { describe, test } from 'node:test';
import { coreLimit, cpuQuota, usableCores } from './cores.ts';

describe('the CPU quota is', () => {
  const v2 = '35 24 0:30 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup rw,nsdelegate\n';
  /** Mounts of control groups version 1, as on RHEL 7, with the given group visible at the mount points. */
  const v1 = (root: string) =>
    `42 34 0:30 ${root} /sys/fs/cgroup/cpu,cpuacct rw,nosuid master:16 - cgroup cgroup rw,cpu,cpuacct\n` +
    `43 34 0:31 ${root} /sys/fs/cgroup/memory rw,nosuid master:17 - cgroup cgroup rw,memory\n`;
  const none = Number.POSITIVE_INFINITY;
  const cases: readonly (readonly [title: string, files: Readonly<Record<string, string>>, cores: number])[] =
    [
      ['infinite without control groups', {}, none],
      [
        'infinite if the root group has "max"',
        {
          '/proc/self/mountinfo': v2,
          '/proc/self/cgroup': '0::/\n',
          '/sys/fs/cgroup/cpu.max': 'max 100000\n',
        },
        none,
      ],
      [
        "the root group's, in a container that sees its own group as the root",
        {
          '/proc/self/mountinfo': v2,
          '/proc/self/cgroup': '0::/\n',
          '/sys/fs/cgroup/cpu.max': '150000 100000\n',
        },
        1.5,
      ],
      [
        "the quota of the process's own group",
        {
          '/proc/self/mountinfo': v2,
          '/proc/self/cgroup': '0::/user.slice/train.scope\n',
          '/sys/fs/cgroup/user.slice/cpu.max': 'max 100000\n',
          '/sys/fs/cgroup/user.slice/train.scope/cpu.max': '200000 100000\n',
        },
        2,
      ],
      [
        'the minimum over all groups up to the root',
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
        "the mounted group's if the path is one of the host",
        {
          '/proc/self/mountinfo': v2,
          '/proc/self/cgroup': '0::/../../docker/12ab\n',
          '/sys/fs/cgroup/cpu.max': '400000 100000\n',
        },
        4,
      ],
      [
        'read from two files in version 1',
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
        'found in a container with version 1, whose own group is the root of the mount',
        {
          '/proc/self/mountinfo': v1('/docker/12ab'),
          '/proc/self/cgroup': '4:cpuacct,cpu:/docker/12ab\n',
          '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '50000\n',
          '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
        },
        0.5,
      ],
      [
        'found wherever version 1 is mounted, even with spaces in the path',
        {
          '/proc/self/mountinfo': '9 1 0:3 / /c\\040g/cpu rw - cgroup none rw,cpu\n',
          '/proc/self/cgroup': '2:cpu:/\n',
          '/c g/cpu/cpu.cfs_quota_us': '300000\n',
          '/c g/cpu/cpu.cfs_period_us': '100000\n',
        },
        3,
      ],
      [
        'the minimum over both versions on a hybrid host',
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
        'infinite if version 1 has -1',
        {
          '/proc/self/mountinfo': v1('/'),
          '/proc/self/cgroup': '4:cpu,cpuacct:/\n',
          '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
          '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
        },
        none,
      ],
      [
        'infinite if the file cannot be parsed',
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

test('the number of usable cores is an integer of at least 1, and coreLimit says what limits it', () => {
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

test('OMP_NUM_THREADS lowers the number of threads, coreLimit mentions it, and invalid values are ignored', () => {
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

test('a process can use at least one core, and no more than the machine has', () => {
  const cores = usableCores();
  assert.ok(Number.isInteger(cores) && cores >= 1 && cores <= availableParallelism());
});
