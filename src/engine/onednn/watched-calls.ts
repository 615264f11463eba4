/**
 * Program → program: adds the calls that only watched steps run. Watched values do not affect how the step is fused. If
 * fusion removed a watched value, its original calls recompute it from values that the step still has.
 *
 *     graph    g = matmul(x, dy);  w' = sub(w, mul(g, rate))      watch g
 *     step     w' = matmul(x, dy) + mul rate + sub                watchedCalls: g = matmul(x, dy)
 */
import type { Call, Slot } from '../../ops/primitives.ts';
import { type Program, withSlots, writesOf } from './program.ts';

/** @param fused the result of passes on `whole` that remove slots but do not change the slots they keep
 * @param whole all calls, including those that only watched values need */
export function addWatchedCalls(fused: Program, whole: Program): Program {
  const computed = new Set(fused.calls.flatMap(writesOf));
  const makers = new Map(whole.calls.flatMap((call) => writesOf(call).map((slot) => [slot, call] as const)));
  const changing = new Set([...fused.results.update.keys()].map((name) => fused.variables.get(name)));
  const copies = new Map<Slot, Slot>();
  const watchedCalls: Call[] = [];
  const available = (slot: Slot): Slot => {
    if (slot.base !== undefined) return { ...slot, base: available(slot.base) };
    const maker = makers.get(slot);
    if (!copies.has(slot) && changing.has(slot)) watchedCalls.push(copyBefore(slot, fresh(slot)));
    else if (!copies.has(slot) && maker !== undefined && !computed.has(slot))
      watchedCalls.push(recomputed(maker));
    return copies.get(slot) ?? slot;
  };
  const fresh = (slot: Slot): Slot => {
    const copy = { ...slot, name: `${slot.name} watched` };
    copies.set(slot, copy);
    return copy;
  };
  const recomputed = (maker: Call): Call => {
    const written = new Set(writesOf(maker));
    const read = withSlots(maker, (slot) => (written.has(slot) ? slot : available(slot)));
    return withSlots(read, (slot) => (written.has(slot) ? fresh(slot) : slot));
  };
  // Watched variables need no call, because `insertReorders` copies them at the start of the step anyway.
  const sourceOf = (slot: Slot) => (changing.has(slot) ? slot : available(slot));
  const watched = new Map([...whole.results.watched].map(([name, slot]) => [name, sourceOf(slot)] as const));
  return { ...fused, watchedCalls, results: { ...fused.results, watched } };
}

/** Returns a call that copies a variable before the step. If a watched call read the variable later instead, the update of the
 * variable could not be written in place. */
function copyBefore(variable: Slot, copy: Slot): Call {
  const parameters = { pieces: [{ source: variable }] };
  const { name } = variable;
  return { op: 'Watch', name, kind: 'copy', reads: {}, writes: { dst: copy }, parameters, postOps: [] };
}
