import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { normalize } from 'node:path/posix';
import { describe, test } from 'node:test';
import { cpuQuota, usableCores } from './cores.ts';

describe('the CPU quota', () => {
  const cases: readonly (readonly [title: string, files: Readonly<Record<string, string>>, cores: number])[] =
    [
      ['is none without control groups', {}, Number.POSITIVE_INFINITY],
      [
        'is none where the root says max',
        { '/sys/fs/cgroup/cpu.max': 'max 100000\n' },
        Number.POSITIVE_INFINITY,
      ],
      [
        "is the root's, in a container that sees itself as the root",
        { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '150000 100000\n' },
        1.5,
      ],
      [
        "is that of the process's own group",
        {
          '/proc/self/cgroup': '0::/user.slice/train.scope\n',
          '/sys/fs/cgroup/user.slice/cpu.max': 'max 100000\n',
          '/sys/fs/cgroup/user.slice/train.scope/cpu.max': '200000 100000\n',
        },
        2,
      ],
      [
        'is the least of all groups on the way to the root',
        {
          '/proc/self/cgroup': '0::/a/b/c\n',
          '/sys/fs/cgroup/a/cpu.max': '300000 100000\n',
          '/sys/fs/cgroup/a/b/cpu.max': '50000 50000\n',
          '/sys/fs/cgroup/a/b/c/cpu.max': '800000 100000\n',
        },
        1,
      ],
      [
        "is the root's where the path is one of the host",
        { '/proc/self/cgroup': '0::/docker/12ab\n', '/sys/fs/cgroup/cpu.max': '400000 100000\n' },
        4,
      ],
      [
        'is found beside the controllers of version 1, which have lines of their own',
        {
          '/proc/self/cgroup': '12:cpu,cpuacct:/old\n1:name=systemd:/init.scope\n0::/new\n',
          '/sys/fs/cgroup/new/cpu.max': '250000 100000\n',
          '/sys/fs/cgroup/old/cpu.max': '100000 100000\n',
        },
        2.5,
      ],
      [
        'is none where the text is not understood',
        { '/sys/fs/cgroup/cpu.max': 'something else' },
        Number.POSITIVE_INFINITY,
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

test('a process may use at least one core, and no more than there are', () => {
  const cores = usableCores();
  assert.ok(Number.isInteger(cores) && cores >= 1 && cores <= availableParallelism());
});
