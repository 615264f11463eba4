/** Images as bytes. */

/** Red, green and blue, each from 0 to 255. */
export type Colour = readonly [red: number, green: number, blue: number];

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** 1 for grey, 3 for red, green and blue. */
  readonly channels: 1 | 3;
  /** [H, W, C], each from 0 to 255. */
  readonly data: Uint8Array;
}

/** The colour of a pixel. */
export function colourAt({ width, channels, data }: Picture, x: number, y: number): Colour {
  const at = (channel: number) => data[(y * width + x) * channels + (channels === 1 ? 0 : channel)] ?? 0;
  return [at(0), at(1), at(2)];
}
