/** A path as it may be typed into a shell: quoted where it would not be one word. */
export function shellWord(path: string): string {
  return /^[\w./:@%+,=\\-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
