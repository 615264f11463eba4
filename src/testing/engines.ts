/** The engines that the shared suites run on, each skipped with the reason where this machine lacks its library. */
import type { Engine, Precision } from '../engine/engine.ts';
import { createOnednnEngine } from '../engine/onednn/onednn-engine.ts';
import { createOnnxEngine } from '../engine/onnx/onnx-engine.ts';
import { messageOf } from '../errors.ts';
import type { OpName } from '../graph/signature.ts';
import { definitions } from '../ops/table.ts';

export interface EngineCase {
  readonly name: string;
  /** Why it cannot run here, or false. */
  readonly skip: string | false;
  readonly create: (threads: number, precision?: Precision) => Engine;
  readonly offers: (op: OpName) => boolean;
}

const onednn = (threads: number, precision: Precision = 'float32') =>
  createOnednnEngine({ threads, precision });

export const engines: readonly EngineCase[] = [
  { name: 'onnx', skip: false, create: (threads) => createOnnxEngine(threads), offers: () => true },
  {
    name: 'onednn',
    skip: reasonNotToRun(() => onednn(1)),
    create: onednn,
    offers: (op) => !('notOffered' in definitions[op].onednn),
  },
];

/** Why this machine cannot compute in bfloat16 with oneDNN, or false. */
export const skipBfloat16: string | false = reasonNotToRun(() => onednn(1, 'bfloat16'));

function reasonNotToRun(create: () => Engine): string | false {
  try {
    create();
    return false;
  } catch (error) {
    return messageOf(error);
  }
}

/** The flags that choose each engine and precision, for tests that run the program. */
export const engineFlags: readonly {
  readonly title: string;
  readonly flags: readonly string[];
  readonly skip: string | false;
}[] = [
  { title: 'onnx', flags: ['--engine', 'onnx'], skip: false },
  { title: 'onednn', flags: ['--engine', 'onednn'], skip: engines[1]?.skip ?? false },
  {
    title: 'onednn in bfloat16',
    flags: ['--engine', 'onednn', '--precision', 'bfloat16'],
    skip: skipBfloat16,
  },
];
