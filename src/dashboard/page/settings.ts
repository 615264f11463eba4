/** What differs between the settings of runs. */
import { own } from './own.ts';

interface WithSettings {
  readonly settings: Readonly<Record<string, string>>;
}

/** Returns the names of the settings that do not have the same value in all runs that have settings, in the order of the first
 * run that has them. A setting that only some of these runs have differs too. */
export function differingSettings(runs: readonly WithSettings[]): readonly string[] {
  const all = runs.map(({ settings }) => settings).filter((settings) => Object.keys(settings).length > 0);
  const names = [...new Set(all.flatMap((settings) => Object.keys(settings)))];
  return names.filter((name) => new Set(all.map((settings) => own(settings, name))).size > 1);
}

/** Compares texts as people do: numbers by their value, missing values last. */
export function compareValues(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  const [x, y] = [Number(a), Number(b)];
  if (a !== '' && b !== '' && Number.isFinite(x) && Number.isFinite(y)) return x - y;
  return a.localeCompare(b, 'en', { numeric: true });
}
