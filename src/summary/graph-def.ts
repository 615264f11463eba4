/** The graph format of TensorBoard: TensorFlow's GraphDef. */
import { GraphError, messageOf, RunError } from '../errors.ts';
import type { Shape } from '../tensor/tensor.ts';
import { GraphDefProto } from './schema.ts';

/** One operator. TensorBoard shows the prefixes of names as expandable scopes: `conv1/weights` is in `conv1`. */
export interface GraphNode {
  readonly name: string;
  /** The kind of operator, such as `Conv2D`. */
  readonly op: string;
  /** The sources of its inputs: `name` is the first output of that node, `name:1` its second. */
  readonly inputs: readonly string[];
  /** The shapes of its outputs, which are shown on the outgoing edges. */
  readonly shapes?: readonly Shape[];
  readonly attributes?: Readonly<Record<string, GraphAttribute>>;
  /** The device, such as `/cpu:0`. TensorBoard can color nodes by device. */
  readonly device?: string;
}

/** The attribute in which TensorFlow stores inferred shapes. TensorBoard looks for them there. */
const shapesKey = '_output_shapes';

export type GraphAttribute = string | number | boolean | readonly number[];

/** Encodes a GraphDef.
 * @throws GraphError when a name is used twice or an input does not exist */
export function encodeGraphDef(nodes: readonly GraphNode[]): Uint8Array {
  requireWhole(nodes);
  return GraphDefProto.encode({ node: nodes.map(nodeDef) }).finish();
}

/** Decodes a GraphDef. Attributes of kinds that we do not support are omitted.
 * @throws RunError when the bytes are not a GraphDef */
export function decodeGraphDef(bytes: Uint8Array): readonly GraphNode[] {
  return nodesOf(bytes).map(({ name = '', op = '', input = [], device, attr = {} }) => {
    const shapes = attr[shapesKey]?.list?.shape?.map(({ dim = [] }) => dim.map(({ size = 0 }) => size));
    const attributes = Object.entries(attr).flatMap(([key, value]) =>
      key === shapesKey ? [] : attributeOf(value).map((attribute) => [key, attribute] as const),
    );
    return {
      ...{ name, op, inputs: input, attributes: Object.fromEntries(attributes) },
      ...(shapes !== undefined && { shapes }),
      ...(device !== undefined && { device }),
    };
  });
}

function requireWhole(nodes: readonly GraphNode[]): void {
  const names = new Set<string>();
  for (const { name } of nodes) {
    if (names.has(name)) throw new GraphError(`graph: two nodes are named ${name}`);
    names.add(name);
  }
  for (const { name, inputs } of nodes) {
    const unknown = inputs.find((input) => !names.has(input.replace(/:\d+$/, '')));
    if (unknown === undefined) continue;
    throw new GraphError(`graph: ${name} reads ${unknown}, but there is no node with that name`);
  }
}

function nodeDef({ name, op, inputs, shapes, attributes = {}, device }: GraphNode): object {
  const attr = Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => [key, attributeValue(value)]),
  );
  return {
    ...{ name, op, input: inputs },
    ...(device !== undefined && { device }),
    attr: { ...attr, ...(shapes !== undefined && { [shapesKey]: shapeList(shapes) }) },
  };
}

function shapeList(shapes: readonly Shape[]): object {
  return { list: { shape: shapes.map((shape) => ({ dim: shape.map((size) => ({ size })) })) } };
}

function attributeValue(value: GraphAttribute): object {
  if (typeof value === 'string') return { s: new TextEncoder().encode(value) };
  if (typeof value === 'boolean') return { b: value };
  if (typeof value === 'number') return Number.isInteger(value) ? { i: value } : { f: value };
  return { list: value.every(Number.isInteger) ? { i: value } : { f: value } };
}

/** Messages as protobufjs returns them: missing fields are undefined, and 64-bit integers are numbers. */
interface NodeFields {
  readonly name?: string;
  readonly op?: string;
  readonly input?: readonly string[];
  readonly device?: string;
  readonly attr?: Readonly<Record<string, AttributeFields>>;
}
interface AttributeFields {
  readonly s?: Uint8Array;
  readonly i?: number;
  readonly f?: number;
  readonly b?: boolean;
  readonly list?: {
    readonly i?: readonly number[];
    readonly f?: readonly number[];
    readonly shape?: readonly { readonly dim?: readonly { readonly size?: number }[] }[];
  };
}

function nodesOf(bytes: Uint8Array): readonly NodeFields[] {
  try {
    return GraphDefProto.toObject(GraphDefProto.decode(bytes), { longs: Number })['node'] ?? [];
  } catch (error) {
    throw new RunError(`a graph in an event file is not a GraphDef: ${messageOf(error)}`, { cause: error });
  }
}

/** Returns a list with the attribute, or an empty list if it is of a kind that we do not support. */
function attributeOf({ s, i, f, b, list }: AttributeFields): readonly GraphAttribute[] {
  const value = (s && new TextDecoder().decode(s)) ?? i ?? f ?? b ?? list?.i ?? list?.f;
  return value === undefined ? [] : [value];
}
