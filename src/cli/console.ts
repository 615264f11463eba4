/** The only file that prints. Results and progress go to standard output, complaints to standard error. */

export interface Console {
  /** A line of the result or of the progress. */
  line(text: string): void;
  /** Something that went otherwise than asked, though the run goes on. */
  warn(text: string): void;
  /** Why the run fails. */
  error(text: string): void;
}

export const console_: Console = {
  line: (text) => console.log(text),
  warn: (text) => console.warn(`warning: ${text}`),
  error: (text) => console.error(text),
};

const twoDigits = (value: number) => String(value).padStart(2, '0');

/** Local time as Python prints it, for the tutorial's lines: `2026-11-23 19:00:00.123456`. */
export function timestamp(millisSince1970: number = performance.timeOrigin + performance.now()): string {
  const micros = Math.floor((millisSince1970 % 1000) * 1000);
  const at = new Date(millisSince1970);
  const date = [at.getFullYear(), twoDigits(at.getMonth() + 1), twoDigits(at.getDate())].join('-');
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join(':');
  return `${date} ${time}.${String(micros).padStart(6, '0')}`;
}

/** `42 s`, `12 min 5 s`, `3 h 2 min`. */
export function duration(millis: number): string {
  const seconds = Math.round(millis / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
