import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobsOf } from '../testing/jobs.ts';
import { ownDevice, visibleGpus } from './own-device.ts';

const devicesOf = (processes: number, device: 'cuda' | 'cuda:1' | 'webgpu' | 'cpu', gpus: number) =>
  Promise.all(jobsOf(processes).map((job) => ownDevice(device, job, gpus)));

test('processes on the same host take its GPUs in turn', async () => {
  assert.deepEqual(await devicesOf(3, 'cuda', 2), ['cuda', 'cuda:1', 'cuda']);
  assert.deepEqual(await devicesOf(2, 'cuda', 8), ['cuda', 'cuda:1']);
});

test('a device with a number, another device, and a single GPU are the same for all processes', async () => {
  assert.deepEqual(await devicesOf(2, 'cuda:1', 4), ['cuda:1', 'cuda:1']);
  assert.deepEqual(await devicesOf(2, 'webgpu', 4), ['webgpu', 'webgpu']);
  assert.deepEqual(await devicesOf(2, 'cuda', 1), ['cuda', 'cuda']);
  assert.deepEqual(await devicesOf(2, 'cuda', 0), ['cuda', 'cuda']);
});

test('processes that request different devices of one kind do not wait for each other forever', async () => {
  const [first, second] = jobsOf(2);
  assert.deepEqual(await Promise.all([ownDevice('cuda', first, 2), ownDevice('cuda:1', second, 2)]), [
    'cuda',
    'cuda:1',
  ]);
});

test('a process alone keeps its device', async () => {
  assert.equal(await ownDevice('cuda', undefined, 4), 'cuda');
});

test('CUDA_VISIBLE_DEVICES limits the GPUs up to its first invalid entry', () => {
  const visible = (value: string) => visibleGpus({ CUDA_VISIBLE_DEVICES: value }, () => 8);
  assert.equal(visible('0,2, 3'), 3);
  assert.equal(visible('GPU-8932f937,1'), 2);
  assert.equal(visible('0,-1,2'), 1);
  assert.equal(visible(''), 0);
  assert.equal(
    visibleGpus({}, () => 8),
    8,
  );
});
