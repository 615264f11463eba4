/** The command `cifar10 doctor`: passes the flags to `diagnose`, and prints the findings and the table of the engines. */
import { diagnose } from '../../doctor/doctor.ts';
import { capabilityTable } from '../capability-table.ts';
import type { DoctorFlags } from '../flag-table.ts';
import { inFlags } from '../option-flags.ts';
import type { CommandContext, Outcome } from './context.ts';

/** Checks the machine. Returns `failed` if something is missing or training does not work. */
export async function doctorCommand({ flags, console }: CommandContext<DoctorFlags>): Promise<Outcome> {
  let works = true;
  for await (const event of diagnose(flags)) {
    if (event.kind === 'busy') {
      console.progress(() => event.what);
      continue;
    }
    console.progress(undefined);
    if (event.kind === 'capabilities') {
      console.result(`\n${capabilityTable(event.rows, console.columns())}`, event);
      continue;
    }
    const finding = { ...event, subject: inFlags(event.subject), text: inFlags(event.text) };
    const { verdict, subject, text } = finding;
    works &&= verdict !== 'missing';
    console.result(`${verdict.padEnd(7)}  ${subject}: ${text}`, finding);
  }
  return works ? 'done' : 'failed';
}
