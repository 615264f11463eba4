/**
 * Program → program: computes matrix operations and activations in a 16-bit type, and everything else in float32.
 *
 *     before  y = convolution(x, filter)           all float32
 *     after   y = convolution(cast x, cast filter) bfloat16 or float16, with sums in float32
 *
 * A value stays float32 if the update of a variable, the loss or an output depends on it. Convolutions and products read
 * the 16-bit type but write such values as float32. (This is mixed precision with float32 master weights: P. Micikevicius et
 * al., "Mixed Precision Training", ICLR 2018. float16 needs loss scaling, which is part of the graph; bfloat16 does not.)
 * Elementwise calls, pooling and batch normalization keep the type of their operands; statistics, scales and offsets are always
 * float32. Kinds of calls that oneDNN lacks in the 16-bit type on this CPU (`exact`) compute in float32 between casts.
 */
import { mapResults } from '../../graph/results.ts';
import { type CallKind, channelVectors, type PrimitiveRecord, recordOf } from '../../ops/primitive-kinds.ts';
import type { Call, ReducedType, Slot, SlotType } from '../../ops/primitives.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import {
  baseOf,
  type Program,
  type ProgramPass,
  readsOf,
  resultOf,
  stepResults,
  withSlots,
} from './program.ts';

/** How a program computes in a 16-bit type. */
interface Typing {
  readonly type: ReducedType;
  /** What a kind of call does. */
  readonly policyOf: (kind: CallKind) => PrimitiveRecord['reduced'];
}

/** @param exact the kinds of calls that compute in float32 although their records say `follows` */
export function toReduced(type: ReducedType, exact: readonly CallKind[] = []): ProgramPass {
  const policyOf = (kind: CallKind) => (exact.includes(kind) ? 'casts' : recordOf(kind).reduced);
  return (program) => retypeProgram(program, { type, policyOf });
}

function retypeProgram(program: Program, typing: Typing): Program {
  const needed = neededInFloat32(program.calls, stepResults(program), typing);
  const slots = new RetypedSlots(program.constants);
  const calls = program.calls.flatMap((call) => retype(call, needed, slots, typing));
  // Watched calls are retyped after the calls of the step, so that no call of the step reads a cast made for a watched call.
  const exact = neededInFloat32(
    program.watchedCalls,
    new Set([...program.results.watched.values()].map(baseOf)),
    typing,
  );
  const watchedCalls = program.watchedCalls.flatMap((call) => retype(call, exact, slots, typing));
  return {
    ...program,
    calls,
    watchedCalls,
    constants: slots.constants,
    results: mapResults(program.results, (slot) => slots.current(slot)),
  };
}

/** Returns the slots that must stay float32, found by walking through the calls backwards. */
function neededInFloat32(
  calls: readonly Call[],
  results: ReadonlySet<Slot>,
  { policyOf }: Typing,
): ReadonlySet<Slot> {
  const needed = new Set(results);
  for (const call of calls.toReversed()) {
    const policy = policyOf(call.kind);
    const passesOn = policy === 'follows' && needed.has(baseOf(resultOf(call)));
    if (!passesOn && policy !== 'never') continue;
    for (const slot of readsOf(call)) needed.add(baseOf(slot));
  }
  return needed;
}

/** Casts the operands of the call and changes the types of its results. Returns the casts, followed by the call. */
function retype(
  call: Call,
  needed: ReadonlySet<Slot>,
  slots: RetypedSlots,
  { type, policyOf }: Typing,
): readonly Call[] {
  const policy = policyOf(call.kind);
  const isMatrixWork = policy === 'operands';
  const reads = readsOf(call).filter((slot) => slot !== call.reads.workspace);
  const rounded = isMatrixWork || reads.some((slot) => slots.current(slot).type === type);
  const mayRound = !needed.has(baseOf(resultOf(call))) && policy !== 'never' && policy !== 'casts';
  const result = rounded && mayRound ? type : 'float32';
  const operands = isMatrixWork ? type : result;
  const casts: Call[] = [];
  const exact = (['workspace', 'bias', ...channelVectors] as const).map((argument) => call.reads[argument]);
  const written = new Set(Object.values(call.writes));
  const typed = withSlots(call, (slot) => {
    if (written.has(slot)) return slot === resultOf(call) ? slots.define(slot, result) : slot;
    if (exact.includes(slot)) return slots.current(slot);
    return slots.as(slot, operands, (cast) => casts.push(cast));
  });
  return [...casts, typed];
}

/** Maps slots of the original program to their replacements. */
class RetypedSlots {
  readonly constants: Map<Slot, Tensor>;
  readonly #retyped = new Map<Slot, Slot>();
  readonly #casts = new Map<Slot, Slot>();

  constructor(constants: ReadonlyMap<Slot, Tensor>) {
    this.constants = new Map(constants);
  }

  current(slot: Slot): Slot {
    return slot.base === undefined
      ? (this.#retyped.get(slot) ?? slot)
      : withDims(this.current(slot.base), slot);
  }

  define(slot: Slot, type: SlotType): Slot {
    const typed = type === slot.type ? slot : { ...slot, type };
    this.#retyped.set(slot, typed);
    return typed;
  }

  /** Returns the slot in the given type. Adds a cast if necessary. int32 slots are not cast. */
  as(slot: Slot, type: SlotType, addCast: (call: Call) => void): Slot {
    const current = this.current(slot);
    if (current.type === type || current.type === 'int32') return current;
    return withDims(this.#cast(baseOf(current), type, addCast), current);
  }

  #cast(source: Slot, type: SlotType, addCast: (call: Call) => void): Slot {
    const known = this.#casts.get(source);
    if (known !== undefined) return known;
    const cast: Slot = { name: `${source.name} as ${type}`, dims: source.dims, type };
    this.#casts.set(source, cast);
    const constant = this.constants.get(source);
    if (constant !== undefined) {
      this.constants.set(cast, constant);
      return cast;
    }
    addCast({
      op: 'Cast',
      name: cast.name,
      kind: 'copy',
      reads: {},
      writes: { dst: cast },
      parameters: { pieces: [{ source }] },
      postOps: [],
    });
    return cast;
  }
}

/** Returns the slot with the dims of another slot. */
function withDims(slot: Slot, { dims }: Slot): Slot {
  return slot.dims.join() === dims.join() ? slot : { name: slot.name, dims, type: slot.type, base: slot };
}
