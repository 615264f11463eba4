/** Quotes a path for a shell if it would not be a single word. */
export function shellWord(path: string): string {
  return /^[\w./:@%+,=\\-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
