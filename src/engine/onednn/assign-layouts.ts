/**
 * Program → program with layouts: assigns the home layout of every tensor, and the layouts in which each call reads its
 * operands and writes its results. oneDNN reports these layouts through primitive descriptors, which are stored in the calls.
 */
import { mapResults } from '../../graph/results.ts';
import { type NamedArgument, recordOf, type TensorArgument } from '../../ops/primitive-kinds.ts';
import type { Call, Slot, Slots } from '../../ops/primitives.ts';
import { chooseForWatchedCall, chooseLayouts, isBias, type LayoutContext } from './choose-layouts.ts';
import { type CopyContext, layOutCopy } from './copies.ts';
import { describeCall } from './describe.ts';
import type { LaidOutCall, LaidOutProgram, LaidOutResult, Operand } from './laid-out.ts';
import { LayoutClasses } from './layout-classes.ts';
import type { Layout, LayoutTable } from './layout-table.ts';
import type { Handle, Onednn } from './native/onednn.ts';
import { actionOf, baseOf, type Program, readsOf, resultOf, writesOf } from './program.ts';
import { isSmall, teamFor } from './small-work.ts';
import { isVectorWork } from './vector-work.ts';

/** @throws RunError that describes the call, when oneDNN does not support a call */
export function assignLayouts(program: Program, table: LayoutTable, onednn: Onednn): LaidOutProgram {
  const classes = new LayoutClasses(program, table);
  const context = { onednn, table, classes, inputs: new Set(program.inputs.values()) };
  const chosen = chooseLayouts(program, context);
  const assigner = new Assigner(program, context);
  const calls = program.calls.map((call) => assigner.layOut(call, chosen.get(call), false));
  // Watched calls do not influence layouts: their operands keep the layouts they have, and their results are row-major.
  for (const slot of program.watchedCalls.flatMap(writesOf)) classes.assign(slot, table.rowMajor(slot));
  const watchedCalls = program.watchedCalls.map((call) =>
    assigner.layOut(call, chooseForWatchedCall(call, context), true),
  );
  const { name, inputs, variables, constants } = program;
  return {
    ...{ name, stage: 'assigned', inputs, variables, constants, calls, watchedCalls, setup: [] },
    homes: assigner.homes(),
    results: mapResults(program.results, (slot, _, role): LaidOutResult => {
      if (role === 'update') return { slot, layout: classes.of(slot) };
      if (role !== 'watched') return { slot, layout: table.rowMajor(slot) };
      const type = slot.type === 'int32' ? 'int32' : 'float32';
      return { slot, layout: table.rowMajor({ dims: slot.dims, type }) };
    }),
  };
}

class Assigner {
  readonly #program: Program;
  readonly #context: LayoutContext;
  /** The layouts of workspaces. The primitives determine them. */
  readonly #workspaces = new Map<Slot, Layout>();

  constructor(program: Program, context: LayoutContext) {
    this.#program = program;
    this.#context = context;
  }

  layOut(call: Call, chosen: Handle | undefined, watched: boolean): LaidOutCall {
    const small = isSmall(call);
    const { op, name, kind, fused = [] } = call;
    const inPlace = recordOf(kind).elementwise;
    const about = { op, name, kind, action: actionOf(call), fused, inPlace, small, watched };
    if (kind === 'copy')
      return { ...about, primitive: undefined, ...layOutCopy(call, this.#copyContext(watched)) };
    if (kind === 'exchange' || kind === 'finite_check')
      return { ...about, primitive: undefined, ...this.#rowMajorOperands(call) };
    this.#context.onednn.setTeam(teamFor(small));
    const vectors = isVectorWork(call);
    const primitive = chosen ?? this.#describe(call, vectors);
    const operand = (argument: string, slot: Slot) =>
      this.#operand(call, primitive, vectors, argument as TensorArgument, slot);
    return {
      ...about,
      primitive,
      reads: [
        ...Object.entries(call.reads).map(([argument, slot]) => operand(argument, slot)),
        ...this.#postOpOperands(call, vectors),
      ],
      writes: Object.entries(call.writes).map(([argument, slot]) => operand(argument, slot)),
    };
  }

  #rowMajorOperands({ reads, writes }: Call): Pick<LaidOutCall, 'reads' | 'writes'> {
    const operands = (slots: Slots) =>
      Object.entries(slots).map(([argument, slot]): Operand => {
        const layout = this.#context.table.rowMajor(slot);
        return { argument: argument as NamedArgument, slot, layout, descriptor: layout.descriptor };
      });
    return { reads: operands(reads), writes: operands(writes) };
  }

  homes(): ReadonlyMap<Slot, Layout> {
    const { inputs, variables, constants, calls, watchedCalls } = this.#program;
    const used = [...calls, ...watchedCalls].flatMap((call) => [...readsOf(call), ...writesOf(call)]);
    const slots = [...inputs.values(), ...variables.values(), ...constants.keys(), ...used.map(baseOf)];
    return new Map(slots.map((slot) => [slot, this.#home(slot)]));
  }

  #home(slot: Slot): Layout {
    const { classes } = this.#context;
    return this.#program.constants.has(slot)
      ? this.#stored(slot)
      : (this.#workspaces.get(slot) ?? classes.of(slot));
  }

  /** Constants are stored in row-major order, and never in a 16-bit type. */
  #stored({ dims, type }: Slot): Layout {
    return this.#context.table.rowMajor({ dims, type: type === 'int32' ? type : 'float32' });
  }

  #copyContext(watched: boolean): CopyContext {
    const { table, classes } = this.#context;
    return {
      watched,
      table,
      wanted: (slot: Slot) => classes.of(slot),
      home: (slot: Slot) => this.#home(slot),
    };
  }

  #describe(call: Call, vectors: boolean): Handle {
    const { onednn, table } = this.#context;
    return describeCall(onednn, call, (slot) => {
      if (vectors) return table.vector(this.#inVectors(call, slot));
      const free = call.parameters.follows && slot === call.reads.weights;
      return free ? table.any(slot) : this.#descriptorIn(call, slot);
    });
  }

  #operand(call: Call, primitive: Handle, vectors: boolean, argument: TensorArgument, slot: Slot): Operand {
    const { onednn, table, classes } = this.#context;
    if (vectors) {
      const layout = this.#inVectors(call, slot);
      return { argument, slot, layout, descriptor: table.vector(layout) };
    }
    const wanted = this.#wanted(call, slot);
    const hasOne = hasOneLayout(argument, slot);
    // oneDNN chose no layouts for this call. The call uses the descriptors from which it was created.
    if (!hasOne && !choosesLayouts(call) && !isTransposed(call, argument))
      return { argument, slot, layout: wanted, descriptor: this.#descriptorIn(call, slot) };
    const own = onednn.layout(primitive, argument);
    const descriptor = own ?? wanted.descriptor;
    if (argument === 'workspace')
      return { argument, slot, layout: this.#workspace(slot, descriptor), descriptor };
    if (hasOne) return { argument, slot, layout: classes.of(slot), descriptor };
    const chosen = own !== undefined && choosesLayouts(call) ? table.of(own, wanted) : wanted;
    return { argument, slot, layout: chosen, descriptor };
  }

  /** Returns the descriptor of a slot in a call: that of the wanted layout. Results of pooling with one cell per channel, [N, C, 1, 1],
   * are the same memory in row-major order and in the order [N, H, W, C], so oneDNN considers these layouts equal. But for
   * images in the order [N, H, W, C], it only has fast code if the descriptor of the result has the strides of that order. */
  #descriptorIn(call: Call, slot: Slot): Handle {
    const { table } = this.#context;
    const wanted = this.#wanted(call, slot);
    const images = call.reads.src ?? call.writes.diffSrc;
    const isPool = call.kind === 'pooling_forward' || call.kind === 'pooling_backward';
    if (!isPool || images === undefined || slot === images) return wanted.descriptor;
    const isAmbiguous = isOneCell(slot) && !isOneCell(images) && wanted === table.rowMajor(slot);
    return isAmbiguous && table.isChannelsLast(this.#wanted(call, images))
      ? table.describeChannelsLast(slot)
      : wanted.descriptor;
  }

  #workspace(slot: Slot, descriptor: Handle): Layout {
    const known =
      this.#workspaces.get(slot) ?? this.#context.table.of(descriptor, this.#context.table.rowMajor(slot));
    this.#workspaces.set(slot, known);
    return known;
  }

  #postOpOperands(call: Call, vectors: boolean): readonly Operand[] {
    return call.postOps.flatMap((postOp, argument): readonly Operand[] => {
      if (!('operand' in postOp)) return [];
      const slot = postOp.operand;
      const layout = vectors ? this.#inVectors(call, slot) : this.#wanted(call, slot);
      const descriptor = vectors ? this.#context.table.vector(layout) : layout.descriptor;
      return [{ argument, slot, layout, descriptor }];
    });
  }

  /** Returns the layout of a slot in a call whose tensors are described as vectors. */
  #inVectors(call: Call, slot: Slot): Layout {
    return slot.dims.length <= 2 ? this.#context.classes.of(slot) : this.#wanted(call, slot);
  }

  /** Returns the layout in which a call should use a slot. A call with a shared layout takes every full-size operand in the
   * layout of its result. The gradient of average pooling takes its operand in the layout of the forward call's result, because
   * average pooling has no workspace that would determine a layout. */
  #wanted(call: Call, slot: Slot): Layout {
    const result = resultOf(call);
    const { classes } = this.#context;
    if (slot === call.reads.diffDst && call.parameters.pooling === 'poolingAverage')
      return classes.ofPooled(call) ?? classes.of(slot);
    const whole = slot.dims.join() === result.dims.join() && slot.type === result.type;
    return classes.of(whole && recordOf(call.kind).choosesLayouts === 'shared' ? result : slot);
  }
}

/** Whether images [N, C, H, W] have one cell per channel. */
function isOneCell({ dims }: Slot): boolean {
  return dims.slice(2).every((size) => size === 1);
}

/** Whether oneDNN chooses the layouts of a call's operands and results. */
function choosesLayouts({ kind }: Call): boolean {
  return recordOf(kind).choosesLayouts === 'all';
}

/** Whether a call reads an operand through a descriptor of its transpose. */
function isTransposed({ parameters }: Call, argument: TensorArgument): boolean {
  return parameters.transposed?.some((name) => name === argument) ?? false;
}

/** Whether a slot has only one layout, whatever dims and strides primitives use for it. Matrices, biases and workspaces do. */
function hasOneLayout(argument: TensorArgument, slot: Slot): boolean {
  return isBias(argument) || argument === 'workspace' || slot.dims.length <= 2;
}
