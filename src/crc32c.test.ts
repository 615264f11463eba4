import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskedCrc32c } from './crc32c.ts';

/** The values that `masked_crc32c` of TensorBoard 2.21 computes (compat/tensorflow_stub/pywrap_tensorflow.py). */
const known: readonly { what: string; bytes: Uint8Array; masked: number }[] = [
  { what: 'no bytes', bytes: new Uint8Array(0), masked: 0xa282ead8 },
  { what: 'the digits 1 to 9', bytes: new TextEncoder().encode('123456789'), masked: 0xc78ab0e5 },
  { what: '32 zeros', bytes: new Uint8Array(32), masked: 0x0fd7fffa },
  { what: '32 times 255', bytes: new Uint8Array(32).fill(255), masked: 0xf909b029 },
  { what: '0 to 31', bytes: Uint8Array.from({ length: 32 }, (_, i) => i), masked: 0x951f7892 },
];

for (const { what, bytes, masked } of known) {
  test(`the masked checksum of ${what} is the same as in TensorBoard`, () => {
    assert.equal(maskedCrc32c(bytes), masked);
  });
}
