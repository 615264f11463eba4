/**
 * Plan → addresses: decides which buffers share memory, and assigns the offset of each. An update overwrites its variable if
 * the old value is not read afterwards and the update is computed after the exchange and after the check of finite scalars, so that
 * a failed exchange or check leaves the variables unchanged. An elementwise result overwrites an operand that is not read later. All other buffers share memory if
 * their lifetimes do not overlap.
 */
import { planMemory } from './memory-plan.ts';
import type { Access, Buffer, Located, Plan, Step } from './plan.ts';

export interface Placement {
  readonly bytes: number;
  readonly offsetOf: (buffer: Buffer) => number;
  /** The variables whose updates are computed in other memory and copied at the end of the step. */
  readonly copied: readonly string[];
}

export function placeBuffers({
  steps,
  setup,
  inputs,
  variables,
  constants,
  results: { output, exchanged, finite, update: updates, watched },
}: Plan): Placement {
  const uses = usesOf(steps);
  const end = steps.length;
  const wanted = new Set(
    [...output.values(), ...exchanged.values(), ...finite.values(), ...watched.values()].map(
      ({ buffer }) => buffer,
    ),
  );
  const merged = new Map<Buffer, Buffer>();
  const rootOf = (buffer: Buffer): Buffer => {
    const next = merged.get(buffer);
    return next === undefined ? buffer : rootOf(next);
  };
  const copied: string[] = [];
  for (const [name, update] of updates) {
    const variable = variables.get(name);
    if (variable !== undefined && mayReplace(variable, update, steps, uses) && !merged.has(update.buffer)) {
      merged.set(update.buffer, variable.buffer);
    } else {
      copied.push(name);
      wanted.add(update.buffer);
    }
  }
  reuseOperands(steps, uses, wanted, merged, rootOf);

  const lifetimes = new Map<Buffer, { bytes: number; first: number; last: number }>();
  const extend = (buffer: Buffer, first: number, last: number) => {
    const root = rootOf(buffer);
    const known = lifetimes.get(root) ?? { bytes: root.bytes, first, last };
    const always = root.persistent;
    lifetimes.set(root, {
      bytes: root.bytes,
      first: always ? 0 : Math.min(known.first, first),
      last: always ? end : Math.max(known.last, last),
    });
  };
  for (const [buffer, { first, last }] of uses) extend(buffer, first, wanted.has(buffer) ? end : last);
  for (const { reads, writes } of setup)
    for (const { buffer } of [...reads, ...writes]) extend(buffer, 0, end);
  const persistent = [
    ...inputs.values(),
    ...variables.values(),
    ...output.values(),
    ...exchanged.values(),
    ...finite.values(),
  ].map(({ buffer }) => buffer);
  for (const buffer of [...persistent, ...constants.keys()]) extend(buffer, 0, end);
  const { offsets, bytes } = planMemory(lifetimes);
  return {
    bytes,
    offsetOf: (buffer) => {
      const offset = offsets.get(rootOf(buffer));
      if (offset === undefined) throw new TypeError(`${buffer.name} has no address`);
      return offset;
    },
    copied,
  };
}

interface Use {
  readonly first: number;
  readonly last: number;
}

/** Returns the first and the last step that use each buffer. */
function usesOf(steps: readonly Step[]): ReadonlyMap<Buffer, Use> {
  const uses = new Map<Buffer, Use>();
  steps.forEach(({ reads, writes }, index) => {
    for (const { buffer } of [...reads, ...writes]) {
      uses.set(buffer, { first: uses.get(buffer)?.first ?? index, last: index });
    }
  });
  return uses;
}

const touches = (list: readonly Access[], buffer: Buffer) => list.some((access) => access.buffer === buffer);

/** Whether the update may overwrite the variable: it is computed after the steps that may keep the variables unchanged, and no later
 * step reads the old value. */
function mayReplace(
  variable: Located,
  update: Located,
  steps: readonly Step[],
  uses: ReadonlyMap<Buffer, Use>,
): boolean {
  if (
    update.buffer.persistent ||
    update.buffer.bytes !== variable.buffer.bytes ||
    update.layout !== variable.layout
  )
    return false;
  const written = uses.get(update.buffer)?.first ?? 0;
  const maker = steps[written];
  if (maker === undefined || (touches(maker.reads, variable.buffer) && !maker.inPlace)) return false;
  const isEarly = steps
    .slice(written)
    .some(({ primitive }) => primitive === 'exchange' || primitive === 'finite_check');
  return !isEarly && !steps.slice(written + 1).some(({ reads }) => touches(reads, variable.buffer));
}

/** Lets the results of elementwise steps take the memory of operands that no later step reads. */
function reuseOperands(
  steps: readonly Step[],
  uses: ReadonlyMap<Buffer, Use>,
  wanted: ReadonlySet<Buffer>,
  merged: Map<Buffer, Buffer>,
  rootOf: (buffer: Buffer) => Buffer,
): void {
  steps.forEach(({ inPlace, reads, writes }, index) => {
    const taken = new Set<Buffer>();
    for (const [position, { buffer: result }] of writes.entries()) {
      if (!inPlace || result.persistent || merged.has(result)) continue;
      const operands: readonly Access[] = writes.length === 1 ? reads : reads.slice(position, position + 1);
      const dying = operands.find(({ buffer }) => {
        const isLastUse =
          uses.get(buffer)?.last === index && !wanted.has(buffer) && !rootOf(buffer).persistent;
        return isLastUse && buffer.bytes === result.bytes && buffer !== result && !taken.has(buffer);
      });
      if (dying === undefined) continue;
      merged.set(result, dying.buffer);
      taken.add(dying.buffer);
    }
  });
}
