/** The engines that the shared suites run on, each skipped with the reason where this machine lacks its library. */
import type { Engine, Precision } from '../engine/engine.ts';
import { createOnednnEngine } from '../engine/onednn/onednn-engine.ts';
import { onednnSupport } from '../engine/onednn/support.ts';
import { createOnnxEngine } from '../engine/onnx/onnx-engine.ts';
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
    skip: reasonNotToRun('float32'),
    create: onednn,
    offers: (op) => !('notOffered' in definitions[op].onednn),
  },
];

/** Why this machine does not compute fast in bfloat16 with oneDNN, or false. */
export const skipBfloat16: string | false = reasonNotToRun('bfloat16');

/** Why oneDNN does not serve here, or false. */
function reasonNotToRun(precision: Precision): string | false {
  const support = onednnSupport(precision);
  return support.verdict === 'fast' ? false : support.why;
}

/** The precisions that oneDNN can make a step ready for here, fast or not. */
export const plannedPrecisions: readonly Precision[] = (['float32', 'bfloat16'] as const).filter(
  (precision) => ['fast', 'slow'].includes(onednnSupport(precision).verdict),
);

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
