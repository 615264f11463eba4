/**
 * Program → program: adds a call that ends the step before all updates if a scalar is not finite, and moves the calls that only
 * updates need after it. Everything that a step returns is computed before the check, and so is what comes before an exchange.
 *
 *     before  g = f(x);  v' = sub(v, g);  s = sum(g)                              finite s
 *     after   g = f(x);  s = sum(g);  finite_check(s);  v' = sub(v, g)
 */
import type { Call } from '../../ops/primitives.ts';
import { finitePart } from '../finite-check.ts';
import { baseOf, type Program, type ProgramPass, readsOf, writesOf } from './program.ts';

export const scheduleFiniteCheck: ProgramPass = (program) => {
  const { calls, results } = program;
  if (results.finite.size === 0) return program;
  const updates = updatesOnly(program);
  const check: Call = {
    ...{ op: finitePart.op, name: finitePart.name, kind: 'finite_check' },
    reads: Object.fromEntries([...results.finite].map(([name, slot]) => [`finite ${name}`, slot])),
    ...{ writes: {}, parameters: {}, postOps: [] },
  };
  return {
    ...program,
    calls: [
      ...calls.filter((call) => !updates.has(call)),
      check,
      ...calls.filter((call) => updates.has(call)),
    ],
  };
};

/** Returns the calls after the exchange, if there is one, that a step needs only to update variables. */
function updatesOnly({ calls, watchedCalls, results }: Program): ReadonlySet<Call> {
  const { output, finite, watched } = results;
  const needed = new Set(
    [...[...output.values(), ...finite.values(), ...watched.values()], ...watchedCalls.flatMap(readsOf)].map(
      baseOf,
    ),
  );
  const found = new Set<Call>();
  for (const call of calls.toReversed()) {
    if (call.kind === 'exchange') break;
    if (writesOf(call).some((slot) => needed.has(slot)))
      for (const slot of readsOf(call)) needed.add(baseOf(slot));
    else found.add(call);
  }
  return found;
}
