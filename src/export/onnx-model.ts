/** How exported ONNX models are made and run in Node.js. Only this file of the folder uses the ONNX engine directly, because no other
 * engine runs ONNX files. */

import { chooseEngine } from '../engine/engines.ts';
import type { OnnxGraph } from '../engine/onnx/compile/lower.ts';
import { openModel } from '../engine/onnx/runtime/onnx-engine.ts';
import { RunError } from '../errors.ts';
import type { Classifier } from '../predict/classifier.ts';
import { softmax } from '../tensor/softmax.ts';
import { float32Data, sizeOf } from '../tensor/tensor.ts';
import { logitsName } from './inference-graph.ts';
import { defaultEngine } from './live-network.ts';
import { type Compute, logitsModel } from './portable-model.ts';
import type { TrainedNetwork } from './trained-network.ts';

export type { OnnxGraph };

/** Lowers the network with its weights (`logitsModel`). */
export function networkModel(trained: TrainedNetwork): Promise<OnnxGraph> {
  return logitsModel(trained, compute);
}

/** Computes a graph without inputs with the default engine. */
export const compute: Compute = async (graph, values) => {
  const session = await defaultEngine().compile(graph);
  try {
    await session.write(values);
    return await session.step(new Map());
  } finally {
    await session.release();
  }
};

/** Loads a model for `pixel_values`, float32 [N, C, H, W] of values 0 … 255, that returns logits. */
export async function openLogitsModel(
  bytes: Uint8Array,
  { network, picture }: Pick<TrainedNetwork, 'network' | 'picture'>,
  input: string,
  batchSize: number,
): Promise<Classifier> {
  const { library, threads } = chooseEngine({ engine: 'onnx', precision: 'float32' }).engine;
  const type = { dtype: 'float32', shape: [batchSize, ...picture] } as const;
  const session = await openModel(network.name, bytes, new Map([[input, type]]), [logitsName]);
  const { classes } = network;
  return {
    ...{ library, threads, batchSize, device: 'cpu' },
    classify: async (pictures) => {
      const data = new Float32Array(sizeOf(type.shape));
      for (const [row, pixels] of pictures.entries()) data.set(pixels, row * sizeOf(picture));
      const logits = (await session.step(new Map([[input, { ...type, data }]]))).get(logitsName);
      if (logits === undefined) throw new RunError(`the exported model returned no ${logitsName}`);
      const values = float32Data(logits);
      return pictures.map((_, row) => softmax(values.subarray(row * classes, (row + 1) * classes)));
    },
    release: () => session.release(),
  };
}
