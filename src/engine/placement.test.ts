import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GraphBuilder } from '../ops/builder.ts';
import { float32, scalar } from '../tensor/tensor.ts';
import { allVariants, engineVariants } from '../testing/engines.ts';
import type { DeviceKind } from './device.ts';

/** A dense layer with a bias and a ReLU, whose bias changes in every step. */
function denseLayer() {
  const builder = new GraphBuilder('dense');
  const { op } = builder;
  const x = builder.input('x', { dtype: 'float32', shape: [16, 32] });
  const weights = builder.variable('layer/weights', { dtype: 'float32', shape: [32, 16] });
  const biases = builder.variable('layer/biases', { dtype: 'float32', shape: [16] });
  const product = op(
    'MatMul',
    { a: x, b: weights },
    { transposeA: false, transposeB: false },
    'layer/MatMul',
  );
  const sum = op('BiasAdd', { x: product, bias: biases }, {}, 'layer/BiasAdd');
  const y = op('Relu', { x: sum }, {}, 'layer/layer');
  builder.output('y', y);
  builder.watch('sum', sum);
  const rate = op('Constant', {}, { value: scalar(2) }, 'rate');
  builder.update(biases, op('Mul', { a: biases, b: rate }, {}, 'train/layer/biases'));
  return builder.build();
}

/** The execution providers of ONNX Runtime. */
const providers: Readonly<Record<DeviceKind, RegExp>> = {
  cpu: /^CPUExecutionProvider$/,
  webgpu: /^WebGpuExecutionProvider$/,
  cuda: /^CUDAExecutionProvider$/,
};

for (const { title, engine, device: kind, missing, create } of allVariants) {
  describe(`the placement of a session of ${title}`, { skip: missing }, () => {
    test('names the kernels that run, with their devices, and changes nothing', async () => {
      const graph = denseLayer();
      const session = await create(1).compile(graph);
      const biases = float32(
        [16],
        Array.from({ length: 16 }, (_, index) => index),
      );
      await session.write(new Map([['layer/biases', biases]]));
      const kernels = await session.placement();
      assert.deepEqual((await session.read()).get('layer/biases'), biases);
      const feeds = new Map([['x', float32([16, 32], new Float32Array(512))]]);
      await session.step(feeds);
      assert.deepEqual((await session.read()).get('layer/biases')?.data[3], 6);
      assert.deepEqual(await session.placement(), kernels, 'it is the same after a step');
      await session.release();
      const names = kernels.flatMap(({ name, fused }) => [name, ...fused]);
      for (const node of ['layer/MatMul', 'train/layer/biases'])
        assert.ok(
          names.some((name) => name === node || name.startsWith(`${node}/`)),
          `${node}: ${names}`,
        );
      for (const { kernel, device } of kernels) {
        assert.match(kernel, engine === 'onnx' ? providers[kind] : /^(jit|brg|gemm|ref|simple|brgemm)/);
        assert.equal(device, kind === 'cpu' ? '/device:CPU:0' : '/device:GPU:0');
      }
    });

    test('is that of the kernels that a profile measures', async () => {
      const graph = denseLayer();
      const session = await create(1).compile(graph, { profiling: true });
      const kernels = await session.placement();
      const parts = await session.profile(new Map([['x', float32([16, 32], new Float32Array(512))]]), 1);
      await session.release();
      assert.deepEqual(
        kernels.map(({ op, kernel }) => [op, kernel]),
        parts.map(({ op, code }) => [op, code]),
      );
    });
  });
}

const onednn = engineVariants.find(({ title }) => title === 'onednn');
assert.ok(onednn);

test('oneDNN names the nodes that it fused into a kernel', { skip: onednn.skip }, async () => {
  const session = await onednn.create(1).compile(denseLayer());
  const kernels = await session.placement();
  await session.release();
  const product = kernels.find(({ name }) => name === 'layer/MatMul');
  assert.deepEqual(product?.fused, ['layer/BiasAdd', 'layer/layer']);
});
