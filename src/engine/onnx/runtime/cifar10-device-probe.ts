/**
 * The program of a device's trial (`device-trial.ts`). Its arguments are the device and the task. It prints a line of JSON for each
 * finding, so that what it found is known even if a driver then ends the process.
 */
import { argv, stdout } from 'node:process';
import { messageOf } from '../../../errors.ts';
import { float32 } from '../../../tensor/tensor.ts';
import { type Device, parseDevice } from '../../device.ts';
import type { OnnxGraph } from '../compile/lower.ts';
import { encodeModel } from '../compile/model.ts';
import type { Outcome, ProbeReport } from './device-trial.ts';
import { float32Of, loadModel, offeredDevices, ortTensor, printErrors } from './onnx-runtime.ts';
import { disableTelemetry } from './telemetry.ts';
import { listAdapters } from './vulkan-adapters.ts';

const values = [1, 2, 3, 4];
const doubled = values.map((x) => 2 * x);
const value = (name: string) => ({ name, dtype: 'float32', shape: [values.length] }) as const;
const node = (opType: string, input: string, output: string, count = 1) => ({
  opType,
  inputs: Array.from({ length: count }, () => input),
  outputs: [output],
});

/** y = x + x. */
const float32Nodes: OnnxGraph['nodes'] = [{ ...node('Add', 'x', 'y', 2), attributes: {} }];

/** The same in float16. The types are those of `TensorProto.DataType`: 1 is float32, 10 is float16. */
const float16Nodes: OnnxGraph['nodes'] = [
  { ...node('Cast', 'x', 'small'), attributes: { to: { int: 10 } } },
  { ...node('Add', 'small', 'sum', 2), attributes: {} },
  { ...node('Cast', 'sum', 'y'), attributes: { to: { int: 1 } } },
];

async function compute(device: Device, nodes: OnnxGraph['nodes']): Promise<Outcome> {
  try {
    const graph = {
      name: 'probe',
      inputs: [value('x')],
      outputs: [value('y')],
      nodes,
      initializers: new Map(),
    };
    const model = await loadModel(encodeModel(graph), { threads: 1, device });
    const { y } = await model.run({ x: ortTensor(float32([values.length], values)) }, { y: null });
    const found = y === undefined ? [] : [...float32Of(y)];
    await model.release();
    if (doubled.every((x, index) => found[index] === x)) return { works: true };
    return { works: false, error: `it computed ${found.join(', ')} instead of ${doubled.join(', ')}` };
  } catch (error) {
    return { works: false, error: messageOf(error) };
  }
}

function print(report: ProbeReport): void {
  stdout.write(`${JSON.stringify(report)}\n`);
}

const device = parseDevice(argv[2] ?? '') ?? 'cpu';
if (argv[3] === 'list-adapters') print(listAdapters());
else {
  disableTelemetry();
  printErrors();
  print({ offered: offeredDevices() });
  print({ float32: await compute(device, float32Nodes) });
  print({ float16: await compute(device, float16Nodes) });
}
