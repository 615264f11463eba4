/** Looks a name from a file up in a record. Without this, a tag named `constructor` would find what every object inherits. */
export function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
