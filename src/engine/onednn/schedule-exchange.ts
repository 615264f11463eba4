/**
 * Program → program: moves calls that do not depend on the exchange before it, and calls that compute updates of variables
 * after it. The other sessions therefore wait as little as possible, and a failed exchange leaves the variables unchanged.
 *
 *     before  exchange(g) → average;  a = mul(rate, 2);  v' = sub(v, average)
 *     after   a = mul(rate, 2);  exchange(g) → average;  v' = sub(v, average)
 */
import type { Call, Slot } from '../../ops/primitives.ts';
import { baseOf, type Program, type ProgramPass, readsOf, writesOf } from './program.ts';

export const scheduleExchange: ProgramPass = (program) => {
  const exchange = program.calls.find(({ kind }) => kind === 'exchange');
  if (exchange === undefined) return program;
  const after = dependentsOf(exchange, program);
  for (const call of updatesOnly(after, exchange, program)) after.add(call);
  const others = program.calls.filter((call) => call !== exchange);
  const calls = [
    ...others.filter((call) => !after.has(call)),
    exchange,
    ...others.filter((call) => after.has(call)),
  ];
  return { ...program, calls };
};

/** The calls that read a result of the given call, directly or through other calls. */
function dependentsOf(call: Call, { calls }: Program): Set<Call> {
  const reached = new Set<Slot>(writesOf(call));
  const found = new Set<Call>();
  for (const one of calls) {
    if (!readsOf(one).some((slot) => reached.has(baseOf(slot)))) continue;
    found.add(one);
    for (const slot of writesOf(one)) reached.add(slot);
  }
  return found;
}

/** The other calls that compute an update and that neither the exchange nor a call before it needs. */
function updatesOnly(after: ReadonlySet<Call>, exchange: Call, { calls, results }: Program): readonly Call[] {
  const updates = new Set([...results.update.values()].map(baseOf));
  const needed = new Set(readsOf(exchange).map(baseOf));
  return calls.toReversed().filter((call) => {
    if (after.has(call) || call === exchange) return false;
    const written = writesOf(call);
    if (written.some((slot) => updates.has(slot)) && !written.some((slot) => needed.has(slot))) return true;
    for (const slot of readsOf(call)) needed.add(baseOf(slot));
    return false;
  });
}
