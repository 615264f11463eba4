/** Recognizes decoded pictures among the arguments of callers. */
import type { Pixels } from '../pictures/decode.ts';

/** Whether a value has the properties of decoded pixels, whichever realm made it. */
export function isPixels(value: unknown): value is Pixels {
  return (
    typeof value === 'object' &&
    value !== null &&
    'data' in value &&
    ArrayBuffer.isView(value.data) &&
    ['width', 'height'].every((name) => Number.isInteger(Reflect.get(value, name)))
  );
}
