import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RandomStream } from '../../tensor/random.ts';
import { imageBytes as imageBytesOf } from '../record.ts';
import { drawExample } from './draw.ts';
import { circle, shapes } from './shapes.ts';

const imageSize = 32;
const imageBytes = imageBytesOf([3, imageSize, imageSize]);
const plane = imageSize ** 2;

/** Makes an image with the shape, and the same image without the shape. */
function withAndWithout(label: number, index: number): readonly [Uint8Array, Uint8Array] {
  const stream = (): RandomStream => new RandomStream(7, 'drawing', label, index);
  return [drawExample(shapes[label] ?? circle, stream()), drawExample(() => 100, stream())];
}

function changedPixels([shown, empty]: readonly [Uint8Array, Uint8Array]): readonly number[] {
  return Array.from({ length: plane }, (_, pixel) => pixel).filter((pixel) =>
    [0, 1, 2].some((channel) => shown[channel * plane + pixel] !== empty[channel * plane + pixel]),
  );
}

function inEveryCrop(pixel: number): boolean {
  const [x, y] = [pixel % imageSize, Math.floor(pixel / imageSize)];
  return x >= 8 && x < 24 && y >= 8 && y < 24;
}

test('the same stream draws the same image, and another stream draws another', () => {
  const draw = (index: number): Uint8Array => drawExample(circle, new RandomStream(0, 'drawing', 0, index));
  assert.equal(draw(3).length, imageBytes);
  assert.deepEqual(draw(3), draw(3));
  assert.notDeepEqual(draw(3), draw(4));
});

test('a shape covers a part of the image, and every crop of 24 × 24 contains more than a third of the shape', () => {
  for (const label of shapes.keys()) {
    for (let index = 0; index < 20; index++) {
      const changed = changedPixels(withAndWithout(label, index));
      assert.ok(
        changed.length > 30 && changed.length < plane / 2,
        `shape ${label}: ${changed.length} pixels`,
      );
      const kept = changed.filter(inEveryCrop).length / changed.length;
      assert.ok(kept > 1 / 3, `shape ${label}, image ${index}: ${kept} of it is in every crop`);
    }
  }
});

test('a shape differs from its background in brightness', () => {
  for (let index = 0; index < 50; index++) {
    const [shown, empty] = withAndWithout(0, index);
    const changed = changedPixels([shown, empty]);
    const brightness = (image: Uint8Array): number =>
      changed.reduce((sum, pixel) => {
        const [red = 0, green = 0, blue = 0] = [0, 1, 2].map((channel) => image[channel * plane + pixel]);
        return sum + 0.299 * red + 0.587 * green + 0.114 * blue;
      }, 0) / changed.length;
    assert.ok(Math.abs(brightness(shown) - brightness(empty)) > 25, `image ${index}`);
  }
});
