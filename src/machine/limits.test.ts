import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ReadText } from './control-groups.ts';
import { groupThreadLimit, memoryRoom, softLimit } from './limits.ts';
import { requireMemory } from './memory.ts';

const [megabyte, gigabyte] = [2 ** 20, 2 ** 30];

const files =
  (texts: Readonly<Record<string, string>>): ReadText =>
  (path) =>
    texts[path];

const machine = {
  '/proc/meminfo': `MemTotal: ${8 * megabyte} kB\nMemAvailable: ${4 * megabyte} kB\nSwapFree: ${megabyte} kB\n`,
  '/proc/self/limits': 'Max open files            32                   4096                 files     \n',
  '/proc/self/status': `VmSize: ${megabyte} kB\n`,
};
const v1 = {
  ...machine,
  '/proc/self/mountinfo':
    '9 1 0:3 / /cg/memory rw - cgroup none rw,memory\n8 1 0:3 / /cg/pids rw - cgroup none rw,pids\n',
  '/proc/self/cgroup': '4:memory:/job\n3:pids:/job\n',
  '/cg/memory/memory.limit_in_bytes': '9223372036854771712\n',
  '/cg/memory/job/memory.limit_in_bytes': `${gigabyte}\n`,
  '/cg/memory/job/memory.usage_in_bytes': `${900 * megabyte}\n`,
  '/cg/memory/job/memory.stat': `cache 5\ntotal_inactive_file ${100 * megabyte}\ntotal_active_file ${20 * megabyte}\n`,
  '/cg/pids/pids.max': 'max\n',
  '/cg/pids/job/pids.max': '100\n',
};
const v2 = {
  ...machine,
  '/proc/self/mountinfo': '9 1 0:3 / /cg rw - cgroup2 none rw\n',
  '/proc/self/cgroup': '0::/job\n',
  '/cg/job/memory.max': `${gigabyte}\n`,
  '/cg/job/memory.current': `${900 * megabyte}\n`,
  '/cg/job/memory.stat': `anon 7\nactive_file ${20 * megabyte}\ninactive_file ${100 * megabyte}\n`,
  '/cg/job/pids.max': '100\n',
  '/cg/pids.max': 'max\n',
};

test('softLimit returns the soft limit, or infinity if there is none', () => {
  assert.equal(softLimit('files', files(machine)), 32);
  assert.equal(softLimit('threads', files(machine)), Number.POSITIVE_INFINITY);
  const unlimited = { '/proc/self/limits': 'Max processes   unlimited   unlimited   processes\n' };
  assert.equal(softLimit('threads', files(unlimited)), Number.POSITIVE_INFINITY);
});

test('without /proc, limits come from the diagnostic report of Node.js', () => {
  const report = () => ({
    userLimits: { open_files: { soft: 256 }, max_user_processes: { soft: 'unlimited' } },
  });
  assert.equal(softLimit('files', files({}), report), 256);
  assert.equal(softLimit('threads', files({}), report), Number.POSITIVE_INFINITY);
  assert.ok(softLimit('files', files({})) > 0);
});

describe('free memory', () => {
  test('is what the machine has left, including swap space', () => {
    assert.deepEqual(memoryRoom(files(machine)), {
      free: 5 * gigabyte,
      limitedBy: 'machine',
      limit: 8 * gigabyte,
    });
  });
  for (const [version, texts] of Object.entries({ 1: v1, 2: v2 }))
    test(`is what the control group still allows, including cached files (version ${version})`, () => {
      assert.deepEqual(memoryRoom(files(texts)), {
        free: (1024 - 900 + 120) * megabyte,
        limitedBy: 'control group',
        limit: gigabyte,
      });
      assert.equal(groupThreadLimit(files(texts)), 100);
    });
  test('is what ulimit -v still allows', () => {
    const text = `Max address space   ${2 * gigabyte}   unlimited   bytes\n`;
    assert.deepEqual(memoryRoom(files({ ...machine, '/proc/self/limits': text })), {
      free: gigabyte,
      limitedBy: 'address space',
      limit: 2 * gigabyte,
    });
  });
  test('is unknown outside Linux, so no allocation is refused', () => {
    assert.equal(memoryRoom(files({})).free, Number.POSITIVE_INFINITY);
    requireMemory('a graph', 1e15, undefined, files({}));
  });
});

test('an allocation larger than the free memory is refused with the sizes, the limit and advice', () => {
  requireMemory('graph train', 180 * megabyte, undefined, files(v1));
  assert.throws(() => requireMemory('graph train', 3 * gigabyte, 'Use less', files(v1)), {
    name: 'RunError',
    message:
      'out of memory: graph train needs 3.1 GB, but found 244 MB free of 1.0 GB that the control group (container) allows. ' +
      'Use less, or raise the limit',
  });
});
