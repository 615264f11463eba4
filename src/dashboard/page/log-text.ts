/** The console log as text. */

/** Removes what only terminals understand: colors, and what a line overwrote with a carriage return. */
export function plainLog(text: string): string {
  // The escape sequences of ECMA-48: ESC [ parameters, and a final byte.
  const start = String.fromCharCode(27);
  const plain = text.replaceAll(new RegExp(`${start}\\[[0-9;?]*[ -/]*[@-~]`, 'g'), '');
  return plain
    .replaceAll('\r\n', '\n')
    .split('\n')
    .map((line) => line.slice(line.lastIndexOf('\r') + 1))
    .join('\n');
}

/** Returns the lines that contain a text, ignoring case, and at most the last `most` of them. */
export function chosenLines(text: string, filter: string, most: number): readonly string[] {
  const wanted = filter.toLowerCase();
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.filter((line) => line.toLowerCase().includes(wanted)).slice(-most);
}
