import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseEngine } from '../engine/engines.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { slowWarning } from './slow-precision.ts';

const chosen = chooseEngine({ engine: 'onnx', precision: 'float16', threads: 1 });

/** Counts the images of the graphs that are timed. */
function trial(batchSize: number) {
  const images: number[] = [];
  const graphFor = (count: number) => {
    images.push(count);
    const b = new GraphBuilder('small');
    const x = b.input('x', { dtype: 'float32', shape: [count, 64] });
    b.output('y', b.op('MatMul', { a: x, b: x }, { transposeA: true, transposeB: false }));
    return { graph: b.build() };
  };
  return { batchSize, graphFor, images };
}

test('a precision without fast code causes a warning with the reason and the measured ratio', async () => {
  const few = trial(3);
  assert.match(
    String(await slowWarning(chosen, few)),
    /^float16 is not fast with `engine: onnx` on `device: cpu`: ONNX Runtime has no float16 kernels for CPUs.*\. A step of 3 images takes \d+\.\d times as long as in float32$/,
  );
  const many = trial(1000);
  assert.match(String(await slowWarning(chosen, many)), /A step of 8 images takes/);
  assert.deepEqual([few.images, many.images], [[3], [8]]);
});

test('a fast precision causes no warning, and nothing is timed', async () => {
  const none = trial(3);
  const exact = chooseEngine({ engine: 'onnx', precision: 'float32', threads: 1 });
  assert.equal(exact.slow, undefined);
  assert.equal(await slowWarning(exact, none), undefined);
  assert.deepEqual(none.images, []);
});

test('on a GPU, float16 causes a warning if a step takes clearly longer than in float32', async () => {
  const onGpu = { engine: { ...chosen.engine, device: 'webgpu' } } as const;
  const timed = (float16: number) => async (precision: string) => (precision === 'float16' ? float16 : 10);
  const images = trial(100);
  assert.equal(
    await slowWarning(onGpu, images, timed(27)),
    'float16 is not fast with `engine: onnx` on `device: webgpu`: it has faster code for float32. ' +
      'A step of 64 images takes 2.7 times as long as in float32',
  );
  assert.equal(await slowWarning(onGpu, images, timed(10.5)), undefined);
  assert.deepEqual(images.images, [64, 64]);
});
