/** Makes small programs with layouts, so that passes can be tested without the native library. */
import type { LaidOutCall, LaidOutProgram, LaidOutResult, Operand } from '../engine/onednn/laid-out.ts';
import type { Layout, RowMajorLayouts, TensorForm } from '../engine/onednn/layout-table.ts';
import { type Results, resultsOf } from '../graph/results.ts';
import type { Slot } from '../ops/primitives.ts';
import { type Shape, sizeOf } from '../tensor/tensor.ts';

const layouts = new Map<string, Layout>();

/** Returns the layout with the given text. */
export function layout(text: string, { dims, type }: TensorForm): Layout {
  const key = `${type} ${dims.join()} ${text}`;
  const descriptor = BigInt(layouts.size + 1);
  const known = layouts.get(key) ?? { text, dims, type, bytes: 4 * sizeOf(dims), descriptor };
  layouts.set(key, known);
  return known;
}

export const rowMajorLayouts: RowMajorLayouts = { rowMajor: (form) => layout('row-major', form) };

export function slot(name: string, dims: Shape = [2, 16, 4, 4], type: Slot['type'] = 'float32'): Slot {
  return { name, dims, type };
}

export function operand(of: Slot, text = 'row-major', argument: Operand['argument'] = 'src'): Operand {
  const itsLayout = layout(text, of);
  return { argument, slot: of, layout: itsLayout, descriptor: itsLayout.descriptor };
}

/** Returns a call with one result. */
export function call(
  reads: readonly Operand[],
  result: Operand,
  options: Partial<LaidOutCall> = {},
): LaidOutCall {
  const { name } = result.slot;
  const kind = options.kind ?? 'convolution_forward';
  const about = { op: 'Test', name, kind, action: kind, primitive: 1n, fused: [], inPlace: false };
  return {
    ...about,
    small: true,
    watched: false,
    reads,
    writes: [{ ...result, argument: 'dst' }],
    ...options,
  };
}

/** Makes a program in which the home layout of a slot is the one that a call writes. For inputs, variables and constants it is
 * row-major. */
export function program(
  given: Partial<Omit<LaidOutProgram, 'results'>> & { results?: Partial<Results<LaidOutResult>> },
): LaidOutProgram {
  const {
    inputs = new Map<string, Slot>(),
    variables = new Map<string, Slot>(),
    constants = new Map(),
  } = given;
  const calls = [...(given.setup ?? []), ...(given.calls ?? []), ...(given.watchedCalls ?? [])];
  const fed = [...inputs.values(), ...variables.values(), ...constants.keys()];
  return {
    ...{ name: 'small', stage: 'assigned', setup: [], calls: [], watchedCalls: [] },
    ...given,
    ...{ inputs, variables, constants },
    results: resultsOf(given.results ?? {}),
    homes: new Map([
      ...fed.map((one: Slot) => [one, layout('row-major', one)] as const),
      ...calls.flatMap(({ writes }) => writes.map((one) => [one.slot, one.layout] as const)),
      ...(given.homes ?? []),
    ]),
  };
}
