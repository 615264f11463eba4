import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunList, RunSummary } from '../wire.ts';
import { ListedRuns } from './listed-runs.ts';

const run = (id: string, step: number): RunSummary => ({
  ...{ id, path: id, state: 'live', isRead: true, step, maxSteps: null, started: null, changed: null },
  ...{ settings: {}, results: {}, scalars: [], histograms: [], images: [], remarks: [] },
  has: { log: false, checkpoint: false, evaluations: false },
});
const listOf = (...runs: readonly RunSummary[]): RunList => ({
  ...{ version: '0', program: 'npx cifar10', folder: 'runs', isLive: true, runs },
});
const stepsIn = (list: RunList | undefined) => list?.runs.map(({ id, step }) => `${id} ${step}`);

test('a change that arrives during a request is made to its answer, once', async () => {
  const listed = new ListedRuns();
  let answer = (_: RunList) => {};
  const answered = new Promise<RunList>((resolve) => {
    answer = resolve;
  });
  const first = listed.request(() => answered);
  assert.equal(listed.change({ runs: [run('a', 2), run('c', 1)], removed: ['b'] }), undefined);
  answer(listOf(run('a', 1), run('b', 1)));
  assert.deepEqual(stepsIn(await first), ['a 2', 'c 1']);
  assert.deepEqual(stepsIn(listed.change({ runs: [run('a', 3)], removed: [] })), ['a 3', 'c 1']);
  const second = await listed.request(async () => listOf(run('a', 4), run('b', 5)));
  assert.deepEqual(stepsIn(second), ['a 4', 'b 5']);
});

test('a request that fails leaves the list', async () => {
  const listed = new ListedRuns();
  await listed.request(async () => listOf(run('a', 1)));
  const failing = listed.request(() => Promise.reject(new Error('lost')));
  listed.change({ runs: [run('a', 2)], removed: [] });
  await assert.rejects(failing, /lost/);
  assert.deepEqual(stepsIn(listed.change({ runs: [], removed: [] })), ['a 2']);
});
