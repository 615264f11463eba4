/**
 * Program → program: the calls that only watched steps run. Watched values do not affect how the step is fused; one that
 * fusing removed is computed again, by the calls that computed it before, from values that the step still has.
 *
 *     graph    g = matmul(x, dy);  w' = sub(w, mul(g, rate))      watch g
 *     step     w' = matmul(x, dy) + mul rate + sub                watching: g = matmul(x, dy)
 */
import type { Call, Slot } from '../../ops/primitives.ts';
import { type Program, withSlots, writesOf } from './program.ts';

/** @param fused the step: `whole` after passes that keep the slots they do not remove
 * @param whole every call, including those of values that are only watched */
export function withWatching(fused: Program, whole: Program): Program {
  const computed = new Set(fused.calls.flatMap(writesOf));
  const makers = new Map(whole.calls.flatMap((call) => writesOf(call).map((slot) => [slot, call] as const)));
  const changing = new Set([...fused.results.update.keys()].map((name) => fused.variables.get(name)));
  const again = new Map<Slot, Slot>();
  const watching: Call[] = [];
  const available = (slot: Slot): Slot => {
    if (slot.base !== undefined) return { ...slot, base: available(slot.base) };
    const maker = makers.get(slot);
    if (!again.has(slot) && changing.has(slot)) watching.push(copyBefore(slot, fresh(slot)));
    else if (!again.has(slot) && maker !== undefined && !computed.has(slot)) watching.push(recomputed(maker));
    return again.get(slot) ?? slot;
  };
  const fresh = (slot: Slot): Slot => {
    const copy = { ...slot, name: `${slot.name} watched` };
    again.set(slot, copy);
    return copy;
  };
  const recomputed = (maker: Call): Call => {
    const written = new Set(writesOf(maker));
    const read = withSlots(maker, (slot) => (written.has(slot) ? slot : available(slot)));
    return withSlots(read, (slot) => (written.has(slot) ? fresh(slot) : slot));
  };
  // A watched variable is copied at the start of the step anyway.
  const shownAs = (slot: Slot) => (changing.has(slot) ? slot : available(slot));
  const watched = new Map([...whole.results.watched].map(([name, slot]) => [name, shownAs(slot)] as const));
  return { ...fused, watching, results: { ...fused.results, watched } };
}

/** A copy of a variable before the step. A late reader of the variable itself would keep its update from being written in
 * place. */
function copyBefore(variable: Slot, copy: Slot): Call {
  const parameters = { pieces: [{ source: variable }] };
  const { name } = variable;
  return { op: 'Watch', name, kind: 'copy', reads: {}, writes: { dst: copy }, parameters, postOps: [] };
}
