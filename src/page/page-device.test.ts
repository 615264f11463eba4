import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as ort from 'onnxruntime-node';
import { chooseDevice, deviceWords, requireWorking } from './page-device.ts';
import type { PageDevice, PageRuntime } from './page-runtime.ts';

const cpu: PageDevice = { kind: 'cpu', threads: 1, library: 'onnxruntime-web 1.30.0' };

describe('a page chooses', () => {
  const gpu = { canWait: true, adapter: { isSoftware: false } };
  const software = { canWait: true, adapter: { isSoftware: true } };
  const none = { canWait: true, adapter: undefined };

  test('the GPU if there is one', () => {
    assert.deepEqual(chooseDevice(null, gpu), { kind: 'webgpu' });
    assert.deepEqual(chooseDevice('banana', gpu), { kind: 'webgpu' });
  });

  test('the CPU if there is none, or it is emulated', () => {
    assert.deepEqual(chooseDevice(null, none), { kind: 'cpu' });
    assert.deepEqual(chooseDevice(null, software), { kind: 'cpu', remark: 'the GPU would be emulated' });
    assert.equal(chooseDevice(null, { ...gpu, canWait: false }).kind, 'cpu');
  });

  test('what the address asks for, if that works', () => {
    assert.deepEqual(chooseDevice('wasm', gpu), { kind: 'cpu' });
    assert.deepEqual(chooseDevice('webgpu', software), { kind: 'webgpu' });
    assert.deepEqual(chooseDevice('webgpu', none), { kind: 'cpu', remark: 'this browser offers no GPU' });
    assert.equal(chooseDevice('webgpu', { ...software, canWait: false }).kind, 'cpu');
  });
});

test('the words for a device say where it computes, and why', () => {
  assert.equal(deviceWords(cpu), 'onnxruntime-web 1.30.0 on the CPU, 1 thread');
  assert.equal(
    deviceWords({ ...cpu, threads: 2 }, 'the GPU would be emulated'),
    'onnxruntime-web 1.30.0 on the CPU, 2 threads (the GPU would be emulated)',
  );
  assert.equal(deviceWords({ ...cpu, kind: 'webgpu' }), 'onnxruntime-web 1.30.0 on the GPU (WebGPU)');
});

test('a device that works computes a sum, and others are refused', async () => {
  await requireWorking(ort, cpu);
  const wrong: PageRuntime = {
    Tensor: ort.Tensor,
    InferenceSession: {
      create: async () => ({
        run: async () => ({ y: new ort.Tensor('float32', Float32Array.of(2, 4, 6, 7), [4]) }),
        release: async () => undefined,
      }),
    },
  };
  await assert.rejects(requireWorking(wrong, cpu), { name: 'RunError', message: '4 + 4 was computed as 7' });
  const broken: PageRuntime = {
    ...wrong,
    InferenceSession: { create: () => Promise.reject(new Error('no device')) },
  };
  await assert.rejects(requireWorking(broken, cpu), { name: 'RunError', message: /no device/ });
});
