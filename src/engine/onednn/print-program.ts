/** Prints programs with layouts, one call per line, for errors and golden tests. */
import { resultEntries } from '../../graph/results.ts';
import type { Slot } from '../../ops/primitives.ts';
import type { LaidOutCall, LaidOutProgram, Operand } from './laid-out.ts';
import type { Layout } from './layout-table.ts';

/** Prints a call:
 * `dense: matmul(src: x float32 [2, 16] row-major, weights: w float32 [16, 4] row-major) → y float32 [2, 4] row-major`. */
export function printLaidOutCall({ name, action, reads, writes, watched }: LaidOutCall): string {
  const work = `${watched ? 'watched ' : ''}${name}: ${action}(${reads.map(printOperand).join(', ')})`;
  return writes.length === 0 ? work : `${work} → ${writes.map(printResult).join(', ')}`;
}

export function printProgram(program: LaidOutProgram): string {
  const home = (slot: Slot) => printLayout(program.homes.get(slot));
  const named = (role: string, slots: ReadonlyMap<string, Slot>) =>
    [...slots].map(([name, slot]) => `${role} ${name} → ${home(slot)}`);
  return [
    `program ${program.name}, ${program.stage}`,
    ...named('input', program.inputs),
    ...named('variable', program.variables),
    ...[...program.constants.keys()].map((slot) => `${slot.name} → ${home(slot)}`),
    ...program.setup.map((call) => `setup ${printLaidOutCall(call)}`),
    ...[...program.calls, ...program.watchedCalls].map(printLaidOutCall),
    ...resultEntries(program.results).map(
      ([role, name, { slot, layout }]) => `${role} ${name} = ${slot.name} ${printLayout(layout)}`,
    ),
    '',
  ].join('\n');
}

function printOperand(operand: Operand): string {
  const { argument } = operand;
  return `${typeof argument === 'number' ? `post-op ${argument}` : argument}: ${printResult(operand)}`;
}

function printResult({ slot, layout, part }: Operand): string {
  const cut = part === undefined ? '' : `, ${part.size} elements from ${part.offset}`;
  return `${slot.name} ${printLayout(layout)}${cut}`;
}

function printLayout(layout: Layout | undefined): string {
  return layout === undefined ? 'no layout' : `${layout.type} [${layout.dims.join(', ')}] ${layout.text}`;
}
