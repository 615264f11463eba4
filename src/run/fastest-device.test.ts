import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Device } from '../engine/device.ts';
import type { Engine } from '../engine/engine.ts';
import { RunError, StoppedError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { idleSession } from '../testing/idle-session.ts';
import { jobsOf } from '../testing/jobs.ts';
import { type DeviceEvent, fastestDevice, requireOffer, type TrialRequest } from './fastest-device.ts';

/** A graph with an input [N, 2]. */
function graphOf(images: number): Graph {
  const builder = new GraphBuilder('trial');
  builder.output('same', builder.input('images', { dtype: 'float32', shape: [images, 2] }));
  return builder.build();
}

/** Returns after a time in milliseconds, and never before. A timer may end a millisecond early. */
async function takeAtLeast(millis: number): Promise<void> {
  const end = performance.now() + millis;
  for (let left = millis; left > 0; left = end - performance.now()) await pause(Math.ceil(left));
}

/** Returns a request whose devices take that long for a step.
 * @param millis the time of a step by device, depending on the number of images, or why the device does not work
 * @param taken is called with the device and the number of images of every step */
function requestOf(
  millis: Partial<Readonly<Record<Device, ((images: number) => number) | string>>>,
  taken: (device: Device, images: number) => void = () => undefined,
): TrialRequest {
  const engineOn = (device: Device): Engine => ({
    ...{ name: 'onnx', library: 'none', precision: 'float32', device, threads: 1 },
    compile: async (graph) => {
      const images = graph.inputs.get('images')?.shape[0] ?? 0;
      return idleSession(async () => {
        taken(device, images);
        const time = millis[device];
        if (typeof time !== 'string') await takeAtLeast(time?.(images) ?? 0);
        return new Map();
      });
    },
  });
  return {
    ...{
      engine: 'onnx',
      precision: 'float32',
      batchSize: 8,
      graphFor: (images) => ({ graph: graphOf(images) }),
    },
    create: ({ device = 'cpu' }) => {
      const works = millis[device];
      if (works === undefined || typeof works === 'string') throw new RunError(works ?? 'not found');
      return { engine: engineOn(device) };
    },
  };
}

test('the device with the shortest step is chosen, and those that do not work are listed', async () => {
  const events: DeviceEvent[] = [];
  const request = {
    ...requestOf({ cpu: () => 60, webgpu: () => 5 }),
    report: (event: DeviceEvent) => events.push(event),
  };
  const { device, trials } = await fastestDevice(request);
  assert.equal(device, 'webgpu');
  assert.deepEqual(
    trials.map((trial) =>
      'why' in trial ? trial : { device: trial.device, isUpperBound: trial.isUpperBound },
    ),
    [
      { device: 'cpu', isUpperBound: false },
      { device: 'webgpu', isUpperBound: false },
      { device: 'cuda', why: 'not found' },
    ],
  );
  const [cpu, webgpu] = trials.flatMap((trial) => ('why' in trial ? [] : [trial.imagesPerSecond]));
  assert.ok((cpu ?? 0) <= 8000 / 60 && (webgpu ?? 0) > 2 * (cpu ?? 0), `${cpu}, ${webgpu}`);
  assert.deepEqual(
    events.map(({ kind, device }) => `${kind} ${device}`),
    ['tryingDevice cpu', 'tryingDevice webgpu', 'tryingDevice cuda', 'device webgpu'],
  );
});

test('a device that is slower with a single image is not tried with all of them', async () => {
  const images = new Map<Device, Set<number>>();
  const request = requestOf({ cpu: () => 5, webgpu: (count) => 100 * count }, (device, count) =>
    images.set(device, (images.get(device) ?? new Set()).add(count)),
  );
  const { device, trials } = await fastestDevice(request);
  assert.equal(device, 'cpu');
  assert.deepEqual([...(images.get('webgpu') ?? [])], [1]);
  const slow = trials.find((trial) => trial.device === 'webgpu');
  assert.ok(slow !== undefined && 'engine' in slow && slow.isUpperBound);
  // A step with all 8 images takes at least as long as one with a single image.
  assert.ok(slow.imagesPerSecond <= 8000 / 100, `${slow.imagesPerSecond}`);
});

test('a single device that offers the precision is chosen without a trial', async () => {
  const request = { ...requestOf({}), engine: 'onednn', precision: 'bfloat16' } as const;
  assert.deepEqual(await fastestDevice(request), { device: 'cpu', trials: [] });
});

test('if no device works, the error contains all reasons', async () => {
  await assert.rejects(fastestDevice(requestOf({ cpu: 'no library', webgpu: 'no adapter' })), {
    name: 'RunError',
    message: 'no device works here: no library; no adapter; not found',
  });
});

test('a stop ends the trial', async () => {
  const signal = AbortSignal.abort();
  await assert.rejects(fastestDevice({ ...requestOf({ cpu: () => 1 }), signal }), StoppedError);
});

test('in a job, the first process tries the devices, and the others use its choice', async () => {
  const tried: number[] = [];
  const found = await Promise.all(
    jobsOf(2).map((job) =>
      fastestDevice(
        requestOf({ cpu: () => 20, webgpu: () => 1 }, () => tried.push(job.rank)),
        job,
      ),
    ),
  );
  assert.deepEqual(found[0], found[1]);
  assert.equal(found[0]?.device, 'webgpu');
  assert.deepEqual([...new Set(tried)], [0]);
});

test('auto requires an engine that offers the precision on some device', () => {
  requireOffer({ engine: 'onnx', precision: 'float32', device: 'auto' });
  assert.throws(() => requireOffer({ engine: 'onnx', precision: 'bfloat16', device: 'auto' }), {
    name: 'UsageError',
    message: /`engine: onnx` only computes in .*; for bfloat16 use `engine: onednn` or `engine: auto`/,
  });
  assert.throws(() => requireOffer({ engine: 'onednn', precision: 'float32', device: 'webgpu' }), {
    name: 'UsageError',
    message: /^`engine: onednn` does not compute on `device: webgpu`/,
  });
});
