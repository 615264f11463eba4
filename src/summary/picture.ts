/** Images as bytes. */

/** Red, green and blue, each from 0 to 255. */
export type Color = readonly [red: number, green: number, blue: number];

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** 1 for gray, 3 for red, green and blue. */
  readonly channels: 1 | 3;
  /** [H, W, C], each from 0 to 255. */
  readonly data: Uint8Array;
}

/** Returns the color of a pixel. */
export function colorAt({ width, channels, data }: Picture, x: number, y: number): Color {
  const at = (channel: number) => data[(y * width + x) * channels + (channels === 1 ? 0 : channel)] ?? 0;
  return [at(0), at(1), at(2)];
}

/** Makes an image from channel planes, [C, H, W] of 0 … 255, as stored in the records of data sets.
 * @throws RangeError when there are neither one channel nor three */
export function pictureOfPlanes(
  planes: Uint8Array,
  [channels, height, width]: readonly [channels: number, height: number, width: number],
): Picture {
  if (channels !== 1 && channels !== 3)
    throw new RangeError(`a picture must have 1 or 3 channels, found ${channels}`);
  const plane = height * width;
  const data = Uint8Array.from({ length: channels * plane }, (_, i) => {
    return planes[(i % channels) * plane + Math.floor(i / channels)] ?? 0;
  });
  return { width, height, channels, data };
}
