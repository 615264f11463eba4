/** The program of a device's trial: adds two tensors on the device that its argument names, and prints the answer as JSON. */
import { argv, stdout } from 'node:process';
import { messageOf } from '../../../errors.ts';
import { float32 } from '../../../tensor/tensor.ts';
import { parseDevice } from '../../device.ts';
import { encodeModel } from '../compile/model.ts';
import type { ProbeAnswer } from './device-probe.ts';
import { float32Of, loadModel, ortTensor } from './onnx-runtime.ts';
import { disableTelemetry } from './telemetry.ts';

const values = [1, 2, 3, 4];
const value = (name: string) => ({ name, dtype: 'float32', shape: [values.length] }) as const;

async function trial(): Promise<ProbeAnswer> {
  try {
    const model = await loadModel(
      encodeModel({
        name: 'probe',
        inputs: [value('x')],
        outputs: [value('y')],
        nodes: [{ opType: 'Add', inputs: ['x', 'x'], outputs: ['y'], attributes: {} }],
        initializers: new Map(),
      }),
      { threads: 1, device: parseDevice(argv[2] ?? '') ?? 'cpu' },
    );
    const { y } = await model.run({ x: ortTensor(float32([values.length], values)) }, { y: null });
    const found = y === undefined ? [] : [...float32Of(y)];
    await model.release();
    if (values.every((x, index) => found[index] === 2 * x)) return { works: true };
    return {
      works: false,
      error: `it computed ${found.join(', ')} instead of ${values.map((x) => 2 * x).join(', ')}`,
    };
  } catch (error) {
    return { works: false, error: messageOf(error) };
  }
}

disableTelemetry();
stdout.write(`${JSON.stringify(await trial())}\n`);
