/** Program → plan: layouts, reorders, primitives, with a check after each pass. */
import { assignLayouts } from './assign-layouts.ts';
import { checkProgram } from './check-program.ts';
import { insertReorders } from './insert-reorders.ts';
import { LayoutTable } from './layout-table.ts';
import { makePrimitives } from './make-primitives.ts';
import type { Onednn } from './native/onednn.ts';
import type { Plan } from './plan.ts';
import type { Program } from './program.ts';

/** @throws RunError naming a call that oneDNN does not support */
export function planOf(onednn: Onednn, program: Program): Plan {
  const table = new LayoutTable(onednn);
  const assigned = checkProgram(assignLayouts(program, table, onednn));
  const reordered = checkProgram(insertReorders(table)(assigned));
  return makePrimitives(reordered, table, onednn);
}
