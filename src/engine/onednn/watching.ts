/**
 * Program → program: what watched steps run besides. The step itself is fused as if nobody watched; a value that is gone
 * for it is computed once more, by the calls that made it before they were fused, from what there still is.
 *
 *     graph    g = matmul(x, dy);  w' = sub(w, mul(g, rate))      watch g
 *     step     w' = matmul(x, dy) + mul rate + sub                watching: g = matmul(x, dy)
 */
import type { Call, Slot } from '../../ops/primitives.ts';
import { type Program, withSlots, writesOf } from './program.ts';

/** @param fused the step, made of `whole` by passes that keep the slots of what they do not fold away
 * @param whole every call, also of what is only watched */
export function withWatching(fused: Program, whole: Program): Program {
  const there = new Set(fused.calls.flatMap(writesOf));
  const makers = new Map(whole.calls.flatMap((call) => writesOf(call).map((slot) => [slot, call] as const)));
  const changing = new Set([...fused.results.update.keys()].map((name) => fused.variables.get(name)));
  const again = new Map<Slot, Slot>();
  const watching: Call[] = [];
  const now = (slot: Slot): Slot => {
    if (slot.base !== undefined) return { ...slot, base: now(slot.base) };
    const maker = makers.get(slot);
    if (!again.has(slot) && changing.has(slot)) watching.push(putAside(slot, fresh(slot)));
    else if (!again.has(slot) && maker !== undefined && !there.has(slot)) watching.push(remade(maker));
    return again.get(slot) ?? slot;
  };
  const fresh = (slot: Slot): Slot => {
    const copy = { ...slot, name: `${slot.name} watched` };
    again.set(slot, copy);
    return copy;
  };
  const remade = (maker: Call): Call => {
    const written = new Set(writesOf(maker));
    const read = withSlots(maker, (slot) => (written.has(slot) ? slot : now(slot)));
    return withSlots(read, (slot) => (written.has(slot) ? fresh(slot) : slot));
  };
  // A variable that is watched itself is copied at once, when it is shown.
  const shown = (slot: Slot) => (changing.has(slot) ? slot : now(slot));
  const watched = new Map([...whole.results.watched].map(([name, slot]) => [name, shown(slot)] as const));
  return { ...fused, watching, results: { ...fused.results, watched } };
}

/** A copy of a variable before the step. Whoever read the variable itself late would keep its new value from taking its
 * place. */
function putAside(variable: Slot, copy: Slot): Call {
  const parameters = { pieces: [{ source: variable }] };
  const { name } = variable;
  return { op: 'Watch', name, kind: 'copy', reads: {}, writes: { dst: copy }, parameters, postOps: [] };
}
