/** What an ONNX file holds. */

import { messageOf, RunError } from '../../errors.ts';
import { ModelProto } from './schema.ts';

export interface OnnxSummary {
  readonly producer: string;
  readonly opset: number;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Nodes by operator, the most frequent first. */
  readonly operators: readonly (readonly [operator: string, count: number])[];
  readonly initializerBytes: number;
}

interface ValueInfo {
  readonly name?: string;
  readonly type?: {
    readonly tensor_type?: {
      readonly shape?: { readonly dim?: readonly { readonly dim_value?: unknown }[] };
    };
  };
}
interface Model {
  readonly producer_name?: string;
  readonly opset_import?: readonly { readonly domain?: string; readonly version?: unknown }[];
  readonly graph?: {
    readonly node?: readonly { readonly op_type?: string }[];
    readonly input?: readonly ValueInfo[];
    readonly output?: readonly ValueInfo[];
    readonly initializer?: readonly { readonly raw_data?: Uint8Array }[];
  };
}

/** @throws RunError when the bytes are no ONNX model. */
export function summarizeOnnx(file: string, bytes: Uint8Array): OnnxSummary {
  const { producer_name = '', opset_import = [], graph } = decode(file, bytes);
  if (graph === undefined) throw new RunError(`${file}: is no ONNX model: it has no graph`);
  const counts = new Map<string, number>();
  for (const { op_type = '' } of graph.node ?? []) counts.set(op_type, (counts.get(op_type) ?? 0) + 1);
  return {
    producer: producer_name,
    opset: Number(opset_import.find(({ domain = '' }) => domain === '')?.version ?? 0),
    inputs: (graph.input ?? []).map(describe),
    outputs: (graph.output ?? []).map(describe),
    operators: [...counts].sort(([a, n], [b, m]) => m - n || a.localeCompare(b)),
    initializerBytes: (graph.initializer ?? []).reduce(
      (sum, { raw_data }) => sum + (raw_data?.length ?? 0),
      0,
    ),
  };
}

function decode(file: string, bytes: Uint8Array): Model {
  try {
    return ModelProto.toObject(ModelProto.decode(bytes), { longs: Number }) as Model;
  } catch (error) {
    throw new RunError(`${file}: is no ONNX model (${messageOf(error)})`);
  }
}

function describe({ name = '', type }: ValueInfo): string {
  const dims = type?.tensor_type?.shape?.dim ?? [];
  return `${name} [${dims.map(({ dim_value }) => String(dim_value ?? '?')).join(', ')}]`;
}
