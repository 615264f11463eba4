/** Summarizes an ONNX file. */
import { messageOf, RunError } from '../../../errors.ts';
import { oneLine, shortened } from '../../../wording.ts';
import {
  bytesOfInitializer,
  type ExternalFile,
  externalFilesOf,
  type InitializerFields,
} from './initializers.ts';
import { ModelProto } from './schema.ts';

export interface OnnxSummary {
  readonly producer: string;
  /** The version of the standard operators. 0 if the file does not state one. */
  readonly opset: number;
  /** The versions of other sets of operators, by domain. */
  readonly otherOpsets: Readonly<Record<string, number>>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The number of nodes by operator, the most frequent first. */
  readonly operators: readonly (readonly [operator: string, count: number])[];
  /** The number of bytes of all constants, including those in other files. */
  readonly initializerBytes: number;
  /** The other files that contain constants, and what is wrong with them. */
  readonly externalFiles: readonly ExternalFile[];
}

export interface ValueInfo {
  readonly name?: string;
  readonly type?: {
    readonly tensor_type?: {
      readonly elem_type?: number;
      readonly shape?: {
        readonly dim?: readonly { readonly dim_value?: unknown; readonly dim_param?: string }[];
      };
    };
  };
}
/** ModelProto as decoded by protobufjs. Fields that are absent from the file are undefined. */
export interface ModelFields {
  readonly producer_name?: string;
  readonly metadata_props?: readonly { readonly key?: string; readonly value?: string }[];
  readonly opset_import?: readonly { readonly domain?: string; readonly version?: unknown }[];
  readonly graph?: {
    readonly node?: readonly { readonly op_type?: string; readonly domain?: string }[];
    readonly input?: readonly ValueInfo[];
    readonly output?: readonly ValueInfo[];
    readonly initializer?: readonly InitializerFields[];
  };
}

/** @param dir the folder of the file, in which external data are looked up
 * @throws RunError when the bytes are not an ONNX model */
export async function summarizeOnnx(file: string, bytes: Uint8Array, dir: string): Promise<OnnxSummary> {
  const { producer_name = '', opset_import = [], graph } = decodeModel(file, bytes);
  if (graph === undefined) throw new RunError(`${file}: not an ONNX model, or damaged: it has no graph`);
  const counts = new Map<string, number>();
  for (const node of graph.node ?? []) {
    const name = operatorName(node);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const initializers = graph.initializer ?? [];
  const opsets = opset_import.map(({ domain = '', version }) => [domain, Number(version ?? 0)] as const);
  return {
    producer: producer_name,
    opset: opsets.find(([domain]) => isStandard(domain))?.[1] ?? 0,
    otherOpsets: Object.fromEntries(opsets.filter(([domain]) => !isStandard(domain))),
    inputs: (graph.input ?? []).map(describe),
    outputs: (graph.output ?? []).map(describe),
    operators: [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)),
    initializerBytes: initializers.reduce((sum, initializer) => sum + bytesOfInitializer(initializer), 0),
    externalFiles: await externalFilesOf(initializers, dir),
  };
}

/** Whether a domain is that of the ONNX standard, which has two names. */
function isStandard(domain: string): boolean {
  return domain === '' || domain === 'ai.onnx';
}

function operatorName({ op_type = '', domain = '' }: { op_type?: string; domain?: string }): string {
  return isStandard(domain) ? op_type : `${domain}.${op_type}`;
}

/** @throws RunError when the bytes are not an ONNX model */
export function decodeModel(file: string, bytes: Uint8Array): ModelFields {
  try {
    return ModelProto.toObject(ModelProto.decode(bytes), { longs: Number }) as ModelFields;
  } catch (error) {
    throw new RunError(`${file}: not an ONNX model, or damaged (${oneLine(shortened(messageOf(error)))})`, {
      cause: error,
    });
  }
}

function describe({ name = '', type }: ValueInfo): string {
  const shape = type?.tensor_type?.shape;
  if (shape === undefined) return `${name} (shape unknown)`;
  const dims = (shape.dim ?? []).map(({ dim_value, dim_param }) => String(dim_value ?? dim_param ?? '?'));
  return `${name} [${dims.join(', ')}]`;
}
