/**
 * Compares training steps on WebGPU with those on the CPU, if this machine has WebGPU. Both start every step from the same variables:
 * a step amplifies the rounding errors of earlier ones, also between the two engines on the CPU (bench/RESULTS.md).
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeNetwork } from '../../../model/networks.ts';
import { tutorialHyperparameters } from '../../../recipe/hyperparameters.ts';
import { RandomStream } from '../../../tensor/random.ts';
import { float32, scalar, sizeOf, type Tensor } from '../../../tensor/tensor.ts';
import { relativeDistance } from '../../../testing/compare.ts';
import {
  buildTrainingGraph,
  initialVariables,
  type TrainingGraph,
} from '../../../training/training-graph.ts';
import type { Tensors } from '../../engine.ts';
import { engineSupport } from '../../engines.ts';
import { createOnnxEngine } from './onnx-engine.ts';

const support = engineSupport('onnx', 'float32', 'webgpu');
const skip = 'why' in support ? support.why : false;
const [batchSize, steps] = [8, 3];

function feedsOf({ graph }: TrainingGraph, step: number): Tensors {
  const stream = new RandomStream(step, 'test');
  return new Map(
    [...graph.inputs].map(([name, { dtype, shape }]): [string, Tensor] => {
      if (dtype === 'int32')
        return [name, { dtype, shape, data: Int32Array.from({ length: sizeOf(shape) }, (_, i) => i) }];
      if (shape.length === 0) return [name, scalar(name === 'learning_rate' ? 0.1 : 0.9)];
      return [
        name,
        float32(
          shape,
          Float32Array.from({ length: sizeOf(shape) }, () => stream.normal()),
        ),
      ];
    }),
  );
}

/** What a variable of a session contains. */
type Values = Pick<Tensor, 'data'> | undefined;

/** Returns how much each element of a variable changed. */
function changeOf(before: Values, after: Values): Float64Array {
  const start = before?.data ?? [];
  const values: readonly (number | bigint)[] = [...(after?.data ?? [])];
  return Float64Array.from(values, (value, index) => Number(value) - Number(start[index]));
}

describe('training steps on WebGPU', { skip, timeout: 900_000 }, () => {
  for (const [name, configuration] of [
    ['cifar10', {}],
    ['cifar10_local', {}],
    ['resnet', { depth: 8 }],
  ] as const)
    test(`agree with those on the CPU: ${name}`, async (context) => {
      const network = makeNetwork(name, 10, configuration);
      const training = buildTrainingGraph({ network, batchSize, hyperparameters: tutorialHyperparameters });
      const cpu = await createOnnxEngine(1).compile(training.graph);
      const gpu = await createOnnxEngine(1, 'webgpu').compile(training.graph);
      context.after(() => Promise.all([cpu.release(), gpu.release()]));
      await cpu.write(initialVariables(training, 0));
      for (let step = 0; step < steps; step++) {
        const before = await cpu.read();
        await gpu.write(before);
        const feeds = feedsOf(training, step);
        const [expected, found] = [await cpu.step(feeds), await gpu.step(feeds)];
        for (const [output, { data }] of expected)
          assert.ok(
            // A sum over all weights of a layer is rounded in another order.
            relativeDistance(found.get(output)?.data ?? [], data) < 1e-4,
            `${output} of step ${step}`,
          );
        const after = await gpu.read();
        for (const [variable, { data }] of await cpu.read()) {
          const start = before.get(variable);
          const [change, expectedChange] = [changeOf(start, after.get(variable)), changeOf(start, { data })];
          // A ReLU near 0 may pass a gradient on one device only.
          const distance = relativeDistance(change, expectedChange);
          assert.ok(distance < 1e-2, `${variable} after step ${step}: ${distance}`);
        }
      }
    });
});
