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
  const again = new Map<Slot, Slot>();
  const watching: Call[] = [];
  const now = (slot: Slot): Slot => {
    if (slot.base !== undefined) return { ...slot, base: now(slot.base) };
    const maker = makers.get(slot);
    if (maker === undefined || there.has(slot)) return slot;
    if (!again.has(slot)) watching.push(remade(maker));
    return again.get(slot) ?? slot;
  };
  const remade = (maker: Call): Call => {
    const written = new Set(writesOf(maker));
    const read = withSlots(maker, (slot) => (written.has(slot) ? slot : now(slot)));
    for (const slot of written) again.set(slot, { ...slot, name: `${slot.name} watched` });
    return withSlots(read, (slot) => (written.has(slot) ? (again.get(slot) ?? slot) : slot));
  };
  const watched = new Map([...whole.watched].map(([name, slot]) => [name, now(slot)] as const));
  return { ...fused, watching, watched };
}
