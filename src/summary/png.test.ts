import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from 'fast-png';
import { encodeImage } from './png.ts';

for (const channels of [1, 3] as const) {
  test(`an image with ${channels} channels is read back unchanged from its PNG file`, () => {
    const data = Uint8Array.from({ length: 5 * 7 * channels }, (_, i) => (i * 37) % 256);
    const image = encodeImage({ width: 7, height: 5, channels, data });
    assert.deepEqual([image.width, image.height, image.channels], [7, 5, channels]);
    assert.deepEqual([...image.png.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    const decoded = decode(image.png);
    assert.deepEqual([decoded.width, decoded.height, decoded.channels, decoded.depth], [7, 5, channels, 8]);
    assert.deepEqual(Uint8Array.from(decoded.data), data);
  });
}
