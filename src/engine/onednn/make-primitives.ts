/** Program with reorders → plan: makes a primitive for every call and a buffer for every slot. */
import { messageOf, RunError } from '../../errors.ts';
import { mapResults } from '../../graph/results.ts';
import { type NamedArgument, recordOf, type TensorArgument } from '../../ops/primitive-kinds.ts';
import type { Slot } from '../../ops/primitives.ts';
import { sizeOf } from '../../tensor/tensor.ts';
import { exchangePart } from '../exchange.ts';
import { finitePart } from '../finite-check.ts';
import type { LaidOutCall, LaidOutProgram, LaidOutResult, Operand } from './laid-out.ts';
import type { Layout, RowMajorLayouts } from './layout-table.ts';
import { argumentNumbers, elementSize, postOpNumber } from './native/constants.ts';
import type { Handle, Onednn } from './native/onednn.ts';
import type {
  Access,
  Argument,
  Buffer,
  ExchangeStep,
  FiniteStep,
  Located,
  Plan,
  PrimitiveStep,
  Step,
} from './plan.ts';
import { printLaidOutCall } from './print-program.ts';
import { isSmallReorder, teamFor } from './small-work.ts';

/** @throws RunError that describes the call, when a primitive cannot be made */
export function makePrimitives(program: LaidOutProgram, table: RowMajorLayouts, onednn: Onednn): Plan {
  const bufferOf = buffersOf(program);
  const primitive = (call: LaidOutCall) => makePrimitive(call, bufferOf, onednn);
  const step = (call: LaidOutCall): Step => {
    if (call.kind === 'exchange') return makeExchange(call, bufferOf);
    return call.kind === 'finite_check' ? makeFiniteCheck(call, bufferOf) : primitive(call);
  };
  const located = ({ slot, layout }: LaidOutResult): Located => {
    return { buffer: bufferOf(slot), layout, rowMajor: table.rowMajor(layout) };
  };
  const homes = (slots: ReadonlyMap<string, Slot>) =>
    new Map(
      [...slots].map(([name, slot]) => [name, located({ slot, layout: homeOf(program, slot) })] as const),
    );
  return {
    setup: program.setup.map(primitive),
    steps: program.calls.map(step),
    constants: new Map([...program.constants].map(([slot, value]) => [bufferOf(slot), value])),
    inputs: homes(program.inputs),
    variables: homes(program.variables),
    results: mapResults(program.results, located),
  };
}

type BufferOf = (slot: Slot) => Buffer;

/** Makes one buffer for each slot with its own memory, and returns a function that finds the buffer of a slot. */
function buffersOf(program: LaidOutProgram): BufferOf {
  const { inputs, variables, constants, setup, homes } = program;
  const persistent = new Set([
    ...[...inputs.values(), ...variables.values(), ...constants.keys()],
    ...setup.flatMap(({ writes }) => writes.map(({ slot }) => slot)),
  ]);
  const buffers = new Map(
    [...homes].map(
      ([slot, { bytes }]) => [slot, { name: slot.name, bytes, persistent: persistent.has(slot) }] as const,
    ),
  );
  return (slot) => {
    const buffer = buffers.get(slot);
    if (buffer === undefined) throw new TypeError(`${slot.name} has no memory`);
    return buffer;
  };
}

function homeOf({ homes }: LaidOutProgram, slot: Slot): Layout {
  const layout = homes.get(slot);
  if (layout === undefined) throw new TypeError(`${slot.name} has no layout`);
  return layout;
}

function makeExchange(call: LaidOutCall, bufferOf: BufferOf): ExchangeStep {
  const access = ({ slot }: Operand) => ({ buffer: bufferOf(slot), elements: sizeOf(slot.dims) });
  const { op, name, action, fused, inPlace, small, watched, reads, writes } = call;
  return {
    ...{ op, name, text: `${name}: ${action}`, fused, inPlace, small, watched },
    ...{
      moves: false,
      primitive: 'exchange',
      implementation: exchangePart.code,
      reads: reads.map(access),
      writes: writes.map(access),
    },
  };
}

function makeFiniteCheck(call: LaidOutCall, bufferOf: BufferOf): FiniteStep {
  const { op, name, action, fused, inPlace, small, watched, reads } = call;
  return {
    ...{ op, name, text: `${name}: ${action}`, fused, inPlace, small, watched },
    ...{ moves: false, primitive: 'finite_check', implementation: finitePart.code, writes: [] },
    reads: reads.map(({ slot }): Access => ({ buffer: bufferOf(slot) })),
  };
}

function makePrimitive(call: LaidOutCall, bufferOf: BufferOf, onednn: Onednn): PrimitiveStep {
  const { op, name, fused, inPlace, small, watched } = call;
  const text = printLaidOutCall(call);
  const argument = (operand: Operand): Argument => ({
    number: numberOf(operand.argument, onednn),
    buffer: bufferOf(operand.slot),
    descriptor: operand.descriptor,
    offset: (operand.part?.offset ?? 0) * elementSize[operand.layout.type],
  });
  const about = { op, name, text, fused, inPlace, small, watched, moves: call.kind === 'reorder' };
  return finishStep(
    { ...about, reads: takenReads(call, onednn).map(argument), writes: call.writes.map(argument) },
    call.primitive,
    onednn,
  );
}

/** Returns those operands of a call that this version of the library accepts. */
function takenReads({ kind, reads }: LaidOutCall, { library }: Onednn): readonly Operand[] {
  const { onlyV2 = [] } = kind === 'reorder' ? {} : recordOf(kind);
  const omitted: readonly Operand['argument'][] = library.major >= 3 ? onlyV2 : [];
  return reads.filter(({ argument }) => !omitted.includes(argument));
}

function numberOf(argument: Operand['argument'], { library }: Onednn): number {
  if (typeof argument === 'number') return postOpNumber(argument, library.major);
  if (isTensorArgument(argument)) return argumentNumbers[argument];
  throw new TypeError(`a primitive has no argument ${argument}`);
}

function isTensorArgument(argument: TensorArgument | NamedArgument): argument is TensorArgument {
  return argument in argumentNumbers;
}

/** Makes a reorder that is not part of the program: to or from the staging buffer, or for an update that cannot be written
 * in place. */
export function makeReorder(
  onednn: Onednn,
  op: string,
  name: string,
  from: Stored,
  to: Stored,
): PrimitiveStep {
  const argument = (number: number, { buffer, layout }: Stored): Argument => {
    return { number, buffer, descriptor: layout.descriptor, offset: 0 };
  };
  const text = `${name}: reorder(src: ${from.buffer.name} ${from.layout.text}) → ${to.buffer.name} ${to.layout.text}`;
  const reads = [argument(argumentNumbers.src, from)];
  const writes = [argument(argumentNumbers.dst, to)];
  const small = isSmallReorder(from.buffer.bytes);
  return finishStep(
    { op, name, text, fused: [], reads, writes, small, inPlace: false, watched: false, moves: true },
    undefined,
    onednn,
  );
}

type Stored = Pick<Located, 'buffer' | 'layout'>;
type Unfinished = Omit<PrimitiveStep, 'primitive' | 'implementation' | 'scratchpad'>;

/** Makes the primitive of a step.
 * @param known the primitive descriptor; undefined for a reorder
 * @throws RunError that describes the call, when oneDNN does not support it */
function finishStep(step: Unfinished, known: Handle | undefined, onednn: Onednn): PrimitiveStep {
  const [from, to] = [step.reads[0]?.descriptor ?? 0n, step.writes[0]?.descriptor ?? 0n];
  try {
    onednn.setTeam(teamFor(step.small));
    const descriptor = known ?? onednn.reorderDescriptor(from, to);
    return {
      ...step,
      primitive: onednn.primitive(descriptor),
      implementation: onednn.implementation(descriptor),
      scratchpad: onednn.layout(descriptor, 'scratchpad'),
    };
  } catch (error) {
    throw new RunError(
      `oneDNN ${onednn.library.version} does not support ${step.text}: ${messageOf(error)}`,
      { cause: error },
    );
  }
}
